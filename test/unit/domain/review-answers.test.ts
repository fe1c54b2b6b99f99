/** Finding what is said to an agent, and what it answers. */

import { expect, test } from 'vitest'
import { addressesApp, readReviewAnswers } from '../../../src/domain/review-answers.ts'

test.each([
  ['@tutti please', true],
  ['Could you, @Tutti?', true],
  ['(@tutti[bot])', true],
  ['first\n\nthen @tutti.', true],
  ['@tutti-helper', false],
  ['mail@tutti', false],
  ['@acme/tutti', false],
  ['`@tutti`', false],
  ['> @tutti please', false],
  ['```\n@tutti\n```', false],
  ['tutti', false],
  ['@@tutti', false],
])('%j addresses it: %s', (body, expected) => {
  expect(addressesApp(body, 'tutti')).toBe(expected)
})

test('answers are taken out of the last message, in the forms that agents write', () => {
  const message = [
    'Shortened the page.',
    '',
    'R1 done: renamed it',
    '- **R2** not done: there is no such field',
    'R3: it is three because of the protocol',
    '* R4: Fixed. Twice.',
    '**R5 done**',
    'R12 left open',
    'R6 done: first',
    'R6 not done: second thoughts',
    'See RFC1 and R1 for more.',
  ].join('\n')
  const { answers, rest } = readReviewAnswers(message)
  expect(Object.fromEntries(answers)).toEqual({
    1: { settled: true, text: 'renamed it' },
    2: { settled: false, text: 'there is no such field' },
    3: { settled: false, text: 'it is three because of the protocol' },
    4: { settled: true, text: 'Twice.' },
    5: { settled: true, text: '' },
    6: { settled: false, text: 'second thoughts' },
    12: { settled: false, text: '' },
  })
  expect(rest).toBe('Shortened the page.\n\nSee RFC1 and R1 for more.')
})
