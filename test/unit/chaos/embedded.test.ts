/** The embedded database after kills at any write, also in its first start, and with files that are damaged. */

import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { idsInStore, killEmbedded, runStoreProcess } from '../../../scripts/chaos/embedded.ts'
import { createRandom } from '../../../scripts/chaos/random.ts'

const seed = Math.floor(Math.random() * 1e9)

test(`ten kills, two of them while the database is made: what was accepted is there, with its job (seed ${seed})`, async () => {
  const result = await killEmbedded({ kills: 10, firstStarts: 2, random: createRandom(seed), say: () => {} })
  expect(result).toMatchObject({ kills: 10, lost: 0, withoutJob: 0, refused: 0, details: [] })
  expect(result.accepted).toBeGreaterThan(0)
})

/** Making one writes these files at these writes; a kill between them left one that could never be opened. */
test.each([966, 967, 968, 970, 972])(
  'a kill at write %i of its making leaves none, and the next start makes it',
  async (at) => {
    const directory = place()
    expect((await runStoreProcess([directory, '--kill-at-write', String(at)])).killed).toBe(true)
    expect(readdirSync(directory)).not.toContain('pglite')
    expect(await runStoreProcess([directory, '--deliveries', '1'])).toMatchObject({
      said: '',
      accepted: [expect.any(String)],
    })
  },
)

test.each([
  ['EIO', 'Check the disk'],
  ['ENOSPC', 'Make room on the disk'],
])('a write of its making that fails with %s is named, and the next start makes it', async (code, advice) => {
  const directory = place()
  const { said } = await runStoreProcess([directory, '--fail-write', `${code}:200`])
  expect(said).toContain(`a call to one of its files failed (${code})`)
  expect(said).toContain(advice)
  expect((await runStoreProcess([directory, '--deliveries', '1'])).said).toBe('')
})

let killed = ''
let accepted: string[] = []
beforeAll(async () => {
  killed = mkdtempSync(join(tmpdir(), 'tutti-damage-'))
  accepted = [
    ...(await runStoreProcess([killed, '--deliveries', '3'])).accepted,
    ...(await runStoreProcess([killed, '--deliveries', '400', '--kill-at-write', '450'])).accepted,
  ]
  return () => rmSync(killed, { recursive: true, force: true })
})

function place(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-damage-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** The newest file of the write-ahead log, and where its last record ends. */
function endOfLog(pglite: string) {
  const [name = ''] = readdirSync(join(pglite, 'pg_wal'))
    .filter((one) => /^[0-9A-F]{24}$/.test(one))
    .toSorted()
    .toReversed()
  const file = join(pglite, 'pg_wal', name)
  const bytes = readFileSync(file)
  return { file, bytes, end: bytes.findLastIndex((byte) => byte !== 0) + 1 }
}

const bearable: [string, (pglite: string) => void][] = [
  [
    'the last record of its log is cut off',
    (pglite) => {
      const { file, end } = endOfLog(pglite)
      truncateSync(file, end - 40)
    },
  ],
  [
    'the end of its log is garbage',
    (pglite) => {
      const { file, bytes, end } = endOfLog(pglite)
      writeFileSync(file, bytes.fill(7, end - 60, end + 100))
    },
  ],
  ['the process file of a dead process is empty', (pglite) => writeFileSync(join(pglite, 'postmaster.pid'), '')],
]

test.each(bearable)('%s: it opens, and of what was accepted one page of the log is gone at most', async (_, damage) => {
  expect(accepted.length).toBeGreaterThan(30)
  const directory = place()
  cpSync(killed, directory, { recursive: true })
  damage(join(directory, 'pglite'))
  expect(await runStoreProcess([directory])).toEqual({ killed: false, accepted: [], said: '' })
  const { rows, jobs } = await idsInStore(directory)
  // A page of 8 kB holds what was written about some twenty.
  expect(accepted.slice(0, -25).filter((id) => !rows.has(id))).toEqual([])
  expect([...rows].filter((id) => !jobs.has(id))).toEqual([])
})

// Each takes the time that is waited for a process that stands still.
test.each(['EIO:200', 'ENOSPC:240+'])(
  'writes fail with %s: nothing is accepted that is not there, and the next start goes on once the disk is well',
  async (failure) => {
    const directory = place()
    const before = (await runStoreProcess([directory, '--deliveries', '3'])).accepted
    // PGlite does not come back from a write that fails: the process stands still. One that serves is watched, this one is not.
    const failed = await runStoreProcess([directory, '--deliveries', '400', '--fail-write', failure], {
      patienceMs: 8_000,
    })
    expect(failed.accepted.length).toBeLessThan(400)
    expect((await runStoreProcess([directory, '--deliveries', '1'])).said).toBe('')
    const { rows, jobs } = await idsInStore(directory)
    expect([...before, ...failed.accepted].filter((id) => !rows.has(id))).toEqual([])
    expect([...rows].filter((id) => !jobs.has(id))).toEqual([])
  },
)

/** Every file of it with the digest of its content. */
function filesOf(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name)
      return [path, createHash('sha256').update(readFileSync(path)).digest('hex')]
    }),
  )
}

const damaged: [string, (pglite: string) => void][] = [
  ['PG_VERSION is missing', (pglite) => rmSync(join(pglite, 'PG_VERSION'))],
  ['its control file is empty', (pglite) => writeFileSync(join(pglite, 'global', 'pg_control'), '')],
  ['its write-ahead log is gone', (pglite) => rmSync(join(pglite, 'pg_wal'), { recursive: true })],
]

test.each(damaged)('%s: refused in one line with what to do, and every file is kept', async (_, damage) => {
  const directory = place()
  cpSync(killed, directory, { recursive: true })
  damage(join(directory, 'pglite'))
  const before = filesOf(directory)
  const { said } = await runStoreProcess([directory, '--deliveries', '1'])
  const [message, hint, ...more] = said.trim().split('\n')
  expect(message).toMatch(/^cannot open the embedded database in \S+: its files are damaged \(.+\)$/)
  expect(hint).toContain('The directory is kept as it is. Restore a backup')
  expect(more).toEqual([])
  const after = filesOf(directory)
  const bookkeeping = /tutti\.lock$|postmaster\.(pid|opts)$/
  const changed = Object.keys(before).filter((path) => !bookkeeping.test(path) && before[path] !== after[path])
  expect(changed).toEqual([])
})
