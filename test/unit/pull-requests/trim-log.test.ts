/** What is kept of a long log: the command, the first error, the end. */

import { expect, test } from 'vitest'
import { trimLog } from '../../../src/pull-requests/ci/trim-log.ts'

const noise = (count: number, text = 'ok') => Array.from({ length: count }, (_, index) => `${text} ${index}`)

test('GitHub Actions: the command, the first error, and the end of the failing step', () => {
  const lines = [
    ...['##[group]Run npm ci', ...noise(300, 'installed'), '##[endgroup]'],
    ...['##[group]Run npm test', '##[endgroup]', ...noise(200, 'passed, 0 errors')],
    ...['not ok 201 - adds', '  expected 3', '  received 4', '', 'at math.js:1', '', ...noise(400)],
    ...['##[error]Process completed with exit code 1.', 'Post job cleanup.', 'error: from tidying up'],
  ]
  const log = lines.map((line) => `2026-11-01T10:00:00.1234567Z ${line}`).join('\r\n')
  const text = trimLog(log, 8_000)
  expect(text).toMatch(/^##\[group\]Run npm test\n…\n/)
  expect(text).toContain('not ok 201 - adds\n  expected 3\n  received 4\n\nat math.js:1\n…\n')
  expect(text).toMatch(/ok 399\n##\[error\]Process completed with exit code 1\.$/)
  expect(text).not.toMatch(/installed|Post job|tidying|2026-|\r/)
})

test('without any error the end is kept; a short log is kept whole', () => {
  expect(trimLog(noise(100).join('\n'), 8_000)).toBe(`…\n${noise(100).slice(-25).join('\n')}`)
  expect(trimLog('one\ntwo\n\n', 8_000)).toBe('one\ntwo')
  expect(trimLog('', 8_000)).toBe('')
})

test('colours, control characters and what was drawn over are removed', () => {
  expect(trimLog('\u001b[31mred\u001b[0m\u0007\n10 %\r50 %\r100 %', 8_000)).toBe('red\n100 %')
})

test.each([500, 2_000, 8_000])('never more than %i characters, however long the lines', (limit) => {
  const long = 'error '.repeat(5_000)
  const log = ['$ make', ...noise(50, long), ...noise(50, long), 'the end'].join('\n')
  const text = trimLog(log, limit)
  expect(text.length).toBeLessThanOrEqual(limit)
  expect(text.endsWith('the end')).toBe(true)
  expect(text.startsWith('$ make')).toBe(true)
})
