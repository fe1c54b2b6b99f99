/** What an entry of the audit log is called on the pages. */

import { expect, test } from 'vitest'
import { eventWords } from '../../../src/dashboard/pages/events.ts'

test.each([
  ['running → checking', 'Checking', 'info'],
  ['queued', 'Queued', 'calm'],
  ['worktree removed', 'Worktree removed', 'calm'],
  ['/merge', '/merge', 'accent'],
  ['>>> PHASE 2: API', '>>> PHASE 2: API', 'accent'],
  ['refused /merge', 'refused /merge', 'bad'],
])('%s is %s', (what, words, tone) => {
  expect(eventWords(what)).toEqual({ words, tone })
})
