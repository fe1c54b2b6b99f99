/** House rules that no tool checks. */

import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const exec = promisify(execFile)

async function sources(): Promise<{ path: string; text: string }[]> {
  const names = await readdir('src', { recursive: true })
  const paths = names.filter((name) => name.endsWith('.ts')).map((name) => join('src', name))
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(path, 'utf8') })))
}

test('only config/ reads the environment; the scripted agent is a program of its own', async () => {
  const readers = (await sources()).filter(({ text }) => /\bprocess\.env\b/.test(text.replace(/`process\.env`/g, '')))
  expect(readers.map(({ path }) => path).toSorted()).toEqual(['src/config/env.ts', 'src/playground/agent/main.ts'])
})

/** Who asks the clock of the machine, and why. Everybody else asks `lib/clock.ts`, or `performance.now()` for how long it lasts. */
const ownClock = {
  'src/lib/clock.ts': 'is the clock, and falls back on it',
  'src/sandbox/disk-watch.ts': 'times of files',
  'src/git/spare-trees.ts': 'times of files',
  'src/git/locks.ts': 'times of files',
  'src/db/directory-lock.ts': 'times of files',
  'src/runs/set-up/dependency-cache.ts': 'times of files',
  'src/db/backup/dump.ts': 'a command beside the service',
}

test('one clock for all processes: nobody else asks that of the machine', async () => {
  const asking = (await sources())
    .filter(({ path }) => !/^src\/(?:playground|cli)\//.test(path))
    .filter(({ text }) => /new Date\(\)|\bDate\.now\b/.test(text))
  expect(asking.map(({ path }) => path).toSorted()).toEqual(Object.keys(ownClock).toSorted())
})

test('the migrations say what the schema says', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tutti-drizzle-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await cp('drizzle', directory, { recursive: true })
  const before = await readdir(directory)
  // drizzle-kit takes no absolute path there, fails, and ends with 0 all the same.
  const out = relative('.', directory)
  const args = ['generate', '--dialect', 'postgresql', '--schema', './src/db/schema/*.ts', '--out', out]
  const { stdout } = await exec('node_modules/.bin/drizzle-kit', args)
  expect(stdout).toContain('No schema changes')
  expect(await readdir(directory)).toEqual(before)
})
