/** Which ends of checks have CI read again. On a real store. */

import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { saveCiReport } from '../../../../src/db/ci.ts'
import type { CheckCompleted } from '../../../../src/domain/events.ts'
import { onCheckCompleted } from '../../../../src/pull-requests/ci/on-check-completed.ts'
import type { Services } from '../../../../src/work-items/services.ts'
import { head, openPlaces } from '../../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

let checks = 0

/** A head under review of which `report` is known, and a check that ends on it. */
async function underReview(report: Parameters<typeof saveCiReport>[2] | undefined) {
  const here = await places.place()
  await here.review()
  const { id: workItemId } = await here.item()
  if (report) await places.store.transaction((tx) => saveCiReport(tx, { workItemId, sha: head }, report))
  const services = { store: places.store, log: pino({ level: 'silent' }) } as unknown as Services
  const { githubId, fullName } = here.repo
  return (verdict: CheckCompleted['verdict']) =>
    onCheckCompleted(services, {
      kind: 'check-completed',
      repository: { githubId, fullName } as CheckCompleted['repository'],
      sender: { id: 1, login: 'ci', type: 'Bot' },
      at: null,
      id: `check_run:${++checks}`,
      sha: head,
      name: 'e2e',
      verdict,
      url: null,
      suiteId: 1,
      isSuite: false,
    })
}

describe('CI is read again', () => {
  it.each([
    ['when a check fails', 'failure', undefined],
    ['when a check of a red head passes', 'success', { verdict: 'red', step: 'none' }],
    // The rerun was seen while it waited for its turn, so the head is not red any more.
    ['when the rerun of a check passes', 'success', { verdict: 'pending', step: 'rerun' }],
    ['when a check passes while an agent mends another', 'success', { verdict: 'pending', step: 'fix' }],
  ] as const)('%s', async (_, verdict, report) => {
    const end = await underReview(report && { lastEventAt: new Date(), ...report })
    const before = (await places.jobs('read-checks')).length
    await end(verdict)
    expect(await places.jobs('read-checks')).toHaveLength(before + 1)
  })

  it('not when a check passes and nothing has failed: a green CI costs no calls', async () => {
    const end = await underReview(undefined)
    const before = (await places.jobs('read-checks')).length
    await end('success')
    await end('neutral')
    expect(await places.jobs('read-checks')).toHaveLength(before)
  })
})
