/** The page of an item says what is so now. */

import { expect, test } from 'vitest'
import { decisionNow } from '../../../src/messages/dashboard-item.ts'

test.each([
  ['#1 starts now: finishing it frees the most work.', 'ready', '#1 starts now: finishing it frees the most work.'],
  [
    '#1 starts now: finishing it frees the most work.',
    'reviewing',
    'It was last started because finishing it frees the most work.',
  ],
  ['#1 waits for a free agent (1 of 1 busy).', 'ready', '#1 waits for a free agent (1 of 1 busy).'],
])('%s, in the state %s', (explanation, state, expected) => {
  expect(decisionNow(explanation, state)).toBe(expected)
})
