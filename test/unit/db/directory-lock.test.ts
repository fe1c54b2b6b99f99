/** One process at a time has a data directory. */

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { lockDirectory } from '../../../src/db/directory-lock.ts'
import { startTimeOf } from '../../../src/lib/process-table.ts'

const log = pino({ level: 'silent' })

function place() {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-lock-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A process that has the lock, and lives until it is killed. */
function heldBy(directory: string) {
  const child = spawn('sleep', ['60'])
  onTestFinished(() => void child.kill('SIGKILL'))
  const pid = child.pid ?? 0
  writeFileSync(join(directory, 'tutti.lock'), JSON.stringify({ pid, startTime: startTimeOf(pid) }))
  return { pid, kill: () => child.kill('SIGKILL') }
}

test('a live holder is waited for, then named with what to do', async () => {
  const directory = place()
  const { pid } = heldBy(directory)
  const refused = lockDirectory(directory, { waitMs: 300, log })
  await expect(refused).rejects.toThrow(`is in use by another Tutti, process ${pid}`)
  await expect(refused).rejects.toMatchObject({ hint: expect.stringContaining('SHARE_DATA_DIR=true') })
})

test('a restart that overlaps gets the lock when the old process has ended', async () => {
  const directory = place()
  const { kill } = heldBy(directory)
  const waiting = lockDirectory(directory, { waitMs: 60_000, log })
  kill()
  const unlock = await waiting
  await expect(lockDirectory(directory, { waitMs: 0, log })).rejects.toThrow(`process ${process.pid}`)
  unlock()
  ;(await lockDirectory(directory, { waitMs: 0, log }))()
})

test('of a holder in another container only its sign of life counts, not its pid', async () => {
  const directory = place()
  const file = join(directory, 'tutti.lock')
  writeFileSync(file, JSON.stringify({ pid: 1, startTime: 'there', host: 'other' }))
  await expect(lockDirectory(directory, { waitMs: 0, log })).rejects.toThrow('process 1 on other')
  const longAgo = new Date(Date.now() - 31_000)
  utimesSync(file, longAgo, longAgo)
  ;(await lockDirectory(directory, { waitMs: 0, log }))()
})

test('a lock that a crash cut short is none', async () => {
  const directory = place()
  writeFileSync(join(directory, 'tutti.lock'), '{"pid": 1')
  ;(await lockDirectory(directory, { waitMs: 0, log }))()
})
