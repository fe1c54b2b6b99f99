/** How many attempts the status comment says there were, and how many of them count. */

import { expect, test } from 'vitest'
import { type StatusView, statusComment } from '../../../src/messages/status-comment.ts'

const attempt = (number: number, outcome: string | null, countsAsAttempt = true): StatusView['attempts'][number] => ({
  ...{ attempt: number, agent: 'scripted', memberName: 'Aria', outcome, summary: '', countsAsAttempt },
})

function headOf(view: Partial<StatusView>): string | undefined {
  const text = statusComment({
    ...{ state: 'running', reason: '', reply: null, oldReply: null, branch: 'module/a', attempts: [], used: 0 },
    ...{ allowed: 4, progress: '', waits: null, gates: [], headSha: null, protectedAllowedSha: null, pull: null },
    ...{ ci: null, mergeWhen: 'command', waitsForGo: false, settingsError: null, kept: [], notes: [], messages: [] },
    ...{ sandboxed: true, held: null, roadmap: null, ...view },
  } as StatusView)
  return /<summary>(Attempts: .*?)<\/summary>/.exec(text)?.[1]
}

test.each<[string, Partial<StatusView>, string | undefined]>([
  ['one that went well is not listed', { state: 'done', attempts: [attempt(1, 'finished')], used: 1 }, undefined],
  ['those of one round', { attempts: [attempt(1, 'gates failed'), attempt(2, null)], used: 2 }, '2 of 4 used'],
  [
    'one that does not count',
    { attempts: [attempt(1, 'runner lost', false), attempt(2, null)], used: 1 },
    '1 of 4 used',
  ],
  [
    'a review began a new round',
    { attempts: [attempt(1, 'finished'), attempt(2, 'gates failed')], used: 1 },
    '2, 1 of 4 used in this round',
  ],
  [
    'nothing is left to use once it is done',
    { state: 'done', attempts: [attempt(1, 'finished'), attempt(2, 'finished')], used: 1 },
    '2',
  ],
])('%s', (_, view, said) => {
  expect(headOf(view)).toBe(said && `Attempts: ${said}`)
})
