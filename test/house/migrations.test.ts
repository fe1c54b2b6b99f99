/** Every migration is replayed on rows that an earlier version has written. */

import { expect, test } from 'vitest'
import { assignMember } from '../../src/crew/assign.ts'
import { openWaits, startWait } from '../../src/db/answer-waits.ts'
import { findMemories, saveMemory } from '../../src/db/memories.ts'
import { copyPictures, findPicture, picturesOf, savePictures } from '../../src/db/pictures.ts'
import { agentCapacity, isOtherPlaceAlive } from '../../src/db/places.ts'
import { roundsOf } from '../../src/db/plans.ts'
import { addProposalRound, proposalsOf, replaceProposals } from '../../src/db/proposals.ts'
import { noteRestart, restartsOf } from '../../src/db/restarts.ts'
import { runsOf } from '../../src/db/runs.ts'
import { effects } from '../../src/db/schema/effects.ts'
import { pullRequests } from '../../src/db/schema/pull-requests.ts'
import { repositories } from '../../src/db/schema/repositories.ts'
import { runs, worktrees } from '../../src/db/schema/runs.ts'
import { usage } from '../../src/db/schema/usage.ts'
import { workItems } from '../../src/db/schema/work-items.ts'
import { saveUsage, spentToday } from '../../src/db/usage.ts'
import { getItem, transition } from '../../src/db/work-items.ts'
import { standingWorktrees } from '../../src/db/worktrees.ts'
import { isComparing } from '../../src/domain/best-of.ts'
import { databaseBefore } from '../support/old-database.ts'

test('the field terms keep every row, and jobs of the old queues are moved', async () => {
  const old = await databaseBefore('0009_field_terms')
  await old.exec(`
    insert into systems (repository_id, full_name, installation_id, clone_url, default_branch, moves, fetched, journal_hash)
      values (77, 'acme/app', 1, 'https://x/acme/app.git', 'main', 5, 3, 'abc');
    insert into work_items (system_id, issue_number, title, state, "before", quiet, seen_text, rounds_before, requested_by, requested_by_id, module, branch, base_branch)
      values (1, 1, 'one', 'proposed', null, true, 'digest', 2, 'm', 1, 'a', 'module/a', 'main'),
             (1, 2, 'two', 'paused', 'proposed', false, null, 0, 'm', 1, 'b', 'module/b', 'main');
    insert into runs (work_item_id, attempt, agent, next_clean, start_clean, counts) values (1, 1, 'codex', true, false, false);
    insert into gate_results (work_item_id, sha, gate, verdict, summary) values (1, 'f', 'protected-paths', 'wait', 's');
    insert into pull_requests (system_id, work_item_id, number, url, head_sha, base_branch) values (1, 1, 3, 'u', 'f', 'main');
    insert into plans (work_item_id, version, kind, content, text_digest, confidence) values (1, 1, 'plan', '{}', 'd', 0.5);
    insert into effects (key, kind, system_id, work_item_id, payload, rank, state) values
      ('create:goal:1:1:x', 'create-issue', 1, null, '{"title": "goal"}', 4, 'wanted'),
      ('create:roadmap:1:y', 'create-issue', 1, 1, '{"title": "line"}', 4, 'doing'),
      ('create:plan:1:z', 'create-issue', 1, 1, '{"title": "part"}', 4, 'done'),
      ('label', 'family-label', 1, 1, '{}', 6, 'failed'),
      ('merge', 'merge', 1, 1, '{}', 1, 'done');
    insert into journal (system_id, work_item_id, at, actor, what, previous_hash, hash) values (1, 1, now(), 'm', 'queued', '', 'h');
    insert into handled (key) values ('comment:1:1');
    insert into instances (id, host, pid, pid_start_time) values ('i', 'h', 1, 't');
    insert into decisions (work_item_id, action, reasons, words, standing) values (1, 'wait', '[]', 'why', 'rank');
    insert into outlooks (system_id, content) values (1, '{}');
    insert into usage (run_id, system_id, day) values (1, 1, '2026-11-01');
  `)
  const boss = await old.boss()
  for (const [name, data] of [
    ['enlist', { workItemId: 1 }],
    ['merge', { pullRequestId: 1 }],
    ['created', { effectId: 3 }],
    ['published', { effectId: 5 }],
  ] as const) {
    await boss.createQueue(name)
    await boss.send(name, data)
  }
  const store = await old.open()
  const rows = async (text: string) => {
    const result = await store.db.execute(text)
    return (result as unknown as { rows: Record<string, unknown>[] }).rows
  }
  expect(await rows('select github_id::int, remote_revision, fetched_revision, audit_hash from repositories')).toEqual([
    { github_id: 77, remote_revision: 5, fetched_revision: 3, audit_hash: 'abc' },
  ])
  expect(
    await rows(
      'select repository_id::int, state, resume_state, muted, body_digest, planning_rounds_offset from work_items order by id',
    ),
  ).toMatchObject([
    { repository_id: 1, state: 'plan-review', muted: true, body_digest: 'digest', planning_rounds_offset: 2 },
    { state: 'paused', resume_state: 'plan-review', muted: false },
  ])
  expect(await rows('select next_clean_worktree, clean_worktree, counts_as_attempt from runs')).toEqual([
    { next_clean_worktree: true, clean_worktree: false, counts_as_attempt: false },
  ])
  expect(await rows('select verdict from gate_results')).toEqual([{ verdict: 'needs-approval' }])
  expect(await rows('select state from plans')).toEqual([{ state: 'pending' }])
  expect(await rows("select kind, state, priority, payload->>'origin' as origin from effects order by id")).toEqual([
    { kind: 'create-issue', state: 'pending', priority: 4, origin: 'goal' },
    { kind: 'create-issue', state: 'in_progress', priority: 4, origin: 'roadmap-line' },
    { kind: 'create-issue', state: 'done', priority: 4, origin: 'plan-part' },
    { kind: 'scoped-label', state: 'failed', priority: 6, origin: null },
    { kind: 'merge', state: 'done', priority: 1, origin: null },
  ])
  for (const table of ['audit_log', 'idempotency_keys', 'processes', 'decisions', 'schedule_reports', 'usage']) {
    expect(await rows(`select 1 from ${table}`), table).toHaveLength(1)
  }
  // The triggers write under the new name.
  await rows("update work_items set title = 'renamed' where id = 2")
  expect(await rows('select 1 from dirty_items where work_item_id = 2')).not.toEqual([])
  expect(await rows("select name, data from pgboss.job where state = 'created' order by name")).toEqual([
    { name: 'merge-pull-request', data: { pullRequestId: 1 } },
    { name: 'on-part-issue-created', data: { effectId: 3 } },
    { name: 'on-pull-request-merged', data: { effectId: 5 } },
    { name: 'triage', data: { workItemId: 1 } },
  ])
  expect(await rows("select name from pgboss.queue where name in ('enlist', 'merge', 'created', 'published')")).toEqual(
    [],
  )
})

test('stored settings get the set-up step and the list of examples, and labels start unknown', async () => {
  const old = await databaseBefore('0016_proof')
  await old.exec(`
    insert into repositories (github_id, full_name, installation_id, clone_url, default_branch, settings)
      values (77, 'acme/app', 1, 'https://x/acme/app.git', 'main', '{"label": "x", "gates": {"maxFiles": 7}}'),
             (78, 'acme/new', 1, 'https://x/acme/new.git', 'main', null);
  `)
  const store = await old.open()
  expect(await store.db.select().from(repositories).orderBy(repositories.id)).toMatchObject([
    {
      queueLabels: {},
      settings: {
        ...{ label: 'x', gates: { maxFiles: 7, allowSecrets: [] } },
        setup: { minutes: 20, cache: { key: [], paths: [] } },
      },
    },
    { queueLabels: {}, settings: null },
  ])
})

test('trees and effects get their fences, and settings the part about pull requests', async () => {
  const old = await databaseBefore('0013_places')
  await old.exec(`
    insert into repositories (github_id, full_name, installation_id, clone_url, default_branch, settings)
      values (77, 'acme/app', 1, 'https://x/acme/app.git', 'main', '{"label": "x"}'),
             (78, 'acme/new', 1, 'https://x/acme/new.git', 'main', null),
             (79, 'acme/set', 1, 'https://x/acme/set.git', 'main', '{"pullRequests": {"whenIssueCloses": "close", "reviewers": ["amy"]}}');
    insert into work_items (repository_id, issue_number, title, state, requested_by, requested_by_id, module, branch, base_branch)
      values (1, 1, 'one', 'running', 'm', 1, 'a', 'module/a', 'main'), (1, 2, 'two', 'reviewing', 'm', 1, 'b', 'module/b', 'main');
    insert into runs (work_item_id, attempt, agent) values (1, 1, 'codex');
    insert into worktrees (work_item_id, path, branch, base_sha, rescue_ref) values (2, '/w/2', 'module/b', 'f', 'refs/tutti/rescue/b'), (1, '/w/1', 'module/a', 'f', null);
    insert into pull_requests (repository_id, work_item_id, number, url, head_sha, base_branch) values (1, 2, 3, 'u', 'f', 'main');
    insert into effects (key, kind, repository_id, work_item_id, payload, priority, state, claimed_by)
      values ('status:1', 'status-comment', 1, 1, '{"issueNumber": 1}', 7, 'in_progress', 'gone');
  `)
  const store = await old.open()
  const trees = await store.db.select().from(worktrees).orderBy(worktrees.workItemId)
  expect(trees).toMatchObject([
    { workItemId: 1, path: '/w/1', rescueRef: null, runId: null, leftAt: null },
    { workItemId: 2, path: '/w/2', rescueRef: 'refs/tutti/rescue/b' },
  ])
  expect(new Set(trees.map(({ id }) => id)).size).toBe(2)
  // An item may have another tree now, beside the one that it has.
  await store.db.insert(worktrees).values({ workItemId: 1, path: '/w/1b', branch: 'module/a', baseSha: 'f' })
  expect(await store.db.select().from(runs)).toMatchObject([{ agent: 'codex', processId: null }])
  expect(await store.db.select().from(effects)).toMatchObject([
    { state: 'in_progress', claimEpoch: 0, claimedAt: null },
  ])
  expect(await store.db.select().from(pullRequests)).toMatchObject([{ number: 3, reply: null }])
  const parts = await store.db.select().from(repositories).orderBy(repositories.id)
  expect(parts.map(({ settings }) => settings?.pullRequests)).toEqual([
    { whenIssueCloses: 'keep', reviewers: [] },
    undefined,
    { whenIssueCloses: 'close', reviewers: ['amy'] },
  ])
})

test('runs from before they said what they used have no program, model and provider', async () => {
  const old = await databaseBefore('0019_agent_sessions')
  await old.exec(`
    insert into repositories (github_id, full_name, installation_id, clone_url, default_branch)
      values (77, 'acme/app', 1, 'https://x/acme/app.git', 'main');
    insert into work_items (repository_id, issue_number, title, state, requested_by, requested_by_id, module, branch, base_branch)
      values (1, 1, 'one', 'running', 'm', 1, 'a', 'module/a', 'main');
    insert into runs (work_item_id, attempt, agent) values (1, 1, 'codex');
  `)
  const store = await old.open()
  expect(await store.db.select().from(runs)).toMatchObject([{ agent: 'codex', program: '', model: '', provider: '' }])
})

test('runs and questions of before there was a crew have no member, and the first run gets one', async () => {
  const old = await databaseBefore('0020_crew')
  await old.exec(`
    insert into repositories (github_id, full_name, installation_id, clone_url, default_branch)
      values (77, 'acme/app', 1, 'https://x/acme/app.git', 'main');
    insert into work_items (repository_id, issue_number, title, state, requested_by, requested_by_id, module, branch, base_branch)
      values (1, 1, 'one', 'running', 'm', 1, 'a', 'module/a', 'main');
    insert into runs (work_item_id, attempt, agent, stage) values (1, 1, 'codex', 'ended');
    insert into questions (work_item_id, round, asked) values (1, 1, '["Why?"]');
  `)
  const store = await old.open()
  expect(await runsOf(store.db, 1)).toMatchObject([{ memberId: null, memberName: null, memberWhy: '' }])
  expect(await roundsOf(store.db, 1)).toMatchObject([{ asked: ['Why?'], runId: null }])
  const member = await store.transaction(async (tx) => {
    const item = await getItem(tx.db, 1)
    if (!item) throw new Error('no item')
    await saveMemory(tx, {
      ...{ repositoryId: 1, kind: 'insight', domain: 'tests', digest: 'd', source: 'gate' },
      text: 'Parsers need fixtures',
    })
    return assignMember(tx, undefined, item, { role: 'builder', agent: 'codex', fresh: false })
  })
  expect(member.memberName).toBe('Aria')
  const query = { repositoryId: 1, memberId: null, domain: 'general' as const, terms: 'parser | rest' }
  expect(await findMemories(store.db, query, 5)).toMatchObject([{ text: 'Parsers need fixtures' }])
})

test('items, runs and use of before the ladder count as they did', async () => {
  const old = await databaseBefore('0021_ladder')
  await old.exec(`
    insert into repositories (github_id, full_name, installation_id, clone_url, default_branch, state)
      values (77, 'acme/app', 1, 'https://x/acme/app.git', 'main', 'paused');
    insert into work_items (repository_id, issue_number, title, state, fresh_since, requested_by, requested_by_id, module, branch, base_branch)
      values (1, 1, 'one', 'ready', 4, 'm', 1, 'a', 'module/a', 'main');
    insert into runs (work_item_id, attempt, agent, outcome) values (1, 1, 'codex', 'crashed');
    insert into usage (run_id, repository_id, cost, currency, day) values (1, 1, 5, 'USD', '2026-11-01');
  `)
  const store = await old.open()
  expect(await store.db.select().from(repositories)).toMatchObject([{ state: 'paused', haltedBecause: null }])
  expect(await store.db.select().from(workItems)).toMatchObject([
    { freshSince: 4, replannedSince: null, replanHandoff: null, agent: null },
  ])
  expect(await store.db.select().from(usage)).toMatchObject([{ cost: 5, priced: false }])
  expect(await store.db.select().from(runs)).toMatchObject([{ peakMemory: null, health: null }])
  const crashed = { id: 1, workItemId: 1, agent: 'codex', attempt: 1, outcome: 'crashed', summary: 'It crashed.' }
  for (const failure of ['transient', 'transient', 'code-error'])
    await store.transaction((tx) => noteRestart(tx, crashed, failure, { afterMs: 5_000 }))
  expect(await restartsOf(store.db, 1, new Date(0), { limit: 9 })).toMatchObject([
    { issueNumber: 1, agent: 'codex', reason: 'crashed: It crashed.', attempt: 1, afterMs: 5_000 },
  ])
})

test('repositories and runs of before the operations: none is shut down, every stop is at once', async () => {
  const old = await databaseBefore('0023_operations')
  await old.exec(`
    insert into repositories (github_id, full_name, installation_id, clone_url, default_branch, state)
      values (77, 'acme/app', 1, 'https://x/acme/app.git', 'main', 'paused');
    insert into work_items (repository_id, issue_number, title, state, requested_by, requested_by_id, module, branch, base_branch)
      values (1, 1, 'one', 'running', 'm', 1, 'a', 'module/a', 'main');
    insert into runs (work_item_id, attempt, agent, stage, stop) values (1, 1, 'codex', 'agent', 'Stopped by m');
  `)
  const store = await old.open()
  expect(await store.db.select().from(repositories)).toMatchObject([{ state: 'paused', shutDownAt: null }])
  expect(await store.db.select().from(runs)).toMatchObject([{ stop: 'Stopped by m', stopGracefully: false }])
})

test('worktrees of before the roles are wherever they are, and a process of that version does everything', async () => {
  const old = await databaseBefore('0030_roles')
  const item = `
    insert into repositories (github_id, full_name, installation_id, clone_url, default_branch)
      values (77, 'acme/app', 1, 'https://x/acme/app.git', 'main');
    insert into work_items (repository_id, issue_number, title, state, requested_by, requested_by_id, module, branch, base_branch)
      values (1, 1, 'one', 'running', 'm', 1, 'a', 'module/a', 'main');`
  const tree = `insert into worktrees (work_item_id, path, branch, base_sha) values (1, '/data/a', 'module/a', 'f')`
  const process = (id: string) => `insert into processes (id, host, pid, pid_start_time) values ('${id}', 'h', 1, 't')`
  await old.exec(`${item}; ${tree}; ${process('before')}`)
  const store = await old.open()
  // While processes are upgraded one after another, the older version goes on writing.
  await store.db.execute(process('beside'))
  await store.db.execute(tree)
  expect(await standingWorktrees(store.db, 'a place', 1)).toHaveLength(2)
  expect(await agentCapacity(store.db, 30_000, undefined)).toMatchObject({ slots: undefined, freeMemory: 0 })
  expect(await isOtherPlaceAlive(store.db, 'a place', 30_000)).toBe(false)
})

test('a runner of before the labels takes what asks for nothing, and goes on writing beside the newer ones', async () => {
  const old = await databaseBefore('0037_runner_labels')
  const process = (id: string) =>
    `insert into processes (id, host, pid, pid_start_time, role, slots) values ('${id}', 'h', 1, 't', 'runner', 2)`
  await old.exec(process('before'))
  const store = await old.open()
  await store.db.execute(process('beside'))
  expect(await agentCapacity(store.db, 30_000, undefined)).toEqual({ slots: 4, freeMemory: 0, labels: [[], []] })
})

test('commits that were judged before pictures were kept have none, and get some when they are judged again', async () => {
  const old = await databaseBefore('0035_pictures')
  await old.exec(`
    insert into repositories (github_id, full_name, installation_id, clone_url, default_branch)
      values (77, 'acme/app', 1, 'https://x/acme/app.git', 'main');
    insert into work_items (repository_id, issue_number, title, state, requested_by, requested_by_id, module, branch, base_branch)
      values (1, 1, 'one', 'checking', 'm', 1, 'a', 'module/a', 'main');
    insert into gate_results (work_item_id, sha, gate, verdict, summary) values (1, 'f', 'command', 'pass', 's');
  `)
  const store = await old.open()
  expect(await picturesOf(store.db, 1)).toEqual([])
  const judged = { workItemId: 1, sha: 'f', gate: 'command' }
  const picture = (name: string) => ({ name, digest: 'd', type: 'image/png' as const, content: Buffer.from('x') })
  for (const name of ['a.png', 'b.png']) await store.transaction((tx) => savePictures(tx, judged, [picture(name)]))
  expect(await picturesOf(store.db, 1, 'f')).toEqual([{ sha: 'f', gate: 'command', name: 'b.png', digest: 'd' }])
  await store.transaction((tx) => copyPictures(tx, { workItemId: 1, from: 'f', to: 'g' }))
  await store.transaction((tx) => copyPictures(tx, { workItemId: 1, from: 'f', to: 'g' }))
  expect(await picturesOf(store.db, 1, 'g')).toMatchObject([{ name: 'b.png' }])
  expect(await findPicture(store.db, 1, 'd')).toMatchObject({ type: 'image/png', content: Buffer.from('x') })
  expect(await findPicture(store.db, 2, 'd')).toBeUndefined()
})

test('replies of before they were folded stay where they are until the next step', async () => {
  const old = await databaseBefore('0036_old_replies_and_handles')
  await old.exec(`
    insert into repositories (github_id, full_name, installation_id, clone_url, default_branch)
      values (77, 'acme/app', 1, 'https://x/acme/app.git', 'main');
    insert into work_items (repository_id, issue_number, title, state, reply, requested_by, requested_by_id, module, branch, base_branch)
      values (1, 1, 'one', 'reviewing', 'Queued.', 'm', 1, 'a', 'module/a', 'main');
    insert into pull_requests (repository_id, work_item_id, number, url, head_sha, base_branch, reply)
      values (1, 1, 3, 'u', 'f', 'main', 'I merge #3.');
  `)
  const store = await old.open()
  const step = (to: 'approved' | 'reviewing' | 'ready') =>
    store.transaction(async (tx) => {
      const item = await getItem(tx.db, 1)
      if (item) await transition(tx, item, to, { actor: 'tutti', why: 'w' })
      const [pull] = await tx.db.select().from(pullRequests)
      return [(await getItem(tx.db, 1))?.reply, pull?.reply, (await getItem(tx.db, 1))?.oldReply, pull?.oldReply]
    })
  // The reply to `/merge` is still true there.
  expect(await step('approved')).toEqual(['Queued.', 'I merge #3.', null, null])
  for (const to of ['reviewing', 'ready'] as const)
    expect(await step(to)).toEqual([null, null, 'Queued.', 'I merge #3.'])
})

test('the use of before there were tokens of a day counts whole on the day of its last report', async () => {
  const old = await databaseBefore('0033_tokens_per_day')
  await old.exec(`
    insert into repositories (github_id, full_name, installation_id, clone_url, default_branch)
      values (77, 'acme/app', 1, 'https://x/acme/app.git', 'main');
    insert into work_items (repository_id, issue_number, title, state, requested_by, requested_by_id, module, branch, base_branch)
      values (1, 1, 'one', 'running', 'm', 1, 'a', 'module/a', 'main');
    insert into runs (work_item_id, attempt, agent) values (1, 1, 'codex');
    insert into usage (run_id, repository_id, input_tokens, day) values (1, 1, 70, '2026-11-01');
  `)
  const store = await old.open()
  expect(await spentToday(store.db, new Date('2026-11-01T12:00:00Z'))).toMatchObject([{ tokens: 70 }])
  const [run] = await store.db.select().from(runs)
  if (run) await saveUsage(store.db, run, { inputTokens: 90 }, new Date('2026-11-02T00:01:00Z'))
  expect(await spentToday(store.db, new Date('2026-11-02T12:00:00Z'))).toMatchObject([{ tokens: 20 }])
})

test('messages of before agents could ask each other wait for nothing', async () => {
  const old = await databaseBefore('0034_answer_waits')
  await old.exec(`
    insert into repositories (github_id, full_name, installation_id, clone_url, default_branch)
      values (77, 'acme/app', 1, 'https://x/acme/app.git', 'main');
    insert into work_items (repository_id, issue_number, title, state, requested_by, requested_by_id, module, branch, base_branch)
      values (1, 1, 'one', 'running', 'm', 1, 'a', 'module/a', 'main');
    insert into runs (work_item_id, attempt, agent, stage) values (1, 1, 'codex', 'agent');
    insert into crew_members (repository_id, role, agent, name) values (1, 'builder', 'codex', 'Aria'), (1, 'builder', 'codex', 'Atlas');
    insert into messages (repository_id, work_item_id, channel, from_member_id, from_name, to_name, text)
      values (1, 1, 'item-1', 1, 'Aria', 'Atlas', 'Which port?');
    insert into message_deliveries (message_id, member_id) values (1, 2);
  `)
  const store = await old.open()
  expect(await openWaits(store.db, 1)).toEqual([])
  await store.transaction((tx) => startWait(tx, 1, 1))
  expect(await openWaits(store.db, 1)).toMatchObject([{ messageId: 1, askerName: 'Aria', askedName: 'Atlas' }])
})

test('proposals come to a database that has roadmaps', async () => {
  const old = await databaseBefore('0038_proposals')
  await old.exec(`
    insert into repositories (github_id, full_name, installation_id, clone_url, default_branch)
      values (77, 'acme/app', 1, 'https://x/acme/app.git', 'main');
    insert into work_items (repository_id, issue_number, title, kind, state, requested_by, requested_by_id, module, branch, base_branch)
      values (1, 1, 'one', 'epic', 'ready', 'm', 1, 'a', 'module/a', 'main');
    insert into runs (work_item_id, attempt, agent, purpose) values (1, 1, 'codex', 'breakdown');
  `)
  const store = await old.open()
  const one = { title: 'One', why: 'Because.', size: 'S', risk: 'low', dependsOn: [] } as const
  await store.transaction(async (tx) => {
    const round = await addProposalRound(tx, 1, { login: 'm', id: 1 })
    expect(await addProposalRound(tx, 1, { login: 'm', id: 1 })).toBeUndefined()
    if (round) await replaceProposals(tx, round, [{ ...one, dependsOn: [], source: { kind: 'code', text: 'a' } }])
  })
  expect(await proposalsOf(store.db, 1)).toMatchObject([{ number: 1, title: 'One', state: 'open', issueNumber: null }])
})

test('items of before there was a choice are built by one kind', async () => {
  const old = await databaseBefore('0039_best_of')
  await old.exec(`
    insert into repositories (github_id, full_name, installation_id, clone_url, default_branch)
      values (77, 'acme/app', 1, 'https://x/acme/app.git', 'main');
    insert into work_items (repository_id, issue_number, title, state, requested_by, requested_by_id, module, branch, base_branch)
      values (1, 1, 'one', 'running', 'm', 1, 'a', 'module/a', 'main');
  `)
  const store = await old.open()
  const item = await getItem(store.db, 1)
  expect(item).toMatchObject({ state: 'running', bestOf: null })
  expect(isComparing(item?.bestOf)).toBe(false)
})
