/** The demo's timeline tells why work goes back in few words, out of the sentence that people read on the issue. */

import { expect, test, vi } from 'vitest'
import { plannedAgain, triedAgain } from '../../../src/messages/runs.ts'
import { openTimeline } from '../../../src/playground/demo/timeline.ts'

const failed = { planning: false, attempt: 1, outcome: 'gates failed', summary: 'command: **tests** failed' }
const refused = { ...failed, outcome: 'refused the task', summary: 'It says: No page.' }

test.each([
  ['checking', 'ready', triedAgain(failed, 'with context'), '#3 did not pass: gates failed. command: tests failed.'],
  ['running', 'planning', plannedAgain(refused, 'it is'), '#3 is planned again: refused the task. It says: No page.'],
])('%s → %s', (from, to, why, line) => {
  const print = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  const timeline = openTimeline({ quiet: false, live: false, total: 1, counts: () => '' })
  timeline.hear({ level: 30, time: 0, msg: '', issue: 3, from, to, why })
  timeline.close()
  const said = print.mock.calls.map(([text]) => String(text)).join('')
  print.mockRestore()
  expect(said.replace(/^ *[\d.]+ s tutti +/, '').trimEnd()).toBe(line)
})
