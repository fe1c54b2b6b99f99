import { expect, test } from 'vitest'
import { isDiskFull, waitsUntil } from '../../../src/lib/errors.ts'

const coded = (code: string) => Object.assign(new Error('refused'), { code })

test.each([
  ['of the system', coded('ENOSPC'), true],
  ['a quota', coded('EDQUOT'), true],
  ['below another error', new Error('the clone could not be made', { cause: coded('ENOSPC') }), true],
  ['of git', new Error('fatal: write error: No space left on device'), true],
  ['something else', coded('EACCES'), false],
  ['no error', 'ENOSPC', false],
])('%s: %o', (_, error, expected) => {
  expect(isDiskFull(error)).toBe(expected)
  expect(waitsUntil(error) !== undefined).toBe(expected)
})
