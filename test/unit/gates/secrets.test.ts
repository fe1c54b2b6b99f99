/** The gate that lets no secret leave. */

import { describe, expect, test } from 'vitest'
import type { GateContext } from '../../../src/gates/gate.ts'
import { gate } from '../../../src/gates/secrets.ts'
import { UserError } from '../../../src/lib/errors.ts'
import { change, contextFor } from '../../support/gate-context.ts'

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

describe('a binary file', () => {
  const bytes = String.fromCharCode(...Array.from({ length: 4_000 }, (_, n) => (n * 167 + (n >> 3)) % 256))
  const utf16 = [...`key = "${token}"`].map((letter) => `${letter}\0`).join('')
  const binary = (content: string | UserError, allow: string[] = []) =>
    judge(
      '',
      {
        changes: [change('assets/app.bin', { binary: true }), change('gone.bin', { binary: true, status: 'D' })],
        readFile: async (_, path) => {
          if (path === 'gone.bin') throw new Error('what is taken out is not read')
          if (content instanceof UserError) throw content
          return content
        },
      },
      allow,
    )

  test.each([
    ['between its bytes', `${bytes}\0\0${token}\0${bytes}`],
    ['as UTF-16', `\uFFFD\uFFFD${utf16}`],
  ])('is searched: %s', async (_, content) => {
    const judged = await binary(content)
    expect(judged).toMatchObject({ verdict: 'fail', log: 'assets/app.bin: looks like a secret (GITHUB_TOKEN)' })
    expect(JSON.stringify(judged)).not.toContain(token)
    expect(await binary(content, ['assets/*'])).toMatchObject({ verdict: 'pass' })
  })

  test('without any passes; one too large to be searched does not, unless the settings name it', async () => {
    expect(await binary(bytes.repeat(200))).toMatchObject({ verdict: 'pass' })
    const large = new UserError('`assets/app.bin` has 99999999 bytes; at most 20971520 are read.')
    const judged = await binary(large)
    expect(judged).toMatchObject({ verdict: 'fail', summary: expect.stringContaining('`assets/app.bin`') })
    expect(await binary(large, ['assets/*'])).toMatchObject({ verdict: 'pass' })
  })
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
