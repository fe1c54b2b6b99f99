/** Whatever should be moving and is no one's is put back, once, and nothing else is touched. On a real store. */

import { eq, sql } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest'
import { defaultSettings } from '../../../src/config/settings.ts'
import { getDelivery, storeDeliveries } from '../../../src/db/deliveries.ts'
import { enqueueEffect } from '../../../src/db/outbox.ts'
import { deregisterProcess, reapProcesses, registerProcess } from '../../../src/db/processes.ts'
import { addRun, claimRun, getRun } from '../../../src/db/runs.ts'
import { effects } from '../../../src/db/schema/effects.ts'
import { repositories } from '../../../src/db/schema/repositories.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { workItems } from '../../../src/db/schema/work-items.ts'
import type { IdleItem, OwnerlessRun } from '../../../src/db/stuck-rows.ts'
import { jobForRun, rescue, stepForItem } from '../../../src/reconcile/rescue.ts'
import { blamelessLoss } from '../../../src/runs/retry-policy.ts'
import { takeOverRuns } from '../../../src/runs/take-over.ts'
import { giveUpDeliveries } from '../../../src/webhooks/process-delivery.ts'
import { openPlaces } from '../../support/command-place.ts'

const log = pino({ level: 'silent' })
let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())
// Jobs are lost: that is the fault these stories begin with.
async function loseJobs() {
  await places.store.queues.allSent()
  await places.store.db.execute(sql`delete from pgboss.job`)
}
beforeEach(async () => {
  await places.store.db.execute(sql`update work_items set state = 'done'`)
  await places.store.db.execute(sql`update runs set stage = 'ended'`)
  await places.store.db.execute(sql`update effects set state = 'done'`)
  await loseJobs()
})

/** Makes everything old enough to count as left. */
async function later() {
  for (const [table, column] of Object.entries({
    work_items: 'updated_at',
    runs: 'created_at',
    effects: 'not_before',
    deliveries: 'received_at',
  }))
    await places.store.db.execute(
      sql`update ${sql.identifier(table)} set ${sql.identifier(column)} = now() - interval '1 hour'`,
    )
  await places.store.db.execute(sql`update runs set heartbeat_at = null, ended_at = now() - interval '1 hour'`)
}

const look = () => rescue({ store: places.store, log }, 30)

async function queued() {
  const here = await places.place()
  await here.say('/queue')
  await later()
  return here
}

describe('the rescuer', () => {
  it('has a queued item triaged whose job is gone, once', async () => {
    const here = await queued()
    expect(await look()).toEqual([])
    await loseJobs()
    const { id } = await here.item()
    expect(await look()).toEqual([`item ${id} (queued)`, 'the publisher'])
    expect(await places.jobs('triage')).toEqual([{ workItemId: id }])
    expect(await look()).toEqual([])
  })

  it('leaves alone what has just begun to wait', async () => {
    const here = await queued()
    await loseJobs()
    await places.store.db.update(workItems).set({ updatedAt: new Date() })
    await places.store.db.update(effects).set({ state: 'done' })
    expect(await look()).toEqual([])
    expect((await here.item()).state).toBe('queued')
  })

  it('has a waiting run started, and gates run again, whose jobs are gone', async () => {
    const here = await queued()
    await here.go('ready')
    const run = await here.start()
    await places.store.db.update(runs).set({ stage: 'waiting' }).where(eq(runs.id, run.id))
    await later()
    await loseJobs()
    expect(await look()).toContain(`run ${run.id} (waiting)`)
    expect(await places.jobs('run-agent')).toEqual([{ runId: run.id }])

    await here.go('checking')
    await places.store.db.update(runs).set({ stage: 'gates' }).where(eq(runs.id, run.id))
    await later()
    await loseJobs()
    expect(await look()).toContain(`run ${run.id} (gates)`)
    expect(await places.jobs('run-gates')).toEqual([{ runId: run.id }])
  })

  it('starts an item again whose attempt left nothing to go on with', async () => {
    const here = await queued()
    await here.go('ready')
    const run = await here.start()
    await here.end(run.id, 'stopped')
    await later()
    await loseJobs()
    await look()
    expect(await here.item()).toMatchObject({ state: 'ready', reason: expect.stringContaining('starts again') })
    expect(await places.jobs('schedule')).not.toEqual([])
  })

  it('wakes the publisher for a write that is due', async () => {
    const here = await queued()
    await here.go('held')
    await places.store.transaction((tx) =>
      enqueueEffect(
        tx,
        { repositoryId: here.repo.id, key: `comment:${here.repo.id}` },
        { kind: 'comment', payload: { issueNumber: 12, body: 'hello' } },
      ),
    )
    await later()
    await loseJobs()
    expect(await look()).toEqual(['the publisher'])
    expect(await places.jobs('publish-effects')).toEqual([{}])
  })

  it('reads accepted deliveries again, each in a job of its own', async () => {
    const body = JSON.stringify({ zen: 'yes' })
    await storeDeliveries(places.store, [
      { deliveryId: 'one', event: 'ping', payload: body },
      { deliveryId: 'two', event: 'ping', payload: body },
    ])
    await later()
    expect(await look()).toEqual([])
    await loseJobs()
    expect((await look()).sort()).toEqual(['delivery one', 'delivery two'])
    expect(await places.jobs('process-delivery')).toHaveLength(2)
    expect(await look()).toEqual([])
  })

  it('finds the one delivery among many that ends its process, and gives up that one', async () => {
    const ids = ['good', 'bad']
    await storeDeliveries(
      places.store,
      ids.map((deliveryId) => ({ deliveryId, event: 'ping', payload: '{}' })),
    )
    await loseJobs()
    await giveUpDeliveries(places, { deliveryIds: ids }, new Error('the process ended'))
    const each = await places.jobs('process-delivery')
    expect(each).toHaveLength(2)
    for (const id of ids) expect(each).toContainEqual({ deliveryIds: [id] })
    await giveUpDeliveries(places, { deliveryIds: ['bad'] }, new Error('the process ended'))
    expect(await getDelivery(places.store.db, 'bad')).toMatchObject({ state: 'failed', note: 'the process ended' })
    expect(await getDelivery(places.store.db, 'good')).toMatchObject({ state: 'stored' })
  })
})

describe('a process that is gone', () => {
  it('gives its run back and has it taken over in one transaction, or not at all', async () => {
    const { store } = places
    const here = await queued()
    await here.go('ready')
    const run = await here.start()
    await store.db.update(runs).set({ stage: 'waiting' }).where(eq(runs.id, run.id))
    const [self, gone] = [await registerProcess(store.db), await registerProcess(store.db)]
    await claimRun(store.db, run.id, gone, 'waiting')
    await deregisterProcess(store.db, gone)

    const dying = reapProcesses(store, self, 30_000, () => Promise.reject(new Error('killed here')))
    await expect(dying).rejects.toThrow('killed here')
    expect(await getRun(store.db, run.id)).toMatchObject({ stage: 'agent', leaseOwner: gone })

    expect(await reapProcesses(store, self, 30_000, takeOverRuns)).toMatchObject({ lost: [run.id] })
    expect(await getRun(store.db, run.id)).toMatchObject({ stage: 'ended', outcome: 'runner lost', leaseOwner: null })
    expect(await places.jobs('after-run')).toEqual([{ runId: run.id }])
  })

  it.each([
    [1, null],
    [2, blamelessLoss],
  ])('with %d runs lost at once, the signature of each is %s', async (together, signature) => {
    const { store } = places
    const [self, gone] = [await registerProcess(store.db), await registerProcess(store.db)]
    const lost: number[] = []
    for (let at = 0; at < together; at++) {
      const here = await queued()
      await here.go('ready')
      const run = await here.start()
      await store.db.update(runs).set({ stage: 'waiting' }).where(eq(runs.id, run.id))
      await claimRun(store.db, run.id, gone, 'waiting')
      lost.push(run.id)
    }
    await deregisterProcess(store.db, gone)
    await reapProcesses(store, self, 30_000, takeOverRuns)
    for (const id of lost) expect(await getRun(store.db, id)).toMatchObject({ outcome: 'runner lost', signature })
  })

  it('does not go on for ever with gates that end each process', async () => {
    const { store } = places
    const here = await queued()
    await here.go('ready')
    const run = await here.start()
    await here.go('checking')
    await store.db.update(runs).set({ stage: 'gates' }).where(eq(runs.id, run.id))
    const self = await registerProcess(store.db)
    let losses = 0
    for (; (await getRun(store.db, run.id))?.stage === 'gates'; losses++) {
      await claimRun(store.db, run.id, 'gone', 'gates')
      await reapProcesses(store, self, 30_000, takeOverRuns)
    }
    expect(losses).toBe(20)
    expect(await getRun(store.db, run.id)).toMatchObject({ outcome: 'gates end the process' })
  })
})

describe('what has an item go on', () => {
  const idle: IdleItem = {
    ...{ id: 3, state: 'checking', headSha: 'a', runId: 9, outcome: 'finished', runHead: 'a' },
    ...{ effectId: null, effectState: null, effectSha: null },
  }
  test.each<[string, Partial<IdleItem>, unknown]>([
    ['queued', { state: 'queued', runId: null }, { job: { queue: 'triage', workItemId: 3 } }],
    [
      'running, and its attempt failed',
      { state: 'running', outcome: 'crashed' },
      { job: { queue: 'after-run', runId: 9 } },
    ],
    ['running, without an attempt', { state: 'running', runId: null, outcome: null }, { to: 'ready' }],
    ['checking, and the gates failed', { outcome: 'gates failed' }, { job: { queue: 'after-run', runId: 9 } }],
    ['checking, and a gate was broken', { outcome: 'gate broken' }, { job: { queue: 'after-run', runId: 9 } }],
    ['checking, and the gates passed', {}, { job: { queue: 'open-pull-request', workItemId: 3 } }],
    ['checking another commit', { runHead: 'b' }, { to: 'ready' }],
    [
      'checking the commit that was chosen, which is not the last one',
      { runHead: 'b', outcome: 'gates failed', chosenHead: 'a' },
      { job: { queue: 'open-pull-request', workItemId: 3 } },
    ],
    ['checking, once later attempts have replaced what was chosen', { runHead: 'b', chosenHead: 'c' }, { to: 'ready' }],
    [
      'checking, and its pull request is open',
      { effectId: 5, effectState: 'done', effectSha: 'a' },
      { job: { queue: 'on-pull-request-opened', effectId: 5 } },
    ],
    [
      'checking, and its pull request shows the commit before',
      { effectId: 5, effectState: 'done', effectSha: 'b' },
      { job: { queue: 'open-pull-request', workItemId: 3 } },
    ],
    [
      'checking, and GitHub refused the pull request',
      { effectId: 5, effectState: 'failed' },
      { job: { queue: 'on-pull-request-opened', effectId: 5 } },
    ],
    [
      'merging, and GitHub has answered',
      { state: 'merging', effectId: 5, effectState: 'done' },
      { job: { queue: 'on-pull-request-merged', effectId: 5 } },
    ],
    ['merging, and nothing was asked of GitHub', { state: 'merging' }, { to: 'reviewing' }],
  ])('%s', (_, item, step) => {
    expect(stepForItem({ ...idle, ...item })).toMatchObject(step as object)
  })

  const run: OwnerlessRun = { id: 9, stage: 'waiting', purpose: 'build', stop: null, itemState: 'running' }
  test.each<[string, Partial<OwnerlessRun>, string]>([
    ['waits for a runner', {}, 'run-agent'],
    ['waits for its gates', { stage: 'gates', itemState: 'checking' }, 'run-gates'],
    ['was asked to stop', { stop: 'Stopped by maintainer' }, 'after-run'],
    ['is of an item that stands aside', { itemState: 'paused' }, 'after-run'],
    ['waits to plan', { purpose: 'plan', itemState: 'planning' }, 'run-agent'],
    ['waits to look for proposals', { purpose: 'propose', itemState: 'ready' }, 'run-agent'],
    ['reviews what is merged', { purpose: 'review', itemState: 'done' }, 'after-run'],
    ['has planned', { purpose: 'plan', stage: 'gates', itemState: 'planning' }, 'after-run'],
  ])('a run that %s', (_, changes, queue) => {
    expect(jobForRun({ ...run, ...changes })).toEqual({ queue, runId: 9 })
  })
})

test('a second agent of a kind that has become a singleton is ended, once, without losing its issue', async () => {
  const here = await places.place()
  await here.say('/queue')
  await here.go('ready')
  const first = await here.start()
  const agents = { [first.agent]: { singleton: true } }
  const like = await here.item()
  const second = await places.store.transaction(async (tx) => {
    await tx.db
      .update(repositories)
      .set({ settings: { ...defaultSettings(), agents } })
      .where(eq(repositories.id, here.repo.id))
    const facts = { ...like, id: undefined, issueNumber: 13, module: 'other', branch: 'module/other' }
    const [item] = await tx.db.insert(workItems).values(facts).returning()
    return addRun(tx, item?.id ?? 0, { agent: first.agent, feedback: '', cleanWorktree: false })
  })
  expect(await look()).toContain(`agent ${second.id}, one too many in ${here.repo.fullName}`)
  expect(await getRun(places.store.db, first.id)).toMatchObject({ stop: null })
  expect(await getRun(places.store.db, second.id)).toMatchObject({
    stop: expect.stringContaining('SingletonViolation'),
  })
  const [item] = await places.store.db.select().from(workItems).where(eq(workItems.id, second.workItemId))
  expect(item?.state).toBe('ready')
  expect((await look()).filter((what) => what.includes('one too many'))).toEqual([])
})
