/** A real sandbox for tests; undefined where this machine has none, with the reason printed once. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts'

/** The small caps keep a test from using up the machine that it runs on. */
export const smallCaps = { memoryBytes: 512 * 2 ** 20, processes: 200, fileBytes: 64 * 2 ** 20 }

/** Opens one with small caps. @param more of the operator's options. */
export function realSandbox(more: Partial<SandboxOptions> = {}): Sandbox | undefined {
  const dataDirectory = more.dataDirectory ?? mkdtempSync(join(tmpdir(), 'tutti-sandbox-'))
  process.once('exit', () => rmSync(dataDirectory, { recursive: true, force: true }))
  const sandbox = openSandbox({
    mode: 'auto',
    dataDirectory,
    hidden: [],
    hosts: [],
    readable: [],
    writable: [],
    limits: smallCaps,
    diskBytes: 2 ** 30,
    env: { PATH: process.env.PATH ?? '' },
    ...more,
  })
  if (sandbox.status.on) return sandbox
  console.warn(`tests of the sandbox are skipped: ${sandbox.status.why}`)
  return undefined
}
