import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readOperatorFile, writeOperatorFile } from '../../../src/api/operator-file.ts'
import {
  administrates,
  callerOfToken,
  findToken,
  makeToken,
  revokeToken,
  shownTokens,
} from '../../../src/api/tokens.ts'
import { latestEntries } from '../../../src/db/audit-log.ts'
import { type RepositoryRow, saveRepository } from '../../../src/db/repositories.ts'
import { apiTokens } from '../../../src/db/schema/api.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'

let place: TestStore
let app: RepositoryRow
let other: RepositoryRow

beforeAll(async () => {
  place = await openTestStore()
  const facts = { private: true, installationId: 1, cloneUrl: 'https://x/y.git', defaultBranch: 'main' }
  app = await saveRepository(place.store.db, { ...facts, githubId: 1, fullName: 'acme/app' })
  other = await saveRepository(place.store.db, { ...facts, githubId: 2, fullName: 'acme/other' })
})
afterAll(() => place.close())

test('a token is returned once, stored as a hash, and opens the repositories of its scope alone', async () => {
  const { store } = place
  const { secret, token } = await makeToken(store, { name: 'ci', role: 'operate', repositories: ['ACME/app'] }, 'mona')
  expect(secret).toMatch(/^tutti_[\w-]{43}$/)
  expect(token).toMatchObject({ name: 'ci', repositories: ['acme/app'], createdBy: 'mona', lastUsedAt: null })
  expect(JSON.stringify(await store.db.select().from(apiTokens))).not.toContain(secret)
  const found = await findToken(store.db, secret)
  if (!('token' in found)) throw new Error(found.refused)
  const caller = callerOfToken(found.token)
  expect(caller.actor).toEqual({ id: 0, type: 'Token', login: 'token:ci' })
  expect(await caller.permissionIn(app)).toBe('write')
  expect(await caller.permissionIn(other)).toBe('none')
  expect(administrates(found.token)).toBe(false)
  const [entry] = await latestEntries(store.db, app.id, 1)
  expect(entry).toMatchObject({ actor: 'mona', what: 'token made', detail: { token: 'ci', role: 'operate' } })
  expect(await latestEntries(store.db, other.id, 1)).toEqual([])
  expect(await shownTokens(store.db)).toMatchObject([{ name: 'ci', lastUsedAt: expect.any(String) }])
})

test('what opens nothing says why only to who has the secret', async () => {
  const { store } = place
  const { secret } = await makeToken(store, { name: 'old', role: 'read', expiresInDays: 1 }, 'mona')
  await store.db
    .update(apiTokens)
    .set({ expiresAt: new Date(Date.now() - 1) })
    .where(eq(apiTokens.name, 'old'))
  expect(await findToken(store.db, secret)).toEqual({ refused: 'expired' })
  await revokeToken(store, 'old', 'mona')
  await revokeToken(store, 'old', 'mona')
  expect(await findToken(store.db, secret)).toEqual({ refused: 'revoked' })
  expect(await findToken(store.db, `${secret.slice(0, -1)}!`)).toEqual({ refused: 'unknown' })
  expect(await findToken(store.db, `tutti_${'a'.repeat(43)}`)).toEqual({ refused: 'unknown' })
  expect(await findToken(store.db, '')).toEqual({ refused: 'unknown' })
})

test('a token that cannot be made is refused, and the reason says what to do', async () => {
  const { store } = place
  const make = (request: object) => makeToken(store, { name: 'x', role: 'read', ...request }, 'mona')
  await make({ name: 'twice' })
  await expect(make({ name: 'twice' })).rejects.toThrow('There is a token `twice` already')
  await expect(make({ repositories: ['acme/none'] })).rejects.toThrow('no repository `acme/none`')
  await expect(make({ role: 'root' })).rejects.toThrow('role')
  await expect(make({ name: 'operator-1' })).rejects.toThrow('operator-')
  await expect(revokeToken(store, 'never', 'mona')).rejects.toThrow('no token `never`')
})

test('the file of the operator is for its owner alone, and its token dies with the process', async () => {
  const { db } = place.store
  const directory = mkdtempSync(join(tmpdir(), 'tutti-operator-'))
  try {
    const remove = await writeOperatorFile({ db }, directory, 'http://0.0.0.0:3000')
    expect(statSync(join(directory, 'operator.json')).mode & 0o777).toBe(0o600)
    const first = readOperatorFile(directory)
    expect(first?.url).toBe('http://127.0.0.1:3000')
    // The process was killed; the next one starts.
    const removeSecond = await writeOperatorFile({ db }, directory, 'http://127.0.0.1:3001')
    const second = readOperatorFile(directory)
    expect(await findToken(db, first?.token ?? '')).toEqual({ refused: 'unknown' })
    const found = await findToken(db, second?.token ?? '')
    expect('token' in found && administrates(found.token)).toBe(true)
    await remove()
    expect(readOperatorFile(directory)).toEqual(second)
    await removeSecond()
    expect(readOperatorFile(directory)).toBeUndefined()
    expect(await findToken(db, second?.token ?? '')).toEqual({ refused: 'revoked' })
    expect((await shownTokens(db)).map(({ name }) => name)).not.toContainEqual(expect.stringContaining('operator'))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
