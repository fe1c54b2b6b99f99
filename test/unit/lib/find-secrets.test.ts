/** What looks like a secret, and secrets that are known, in pieces and encodings. The values here are made up. */

import { expect, test } from 'vitest'
import { findSecrets, maskSecrets } from '../../../src/lib/find-secrets.ts'
import { linesWithKnownSecret } from '../../../src/lib/known-secrets.ts'

// Put together here, so that no scanner takes this file for a leak.
const github = ['ghp', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'].join('_')
const npm = ['npm', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'].join('_')
const slack = ['xoxb', '123456789012', '1234567890123', 'abcdefghijklmnopqrstuvwx'].join('-')

test.each([
  ['GitHub', `one\ntwo ${github}`, 2, 'GITHUB_TOKEN'],
  ['npm', `//registry.npmjs.org/:_authToken=${npm}`, 1, 'NPM_ACCESS_TOKEN'],
  ['Slack', `\n\n${slack}`, 3, 'SLACK_TOKEN'],
  ['over two lines', `const token = '${github.slice(0, 20)}' +\n  '${github.slice(20)}'`, 1, 'GITHUB_TOKEN'],
  ['over two lines of a shell', `x\nTOKEN=${github.slice(0, 20)}\\\n${github.slice(20)}`, 2, 'GITHUB_TOKEN'],
])('%s', async (_, text, line, what) => {
  expect(await findSecrets(text)).toMatchObject([{ line, what }])
  const masked = await maskSecrets(text)
  expect(masked).toContain('[redacted]')
  for (const value of [github, npm, slack])
    for (const part of [value, value.slice(0, 20), value.slice(-16)]) expect(masked).not.toContain(part)
})

test('digests, addresses and plain prose are none, and stay as they are', async () => {
  const text = `sha256:${'0a'.repeat(32)} \`${'c'.repeat(40)}\` https://example.com/a?b=c 'a' +\n'b'\n<!-- tutti:status:1 -->`
  expect(await findSecrets(text)).toEqual([])
  expect(await maskSecrets(text)).toBe(text)
})

test('a megabyte takes seconds at most, and not hours', async () => {
  const before = process.cpuUsage()
  await findSecrets(`const a = 'b' // some words\n`.repeat(40_000))
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1_000, 'milliseconds').toBeLessThan(10_000)
})

const known = 'correct-horse/battery+staple'

test.each([
  ['plain', `a\nb ${known}`, [2]],
  ['base64', `x: ${Buffer.from(known).toString('base64')}`, [1]],
  ['base64url', Buffer.from(known).toString('base64url'), [1]],
  ['hex', `\n${Buffer.from(known).toString('hex')}`, [2]],
  ['URL', encodeURIComponent(known), [1]],
  ['reversed', [...known].reverse().join(''), [1]],
  ['over two lines', `one\n'${known.slice(0, 9)}' +\n    '${known.slice(9)}'`, [2]],
  [
    'base64 over two lines',
    `-\n-\n${Buffer.from(known).toString('base64').slice(0, 12)}\n${Buffer.from(known).toString('base64').slice(12)}`,
    [3],
  ],
  ['none', 'correct horse battery', []],
])('a known secret: %s', (_, text, lines) => {
  expect(linesWithKnownSecret(text, [known, 'short'])).toEqual(lines)
})
