/** What is done about a red head: an agent, a rerun, a person. On a real store, with a GitHub that reads as it is set to. */

import { eq } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ciReportOf, saveCiReport } from '../../../../src/db/ci.ts'
import { enqueueEffect } from '../../../../src/db/outbox.ts'
import { getRepository } from '../../../../src/db/repositories.ts'
import { effects } from '../../../../src/db/schema/effects.ts'
import { workItems } from '../../../../src/db/schema/work-items.ts'
import type { Check } from '../../../../src/domain/github.ts'
import { onChecksRerunJob } from '../../../../src/pull-requests/ci/on-checks-rerun.ts'
import { readChecks } from '../../../../src/pull-requests/ci/read-checks.ts'
import type { PullRequestContext } from '../../../../src/pull-requests/context.ts'
import { reconcileChecks } from '../../../../src/reconcile/checks.ts'
import { head, openPlaces } from '../../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

let checkId = 0
function failed(name: string, more: Partial<Check> = {}): Check {
  const id = ++checkId
  return {
    id: `check_run:${id}`,
    name,
    verdict: 'failure',
    conclusion: 'failure',
    url: null,
    own: false,
    completedAt: new Date(),
    suiteId: 1,
    job: { id, workflowRunId: 9 },
    output: null,
    ...more,
  }
}

/** A head under review on which CI says `checks`, and a base branch on which it says `onBase`. */
async function underReview(checks: Check[], onBase: Check[] = []) {
  const here = await places.place()
  await here.review()
  const { id: workItemId } = await here.item()
  await places.store.db.update(workItems).set({ headSha: head }).where(eq(workItems.id, workItemId))
  const reader = {
    checks: async (at: string) => ({ checks: at === head ? checks : onBase, complete: true }),
    jobLog: async () => 'src/one.ts(1,1): error TS1005',
    checkAnnotations: async () => [],
  }
  const context = {
    store: places.store,
    log: pino({ level: 'silent' }),
    github: { repository: () => reader },
    redact: (text: string) => text,
  } as unknown as PullRequestContext
  return {
    ...here,
    workItemId,
    context,
    read: () => readChecks(context, { workItemId, sha: head, now: true }),
    report: () => ciReportOf(places.store.db, workItemId, head),
    save: (set: Parameters<typeof saveCiReport>[2], sha = head) =>
      places.store.transaction((tx) => saveCiReport(tx, { workItemId, sha }, set)),
  }
}

describe('a red head', () => {
  it('is read once CI has been silent for the settle time, once for what it has said', async () => {
    const here = await underReview([failed('lint')])
    const settled = () => readChecks(here.context, { workItemId: here.workItemId, sha: head })
    await here.save({ lastEventAt: new Date() })
    await settled()
    expect(await here.item()).toMatchObject({ state: 'reviewing' })
    await here.save({ lastEventAt: new Date(Date.now() - 3_600_000) })
    await settled()
    expect(await here.item()).toMatchObject({ state: 'ready' })
    const { readAt } = (await here.report()) ?? {}
    await settled()
    expect(await here.report()).toMatchObject({ readAt })
  })

  it('goes back to an agent, and its prompt holds the log', async () => {
    const here = await underReview([failed('lint')])
    await here.read()
    expect(await here.item()).toMatchObject({
      state: 'ready',
      reason: expect.stringContaining('gets the log of `lint`'),
    })
    expect(await here.report()).toMatchObject({ step: 'fix', logTail: expect.stringContaining('TS1005') })
  })

  it('is held with the end of the log and the ways on after as many fixes as there may be', async () => {
    const here = await underReview([failed('lint')])
    for (let round = 0; round < here.settings.limits.retries; round++)
      await here.save({ step: 'fix', signature: `another failure ${round}`, verdict: 'red' }, String(round).repeat(40))
    await here.read()
    const { state, reason } = await here.item()
    expect(state).toBe('held')
    expect(reason).toContain('after 3 fixes: `lint`')
    expect(reason).toContain('as many fixes as `limits.retries` allows')
    for (const way of ['/retry', '/resume', 'git fetch origin && git switch module/', '/skip', '/unqueue'])
      expect(reason).toContain(way)
    expect(await here.report()).toMatchObject({ step: 'hold', logTail: expect.stringContaining('TS1005') })

    await here.say('/retry')
    expect((await here.item()).state).toBe('ready')
  })

  it('is run again where the base branch fails the same way, once, and then goes to an agent', async () => {
    const lint = failed('lint')
    const here = await underReview([lint], [failed('lint')])
    await here.read()
    expect(await here.report()).toMatchObject({ step: 'rerun', reruns: 1 })
    expect((await here.item()).state).toBe('reviewing')
    await here.read()
    expect(await here.report()).toMatchObject({ step: 'rerun', reruns: 1 })
    // It ran again, and failed again.
    lint.completedAt = new Date(Date.now() + 60_000)
    await here.read()
    expect((await here.item()).state).toBe('ready')
  })

  it('is left to a person where neither a rerun nor an agent can help', async () => {
    const here = await underReview([failed('deploy', { conclusion: 'action_required' })])
    await here.read()
    expect(await here.report()).toMatchObject({ step: 'person', about: ['deploy'] })
    expect((await here.item()).state).toBe('reviewing')
  })
})

describe('a rerun that GitHub refuses', () => {
  it('counts as the last one, and the failures are dealt with as they are', async () => {
    const here = await underReview([failed('lint')], [failed('lint')])
    await here.read()
    const [effect] = await places.store.db.select().from(effects).where(eq(effects.workItemId, here.workItemId))
    const rerun = (await places.store.db.select().from(effects).where(eq(effects.kind, 'rerun-checks'))).find(
      ({ workItemId }) => workItemId === here.workItemId,
    )
    expect(effect && rerun).toBeDefined()
    await places.store.db
      .update(effects)
      .set({ state: 'failed' })
      .where(eq(effects.id, rerun?.id ?? 0))
    await onChecksRerunJob.handle({ store: places.store } as never, { effectId: rerun?.id ?? 0 } as never, {} as never)
    expect(await here.report()).toMatchObject({ rerunAt: null, rerunOf: [] })
    await here.read()
    expect((await here.item()).state).toBe('ready')
  })

  it('is nothing to react to while it is done, or is not known', async () => {
    const here = await underReview([failed('lint')])
    const wanted = { repositoryId: here.repo.id, workItemId: here.workItemId, key: `done:${here.workItemId}` }
    const payload = { sha: head, target: 'check-suite' as const, id: 1 }
    await places.store.transaction((tx) => enqueueEffect(tx, wanted, { kind: 'rerun-checks', payload }))
    const rows = await places.store.db.select().from(effects).where(eq(effects.key, wanted.key))
    const before = await places.jobs('read-checks')
    for (const effectId of [rows[0]?.id ?? 0, 2 ** 30])
      await onChecksRerunJob.handle({ store: places.store } as never, { effectId } as never, {} as never)
    expect(await places.jobs('read-checks')).toEqual(before)
  })
})

describe('the reconcile', () => {
  it('has the checks of a head in review read that were not read for an hour, and of no other', async () => {
    const here = await underReview([])
    const repo = await getRepository(places.store.db, here.repo.id)
    if (!repo) throw new Error('no repository')
    const asked = async () => {
      const before = (await places.jobs('read-checks')).length
      await reconcileChecks({ store: places.store }, repo)
      return (await places.jobs('read-checks')).length - before
    }
    expect(await asked()).toBe(1)
    await here.save({ readAt: new Date() })
    expect(await asked()).toBe(0)
    await here.save({ readAt: new Date(Date.now() - 2 * 3_600_000) })
    await here.go('ready')
    expect(await asked()).toBe(0)
  })
})
