/** The log of a run, as processes with another disk see it. */

import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { readTranscript } from '../../../src/dashboard/pages/transcript.ts'
import { addLogPiece, keptLogBytes } from '../../../src/db/run-log-pieces.ts'
import { tailOfLog } from '../../../src/runs/agent-session.ts'
import { LogCopy, openSharedLog } from '../../../src/runs/shared-log.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

async function stage(several = true) {
  const root = mkdtempSync(join(tmpdir(), 'tutti-log-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  mkdirSync(join(root, 'logs'))
  const here = await places.place()
  await here.say('/queue')
  await here.go('ready')
  const run = await here.start()
  const { store } = places
  const redact = (text: string) => text.replaceAll('hunter2', '***')
  const copy = new LogCopy(
    {
      ...{ store, redact, log: pino({ level: 'silent' }), several: async () => several },
      env: { dataDirectory: root, HEARTBEAT_SECONDS: 5 },
    },
    run.id,
  )
  // Another process: its directory has no such file.
  const there = { store, redact, env: { dataDirectory: join(root, 'there') } } as unknown as Parameters<
    typeof readTranscript
  >[0] &
    Parameters<typeof tailOfLog>[0]
  return {
    ...{ run, copy, there, store },
    write: (text: string) => appendFileSync(join(root, 'logs', `run-${run.id}.log`), text),
    shown: async (from?: number) => {
      const { html, next, cut } = await readTranscript(there, String(run.id), from)
      return { text: [...html.matchAll(/<span>([^<]*)<\/span><\/div>/g)].map(([, line]) => line), next, cut }
    },
  }
}

test('lines are there once they are whole, without secrets, and what comes later follows', async () => {
  const { run, write, copy, shown, there } = await stage()
  await copy.copy()
  expect(await shown()).toEqual({ text: [], next: 0, cut: false })
  write('stdout| one\nstdout| the key is hunter2\nstdout| tw')
  await copy.copy()
  const first = await shown()
  expect(first).toMatchObject({ text: ['one', 'the key is ***'], cut: false })
  await copy.copy()
  write('o\0\n')
  await copy.copy()
  expect(await shown(first.next)).toMatchObject({ text: ['two'] })
  expect(await shown()).toMatchObject({ text: ['one', 'the key is ***', 'two'] })
  expect(await tailOfLog(there, run.id)).toBe('stdout| one\nstdout| the key is ***\nstdout| two')
})

test('of a long log the end is kept', async () => {
  const { run, store, there } = await stage()
  const piece = `stdout| ${'x'.repeat(99_990)}\n`
  for (let at = 0; at < 6; at++) await addLogPiece(store, run.id, at * piece.length, piece)
  const log = await openSharedLog(there, run.id)
  expect(log?.end).toBe(6 * piece.length)
  expect((log?.end ?? 0) - (log?.begin ?? 0)).toBeLessThanOrEqual(keptLogBytes)
  expect(log?.begin).toBe(4 * piece.length)
})

test('of what is written between two copies, too, and a process alone copies nothing', async () => {
  const { write, copy, shown } = await stage()
  write(`stdout| lost\n${'y'.repeat(keptLogBytes)}\nstdout| kept\n`)
  await copy.copy()
  const { text } = await shown()
  expect([text.includes('lost'), text.at(-1)]).toEqual([false, 'kept'])
  const alone = await stage(false)
  alone.write('stdout| one\n')
  await alone.copy.copy()
  expect((await alone.shown()).text).toEqual([])
})
