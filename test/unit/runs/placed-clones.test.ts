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

function stage(several: boolean, kind = 'postgres') {
  const fetches: (() => Promise<void>)[] = []
  let count = 0
  const clone = {
    fetch: () => {
      count++
      return fetches.shift()?.() ?? Promise.resolve()
    },
  } as unknown as BareClone
  const clones = new PlacedClones({
    store: { kind } as never,
    log: { warn: () => {} },
    clones: { of: async () => clone },
    several: async () => several,
  })
  return { clones, clone, fetches, count: () => count }
}

test('alone, nothing is fetched; on an embedded database, a clone is handed out as it is', async () => {
  const embedded = stage(false, 'pglite')
  expect(await embedded.clones.of(row(5))).toBe(embedded.clone)
  const alone = stage(false)
  await alone.clones.of(row(5))
  expect([embedded.count(), alone.count()]).toEqual([0, 0])
})

test('alone, a commit is kept for processes that join, and one that cannot be kept stops nothing', async () => {
  const { clones, clone } = stage(false)
  const packed: string[] = []
  clone.packCommit = async (commit) => {
    packed.push(commit)
    throw new Error('it is larger than 32 MB')
  }
  await (await clones.of(row(5))).share('a'.repeat(40) as never)
  expect(packed).toEqual(['a'.repeat(40)])
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
