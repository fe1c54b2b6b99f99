import { expect, test } from 'vitest'
import { codeBlock, redactor, sanitiseMarkdown, withinLimit } from '../../../src/lib/sanitise.ts'
import { firstCharacters, lastCharacters, truncate } from '../../../src/lib/sanitise-text.ts'

test.each<[string, string, RegExp, RegExp | undefined]>([
  ['mentions no one', 'ask @maintainer and (@org/team)', /@<!-- -->maintainer.*@<!-- -->org\/team/, /@[a-z]/],
  ['leaves mail addresses', 'write to a@b.example', /a@b\.example/, undefined],
  [
    'closes no issue',
    'Fixes #12, closes owner/repo#3 and resolves: #4',
    /Fixes #<!-- -->12/,
    /(?:Fixes|repo|resolves: )#\d/,
  ],
  ['loads no image', '![pixel](https://evil.example/p.png?d=1)', /^pixel$/, /evil/],
  ['links nowhere else', '[docs](https://evil.example)', /docs \(`https:\/\/evil\.example`\)/, /\]\(/],
  ['makes no link of an address', 'see https://evil.example/x', /`https:\/\/evil\.example\/x`/, undefined],
  ['has no HTML', '<img src=x> <script>1</script> a < b', /a < b/, /<(?:img|script|\/script)/],
  ['hides nothing in comments', 'a <!-- tutti:status:1 --> b', /&lt;!--/, /<!-- tutti/],
  ['gives no command', '/merge\n  /queue', /\\\/merge\n\s*\\\/queue/, /^\s*\/\w/m],
  ['drops control and bidi characters', 'a\u0000b\u202ec\u200bd', /^abcd$/, undefined],
])('agent text %s', (_, text, expected, never) => {
  const safe = sanitiseMarkdown(text)
  expect(safe).toMatch(expected)
  if (never) expect(safe).not.toMatch(never)
})

test('long text is truncated with a note; a body never exceeds the limit', () => {
  expect(sanitiseMarkdown('x'.repeat(5_000), 100)).toMatch(/^x{100}\n… \(4900 more characters\)$/)
  expect(withinLimit('x'.repeat(70_000)).length).toBeLessThanOrEqual(65_536)
})

test('program output cannot end its block', () => {
  const block = codeBlock('a\n````\n# not a heading\n```')
  expect(block.startsWith('`````text\n')).toBe(true)
  expect(block.endsWith('\n`````')).toBe(true)
})

test('known secrets are removed in every documented encoding, unknown tokens by their format', () => {
  const secret = 'ghs_1234_eyJhbGciOiJSUzI1NiJ9.payload.signature-part'
  const redact = redactor(() => [secret])
  const bytes = Buffer.from(secret)
  const forms = [
    secret,
    [...secret].reverse().join(''),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    encodeURIComponent(secret),
  ]
  for (const form of forms) expect(redact(`before ${form} after`), form).not.toContain(form)
  expect(redact(`token ghp_${'a'.repeat(36)}.`)).toBe('token [redacted].')
  const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----'
  expect(redact(pem)).toBe('[redacted]')
})

test('a cut never leaves half of a character, wherever it falls', () => {
  const text = 'ab😀cd🚀'
  for (let max = 1; max <= text.length + 1; max++) {
    for (const part of [firstCharacters(text, max), lastCharacters(text, max), truncate(text, max)]) {
      expect(part.isWellFormed()).toBe(true)
      expect(part.length).toBeLessThanOrEqual(max)
      expect(part.length).toBeGreaterThanOrEqual(Math.min(max, text.length) - 2)
    }
    expect(text.startsWith(firstCharacters(text, max))).toBe(true)
    expect(text.endsWith(lastCharacters(text, max))).toBe(true)
  }
  for (let limit = 1; limit < 10; limit++) expect(sanitiseMarkdown('😀'.repeat(9), limit).isWellFormed()).toBe(true)
})
