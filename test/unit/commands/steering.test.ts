/** The commands that steer agents, clean up, and report. */

import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultSettings } from '../../../src/config/settings.ts'
import { saveCheckpoint } from '../../../src/db/checkpoints.ts'
import { addMember } from '../../../src/db/crew-members.ts'
import { addRun, requestStop } from '../../../src/db/runs.ts'
import { runs, worktrees } from '../../../src/db/schema/runs.ts'
import { workItems } from '../../../src/db/schema/work-items.ts'
import { head, openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

async function working(settings?: Parameters<typeof places.place>[0]) {
  const here = await places.place(settings)
  await here.say('/queue')
  await here.go('ready')
  return { here, run: await here.start('Step 1 of 2') }
}

const runOf = async (id: number) => (await places.store.db.select().from(runs).where(eq(runs.id, id)))[0]

test('/spawn lifts this issue, another one, or the first of a module; a second time too', async () => {
  const here = await places.place()
  expect((await here.say('/spawn')).text).toContain('Nothing is queued here')
  await here.say('/queue', { issue: { ...here.issue, labels: ['module:auth', 'priority:2'] } })
  for (const line of ['/spawn', '/spawn #12', '/spawn 12', '/spawn auth'])
    expect((await here.say(line)).text).toBe('#12 goes first from now on; the scheduler decides now.')
  expect((await here.item()).priority).toBe(0)
  expect((await here.say('/spawn #99')).outcome).toBe('refused')
  await here.go('ready', 'running')
  expect((await here.say('/spawn')).text).toContain('Nothing to do.')
})

test('/stop --graceful lets the agent finish its tool call; /stop after it does not', async () => {
  const { here, run } = await working()
  await here.say('/stop --graceful')
  expect(await runOf(run.id)).toMatchObject({ stop: 'Stopped by maintainer', stopGracefully: true })
  await places.store.transaction((tx) => requestStop(tx, run.workItemId, 'Now'))
  expect(await runOf(run.id)).toMatchObject({ stopGracefully: false })
  const other = await working()
  await other.here.say('/stop --all --graceful')
  expect(await runOf(other.run.id)).toMatchObject({ stopGracefully: true })
})

test('/resume goes back to a checkpoint: the next agent reads which commit to bring back', async () => {
  const { here, run } = await working()
  await places.store.transaction((tx) =>
    saveCheckpoint(tx, {
      workItemId: run.workItemId,
      runId: run.id,
      name: 'parser-works',
      text: 'all green',
      headSha: head,
    }),
  )
  await here.say('/stop')
  await here.end(run.id, 'stopped')
  expect((await here.say('/resume nowhere')).text).toContain(
    'There is no checkpoint `nowhere`. There are `parser-works`.',
  )
  expect((await here.item()).state).toBe('paused')
  expect((await here.say('/resume parser-works')).text).toContain('Resumed from the checkpoint `parser-works`.')
  expect((await here.item()).state).toBe('ready')
  expect((await runOf(run.id))?.lesson).toContain(`git restore --source=${head}`)
})

test('/reassign: a fresh agent, another kind that the repository knows, a member who keeps it; never an unknown one', async () => {
  const { here, run } = await working({ ...defaultSettings(), agent: 'codex' })
  const [atlas] = await places.store.transaction(async (tx) => [
    await addMember(tx, { repositoryId: here.repo.id, role: 'builder', agent: 'claude-code', name: 'Atlas' }),
    await addMember(tx, { repositoryId: here.repo.id, role: 'architect', agent: 'claude-code', name: 'Gaudi' }),
  ])
  expect((await here.say('/reassign nobody')).text).toContain('Kinds: `claude-code`, `codex`. Names: `Atlas`, `Gaudi`.')
  expect((await here.say('/reassign @Atlas')).text).toContain('**Atlas** (claude-code) goes on with it.')
  expect(await here.item()).toMatchObject({ agent: 'claude-code', memberId: atlas?.id, state: 'ready' })
  expect((await runOf(run.id))?.stop).toBe('Restarted by maintainer.')
  await here.say('/reassign codex')
  expect(await here.item()).toMatchObject({ agent: 'codex', memberId: null })
  expect((await here.say('/reassign @Gaudi')).text).toContain(
    '**claude-code** goes on with it. Gaudi is an architect, so another one of its kind gets it.',
  )
  expect(await here.item()).toMatchObject({ agent: 'claude-code', memberId: null })
})

test('/agents names an issue with two live agents and has the older one stopped', async () => {
  const { here, run } = await working()
  const second = await places.store.transaction((tx) =>
    addRun(tx, run.workItemId, { agent: 'codex', feedback: '', cleanWorktree: false }),
  )
  const reply = await here.say('/agents')
  expect(reply.text).toContain('**SingletonViolation** on #12: 2 agents were at work.')
  expect(reply.data).toMatchObject({ violations: [{ issue: 12, keeps: String(second.id), stopped: [String(run.id)] }] })
  expect((await runOf(run.id))?.stop).toContain('SingletonViolation')
  expect((await runOf(second.id))?.stop).toBeNull()
})

test('of a singleton kind the oldest agent goes on; the issue of the other one waits, and the restart log says why', async () => {
  const { here, run } = await working({ ...defaultSettings(), agents: { codex: { singleton: true } } })
  const other = await places.store.transaction(async (tx) => {
    const facts = { ...(await here.item()), id: undefined, issueNumber: 13, module: 'other', branch: 'module/other' }
    const [item] = await tx.db.insert(workItems).values(facts).returning()
    const added = await addRun(tx, item?.id ?? 0, { agent: 'codex', feedback: '', cleanWorktree: false })
    await tx.db.update(runs).set({ agent: 'codex' }).where(eq(runs.id, run.id))
    return added
  })
  const reply = await here.say('/agents')
  expect(reply.text).toContain(
    `**SingletonViolation** of the kind \`codex\`: 2 agents were at work. Agent ${run.id}, the oldest, goes on with #12; ${other.id} is being stopped.`,
  )
  expect(reply.data).toMatchObject({
    violations: [{ rule: 'kind', kind: 'codex', issue: 12, keeps: String(run.id), stopped: [String(other.id)] }],
    restarts: [{ issueNumber: 13, reason: expect.stringContaining('SingletonViolation') }],
  })
  expect((await runOf(run.id))?.stop).toBeNull()
  const item = (await places.store.db.select().from(workItems).where(eq(workItems.issueNumber, 13)))[0]
  expect(item).toMatchObject({ state: 'ready', reason: expect.stringContaining('`agents.codex.singleton`') })
  // What happens a second time changes nothing.
  const stopped = (await runOf(other.id))?.stop
  await here.say('/agents')
  expect((await runOf(other.id))?.stop).toBe(stopped)
})

test('a token merges nothing by another command either; a person does', async () => {
  const here = await places.place()
  await here.review()
  await here.reviewed('approved')
  const token = { id: 0, login: 'token:ci', type: 'Token' as const }
  const refused = await here.give('worktrees', { action: 'merge', issue: 12 }, { actor: token })
  expect(refused).toMatchObject({ outcome: 'refused', text: expect.stringContaining("a person's decision") })
  const merged = await here.give('worktrees', { action: 'merge', issue: 12 })
  expect(merged.text).toContain('I merge #40')
})

test('/cleanup and worktrees: only what a finished issue has left goes; a second one is not made', async () => {
  const { here, run } = await working()
  const tree = {
    workItemId: run.workItemId,
    path: '/data/worktrees/1/issue-12',
    branch: 'module/issue-12',
    baseSha: head,
  }
  await places.store.db.insert(worktrees).values({ ...tree, runId: run.id })
  expect((await here.say('/cleanup')).text).toContain('Nothing is left over.\n\nIn use or kept:\n\n- #12 (running)')
  expect(await here.give('worktrees', { action: 'create', issue: 12 })).toMatchObject({ problem: 'WorktreeExists' })
  expect((await here.give('worktrees', { action: 'merge', issue: 12 })).text).toContain('has no pull request yet')
  await here.say('/unqueue')
  await here.end(run.id, 'stopped')
  const reply = await here.give('worktrees', { action: 'cleanup' })
  expect(reply.data).toMatchObject({ removing: [12], worktrees: [{ folder: 'issue-12', use: 'leftover' }] })
  expect(JSON.stringify(reply.data)).not.toContain('/data/')
  expect(await places.jobs('clean-up')).toContainEqual({ workItemId: run.workItemId })
})

test('route, handles and channels: what is sent is polled, delivered and acknowledged once', async () => {
  const { here } = await working()
  await places.store.transaction((tx) =>
    addMember(tx, { repositoryId: here.repo.id, role: 'builder', agent: 'codex', name: 'Aria' }),
  )
  expect((await here.give('set-handle', { name: 'Aria', handle: '@parser' })).data).toEqual({
    name: 'Aria',
    handle: 'parser',
  })
  expect((await here.give('set-handle', { name: 'Aria', handle: 'people' })).text).toContain('Taken are: Aria, parser')
  // A person has one too; what a program or an agent has is not theirs.
  expect((await here.give('set-handle', { handle: 'boss' })).data).toEqual({ name: 'maintainer', handle: 'boss' })
  expect((await here.give('set-handle', { handle: '@Boss' })).outcome).toBe('done')
  expect((await here.give('set-handle', { handle: 'PARSER' })).text).toContain('@PARSER is taken.')
  expect((await here.give('set-handle', { name: 'Aria', handle: 'boss' })).text).toContain('@boss is taken.')
  const token = { id: 0, login: 'token:ci', type: 'Token' as const }
  expect((await here.give('set-handle', { handle: 'ci' }, { actor: token })).text).toContain('has no handle of its own')
  expect((await here.say('/crew')).text).toContain('People: **Boss** (maintainer).')
  const posted = await here.give('send-message', { channel: 'errors', message: 'Who broke it?' })
  expect(posted.data).toMatchObject({
    message: { channel: 'errors', from: 'Boss (maintainer)', text: 'Who broke it?' },
  })
  await here.give('route', { action: 'send', target: '@parser', content: 'Use the new one' })
  const polled = await here.give('route', { action: 'poll', target: 'Aria' })
  expect(polled.data).toMatchObject({ processed: 1, messages: [{ text: 'Use the new one', state: 'delivered' }] })
  expect((await here.give('route', { action: 'poll', target: 'Aria' })).data).toMatchObject({ processed: 0 })
  for (const processed of [1, 0])
    expect((await here.give('route', { action: 'acknowledge', target: 'Aria' })).data).toMatchObject({ processed })
  await here.give('send-message', { channel: 'general', text: 'Friday' })
  expect((await here.give('read-messages')).data).toMatchObject({
    messages: expect.arrayContaining([expect.objectContaining({ text: 'Friday', to: '' })]),
  })
  expect((await here.give('route', { action: 'poll', target: 'Nobody' })).problem).toBe('AgentNotFound')
})

test('/report says what was completed, by whom, how well, and what is next', async () => {
  const here = await places.place()
  expect((await here.say('/report')).text).toContain('No agent has worked on anything')
  await here.review({ changes: 'pass', command: 'fail' })
  await here.reviewed('changes_requested')
  const startedAt = new Date(Date.now() - 30 * 60_000)
  const testFacts = { files: 1, cases: 3, coverage: [{ command: 'tests', percent: 87.5 }] }
  const facts = { startedAt, endedAt: new Date(), memberName: 'Aria', testFacts }
  await places.store.db
    .update(runs)
    .set(facts)
    .where(eq(runs.workItemId, (await here.item()).id))
  const reply = await here.say('/report 1')
  expect(reply.data).toMatchObject({
    minutes: 30,
    items: [
      { issue: 12, agents: ['Aria'], attempts: 1, gates: { passed: 1, failed: 1 }, reviewRounds: 1, pullRequest: 40 },
    ],
    testsAdded: { files: 0, cases: 0 },
    coverage: [],
    timeline: [{ minute: 0, text: 'Aria started #12' }],
  })
  expect(reply.text).toContain(
    '| #12 Add a clock | Aria | reviewing (#40) | 1 of 2 gates passed, 1 attempt, 1 round of review, 3 tests added, coverage 87.5 % |',
  )
  expect(reply.text).toContain('- [0 min] Aria started #12')
  expect(reply.text).not.toContain('Tests added')

  await here.go('merging', 'done')
  const done = await here.say('/report 1')
  expect(done.data).toMatchObject({
    testsAdded: { files: 1, cases: 3 },
    coverage: [{ command: 'tests', percent: 87.5, issue: 12 }],
  })
  expect(done.text).toContain('- Tests added in what was completed: 3 cases in 1 new file')
  expect(done.text).toContain('- Coverage, as the gates printed it: 87.5 % (tests, #12)')
})
