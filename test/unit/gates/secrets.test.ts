/** The gate that lets no secret leave. */

import { expect, test } from 'vitest'
import type { GateContext } from '../../../src/gates/gate.ts'
import { gate } from '../../../src/gates/secrets.ts'
import { contextFor } from '../../support/gate-context.ts'

const token = ['ghp', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'].join('_')
const adding = (path: string, ...lines: string[]) =>
  [`diff --git a/${path} b/${path}`, '--- /dev/null', `+++ b/${path}`, `@@ -0,0 +1,${lines.length} @@`]
    .concat(lines.map((line) => `+${line}`))
    .join('\n')

const judge = (text: string, more: Partial<GateContext> = {}, allowSecrets: string[] = []) =>
  gate.judge(contextFor({ patch: async () => ({ text, truncated: false }), gates: { allowSecrets }, ...more }))

test('a hit names file and line, and never the value', async () => {
  const judged = await judge(adding('src/a.ts', 'fine', `const t = '${token}'`))
  expect(judged).toMatchObject({ verdict: 'fail', log: 'src/a.ts:2: looks like a secret (GITHUB_TOKEN)' })
  expect(judged.summary).toContain('`src/a.ts:2`')
  expect(JSON.stringify(judged)).not.toContain(token)
})

test('examples may be named in the settings; a secret that is known never may', async () => {
  const patch = adding('test/fixtures/a.ts', token)
  expect(await judge(patch, {}, ['test/fixtures/**'])).toMatchObject({ verdict: 'pass' })
  const known = await judge(patch, { knownSecrets: () => [1] }, ['test/fixtures/**'])
  expect(known).toMatchObject({ verdict: 'fail', log: 'test/fixtures/a.ts:1: a secret that Tutti knows' })
})

test('messages of commits are searched', async () => {
  const judged = await judge(adding('a.ts', 'fine'), { commitMessages: async () => ['Fine', `Use ${token}`] })
  expect(judged.log).toBe('commit message 2:1: looks like a secret (GITHUB_TOKEN)')
})

test('a change of 200 MB is not read as a whole, and does not pass', async () => {
  let asked = 0
  const patch = async (maxBytes: number) => {
    asked = maxBytes
    return { text: adding('big.txt', 'x'), truncated: true }
  }
  expect(await judge('', { patch })).toMatchObject({
    verdict: 'fail',
    summary: expect.stringContaining('larger than 32 MB of text'),
  })
  expect(asked).toBe(32 * 2 ** 20)
})

test('what is taken out is no secret that leaves', async () => {
  expect(await judge(`diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +0,0 @@\n-${token}`)).toMatchObject({
    verdict: 'pass',
  })
})
