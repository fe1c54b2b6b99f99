/** What CI says about a commit, and what follows: two tables. */

import { describe, expect, test } from 'vitest'
import { type CiExcuse, type CiFacts, ciState, failureKey, nextCiStep } from '../../../src/domain/ci.ts'
import type { Check } from '../../../src/domain/github.ts'

function check(name: string, verdict: Check['verdict'], more: Partial<Check> = {}): Check {
  const ended = verdict === 'pending' ? null : new Date(0)
  return {
    ...{ id: `check_run:${name}`, name, verdict, conclusion: verdict === 'pending' ? null : verdict, url: null },
    ...{ own: false, completedAt: ended, suiteId: 5, job: null, output: null, ...more },
  }
}

const good = check('good', 'success')
const bad = check('bad', 'failure')
const slow = check('slow', 'pending')
const state = (checks: Check[], complete = true, required: string[] = []) => ciState({ checks, complete }, required)

describe('the verdict', () => {
  test.each([
    ['nothing reported', state([]), 'green'],
    ['passed and skipped', state([good, check('skipped', 'neutral')]), 'green'],
    ['one is not done', state([good, slow]), 'pending'],
    ['one failed, whatever is to come', state([good, slow, bad]), 'red'],
    ['our own failed', state([good, check('Tutti', 'failure', { own: true })]), 'green'],
    ['a required one has not reported', state([good], true, ['good', 'e2e']), 'pending'],
    ['the list was cut short', state([good], false), 'pending'],
  ])('%s', (_, found, verdict) => {
    expect(found.verdict).toBe(verdict)
  })

  test('it counts, and names what it waits for', () => {
    expect(state([good, bad, slow], true, ['e2e', 'good'])).toMatchObject({
      green: 1,
      total: 4,
      waitsFor: ['slow', 'e2e'],
    })
  })
})

describe('the next step', () => {
  const facts = (checks: Check[], more: Partial<CiFacts> = {}): CiFacts => ({
    ...{ state: state(checks), settled: true, excuses: new Map(), awaited: new Set(), reruns: 0 },
    ...{ limits: { rerun: 1, fix: true }, ...more },
  })
  const excused = (why: CiExcuse) => new Map([[bad.id, why]])
  const cancelled = check('bad', 'failure', { conclusion: 'cancelled' })
  const status = check('bad', 'failure', { id: 'status:1', suiteId: null })

  test.each<[string, CiFacts, string]>([
    ['green', facts([good]), 'none'],
    ['nothing has failed yet', facts([slow], { settled: false }), 'none'],
    ['red, all done', facts([bad], { settled: false }), 'fix'],
    ['red, others are not done', facts([bad, slow], { settled: false }), 'wait'],
    ['red, and CI has been silent', facts([bad, slow]), 'fix'],
    ['red, and no one is to mend it', facts([bad], { limits: { rerun: 1, fix: false } }), 'none'],
    ['flaky', facts([bad], { excuses: excused('flaky') }), 'rerun'],
    ['red on the base too', facts([bad], { excuses: excused('base') }), 'rerun'],
    ['flaky, and run again before', facts([bad], { excuses: excused('flaky'), reruns: 1 }), 'fix'],
    ['flaky, and reruns are off', facts([bad], { excuses: excused('flaky'), limits: { rerun: 0, fix: true } }), 'fix'],
    [
      'a flaky status, which nothing can run again',
      facts([status], { excuses: new Map([[status.id, 'flaky']]) }),
      'fix',
    ],
    ['flaky beside one that is not', facts([bad, check('real', 'failure')], { excuses: excused('flaky') }), 'fix'],
    ['interrupted', facts([cancelled], { excuses: excused('interrupted') }), 'rerun'],
    ['interrupted again', facts([cancelled], { excuses: excused('interrupted'), reruns: 1 }), 'person'],
    ['the rerun has not begun', facts([bad], { awaited: new Set([failureKey(bad)]) }), 'wait'],
  ])('%s', (_, given, kind) => {
    expect(nextCiStep(given).kind).toBe(kind)
  })

  test('the agent gets what the change can have caused', () => {
    const real = check('real', 'failure')
    expect(nextCiStep(facts([bad, real], { excuses: excused('flaky') }))).toEqual({ kind: 'fix', failures: [real] })
  })
})
