/** Clones of several places: which are fetched before they are used, and who asks whether there are others. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { placeOf } from '../../../src/config/data-directory.ts'
import type { RepositoryRow } from '../../../src/db/repositories.ts'
import type { BareClone } from '../../../src/git/bare-clone.ts'
import { PlacedClones, severalPlaces } from '../../../src/runs/placed-clones.ts'

const row = (remoteRevision: number, more: Partial<RepositoryRow> = {}) =>
  ({ id: 1, remoteRevision, fetchedRevision: 9, defaultBranch: 'main', state: 'active', ...more }) as RepositoryRow

function stage(several: boolean) {
  const fetches: (() => Promise<void>)[] = []
  let count = 0
  const clone = {
    fetch: () => {
      count++
      return fetches.shift()?.() ?? Promise.resolve()
    },
  } as unknown as BareClone
  const clones = new PlacedClones({
    store: {} as never,
    clones: { of: async () => clone },
    several: async () => several,
  })
  return { clones, clone, fetches, count: () => count }
}

test('alone, a clone is handed out as it is', async () => {
  const { clones, clone, count } = stage(false)
  expect(await clones.of(row(5))).toBe(clone)
  expect(count()).toBe(0)
})

test('with others, it is fetched once for each revision, whoever has fetched before', async () => {
  const { clones, count } = stage(true)
  await Promise.all([clones.of(row(5)), clones.of(row(5))])
  await clones.of(row(5))
  expect(count()).toBe(1)
  await clones.of(row(6))
  await clones.of(row(5))
  expect(count()).toBe(2)
  await clones.of(row(7, { state: 'gone' }))
  expect(count()).toBe(2)
})

test('a fetch that fails is tried again at the next use', async () => {
  const { clones, fetches, count } = stage(true)
  fetches.push(() => Promise.reject(new Error('the server is away')))
  await expect(clones.of(row(5))).rejects.toThrow('the server is away')
  await clones.of(row(5))
  expect(count()).toBe(2)
})

test('a process with a part of the work knows that there are others without asking', async () => {
  const store = {} as never
  expect(await severalPlaces(store, { place: 'here', whole: false, timeoutMs: 30_000 })()).toBe(true)
})

test('a data directory keeps its name, and no other one has it', () => {
  const [one, other] = [1, 2].map(() => mkdtempSync(join(tmpdir(), 'tutti-place-')))
  onTestFinished(() => {
    for (const path of [one, other]) rmSync(path ?? '', { recursive: true, force: true })
  })
  const name = placeOf({ dataDirectory: one ?? '' })
  expect(name).toMatch(/^[0-9a-f-]{36}$/)
  expect(placeOf({ dataDirectory: one ?? '' })).toBe(name)
  expect(placeOf({ dataDirectory: join(other ?? '', 'new') })).not.toBe(name)
})
