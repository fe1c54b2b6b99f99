/** What the events of a roadmap say, from its first agent to its end. */

import { eq } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readEnv } from '../../../src/config/env.ts'
import { timedLines } from '../../../src/db/announcements.ts'
import { setBlockerState } from '../../../src/db/dependencies.ts'
import { saveRepository } from '../../../src/db/repositories.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { dependencies, workItems } from '../../../src/db/schema/work-items.ts'
import { addWorkItem, getItem, type ItemRow, transition } from '../../../src/db/work-items.ts'
import type { ItemState } from '../../../src/lib/item-state.ts'
import { Scheduler } from '../../../src/scheduling/scheduler.ts'
import { listEvents } from '../../../src/views/events.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

test('phases and timed lines, in their order, each once', async () => {
  const { store } = opened
  const env = readEnv({ MAX_AGENTS: '2', AGENT: 'scripted' })
  const scheduler = new Scheduler({ store, env, log: pino({ level: 'silent' }), freeMemory: () => 2 ** 34 })
  const facts = { githubId: 1, installationId: 1, private: true, cloneUrl: '', defaultBranch: 'main' }
  const repo = await saveRepository(store.db, { ...facts, fullName: 'acme/app' })
  const add = async (issueNumber: number, more: Partial<ItemRow> = {}): Promise<ItemRow> => {
    const names = { module: `issue-${issueNumber}`, branch: `module/issue-${issueNumber}`, baseBranch: 'main' }
    const by = { requestedBy: 'mona', requestedById: 1 }
    const row = { repositoryId: repo.id, issueNumber, title: 'x', state: 'ready' as const, ...by, ...names, ...more }
    const item = await store.transaction((tx) => addWorkItem(tx, row, 'mona'))
    if (!item) throw new Error('the item was not stored')
    return item
  }
  const epic = await add(1, { kind: 'epic' })
  const parts = [await add(2), await add(3), await add(4)]
  const edge = { source: 'task-list' as const, repository: 'acme/app', blocker: 'open' as const }
  for (const { issueNumber } of parts)
    await store.db.insert(dependencies).values({ ...edge, issueNumber, dependentId: epic.id })
  const [, , last] = parts
  await store.db.insert(dependencies).values({ ...edge, source: 'body', issueNumber: 2, dependentId: last?.id ?? 0 })
  const go = async (number: number, ...states: ItemState[]) => {
    for (const to of states)
      await store.transaction(async (tx) => {
        const item = await getItem(tx.db, parts[number - 2]?.id ?? 0)
        if (!item) throw new Error('no such part')
        await transition(tx, item, to, { actor: 'tutti', why: '' })
        if (to === 'reviewing') await tx.db.update(runs).set({ stage: 'ended' }).where(eq(runs.workItemId, item.id))
        if (to === 'done') await setBlockerState(tx, 'acme/app', number, 'closed')
      })
    await scheduler.dispatch()
  }
  await scheduler.dispatch()
  await scheduler.dispatch()
  await go(2, 'checking', 'reviewing')
  await go(3, 'checking', 'reviewing')
  await go(2, 'done')
  await go(4, 'checking', 'ready')
  await go(4, 'held')
  await go(3, 'done')
  await go(4, 'cancelled')

  const events = await listEvents(store.db, [repo.id], { issue: 1, after: 0 })
  const names = await store.db
    .select({ name: runs.memberName, of: workItems.issueNumber })
    .from(runs)
    .innerJoin(workItems, eq(runs.workItemId, workItems.id))
  const nameOf = (issue: number) => names.find(({ of }) => of === issue)?.name
  expect(nameOf(2)).toBeTruthy()
  const lines = events.map(({ what }) => what).filter((what) => /^(?:>>> |\[)/.test(what))
  expect(lines).toEqual([
    '>>> PHASE 2: Roadmap Health Check - Complete',
    '>>> PHASE 3: Agent Spawn - Starting (2 agents)',
    `[0 min] ${nameOf(2)} started #2`,
    `[0 min] ${nameOf(3)} started #3`,
    '>>> PHASE 4: Monitoring - In Progress (2 agents)',
    `[0 min] ${nameOf(2)} finished #2: all gates passed, it waits for review`,
    `[0 min] ${nameOf(3)} finished #3: all gates passed, it waits for review`,
    '>>> PHASE 5: Verification - In Progress (2 items)',
    '[0 min] #2 was completed',
    '>>> PHASE 3: Agent Spawn - Starting (1 agent)',
    `[0 min] ${nameOf(4)} started #4`,
    '>>> PHASE 4: Monitoring - In Progress (1 agent)',
    `[0 min] the attempt of ${nameOf(4)} on #4 failed`,
    '[0 min] #4 needs a person',
    '>>> PHASE 5: Verification - In Progress (1 item)',
    '[0 min] #3 was completed',
    '>>> PHASE 2: Roadmap Health Check - In Progress (1 item)',
    '[0 min] #4 was cancelled',
  ])
  expect(await timedLines(store.db, epic.id, 2)).toEqual(['[0 min] #3 was completed', '[0 min] #4 was cancelled'])
})
