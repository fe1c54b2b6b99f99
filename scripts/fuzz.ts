/**
 * `npm run fuzz -- --for 10m [--seed S]`: random webhooks, comments, settings, plans, roadmaps, Markdown and ACP frames for a
 * time (test/unit/fuzz/). It says how many inputs each has had and how far memory grew; what fails is printed small, with
 * the seed that brings it again.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { readOptions, refuse } from './command-line.ts'

const usage = 'usage: npm run fuzz -- [--for 10m] [--seed S]'
const values = readOptions(usage, {
  for: { type: 'string', default: '10m' },
  seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
})
const time = /^(\d+)(s|m|h)$/.exec(values.for) ?? refuse('--for takes a time like 90s, 10m or 2h', usage)
if (!/^\d{1,10}$/.test(values.seed)) refuse('--seed takes a whole number', usage)
const unitMs = { s: 1_000, m: 60_000, h: 3_600_000 }[time[2] as 's' | 'm' | 'h']
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const child = spawn(process.execPath, [vitest, 'run', '--project', 'unit', '--project', 'database', 'test/unit/fuzz'], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  env: { ...process.env, FUZZ_SEED: values.seed, FUZZ_MS: String(Number(time[1]) * unitMs) },
  stdio: 'inherit',
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill(signal))
const [code] = (await once(child, 'exit')) as [number | null]
process.exitCode = code ?? 1
