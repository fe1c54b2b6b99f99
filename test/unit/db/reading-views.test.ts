/** The six views for other programs: their columns are a promise, see docs/database.md. */

import { readFileSync } from 'node:fs'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { crewMembers, messageDeliveries, messages } from '../../../src/db/schema/crew.ts'
import { processes } from '../../../src/db/schema/processes.ts'
import { repositories } from '../../../src/db/schema/repositories.ts'
import { restarts, runs, worktrees } from '../../../src/db/schema/runs.ts'
import { dependencies, workItems } from '../../../src/db/schema/work-items.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'

let stage: TestStore

async function rows(query: string): Promise<Record<string, unknown>[]> {
  return ((await stage.store.db.execute(sql.raw(query))) as unknown as { rows: Record<string, unknown>[] }).rows
}

const item = { repositoryId: 1, requestedBy: 'maintainer', requestedById: 1, baseBranch: 'main' }

beforeAll(async () => {
  stage = await openTestStore()
  const { db } = stage.store
  await db.insert(repositories).values({
    ...{
      githubId: 7,
      fullName: 'Acme/App',
      installationId: 1,
      cloneUrl: 'https://x/acme/app.git',
      defaultBranch: 'main',
    },
  })
  await db.insert(workItems).values([
    { ...item, issueNumber: 1, title: 'One', state: 'done', module: 'a', branch: 'module/a' },
    { ...item, issueNumber: 2, title: 'Two', state: 'checking', module: 'b', branch: 'module/b' },
    { ...item, issueNumber: 3, title: 'Three', state: 'ready', module: 'c', branch: 'module/c' },
    { ...item, issueNumber: 4, title: 'Epic', state: 'ready', module: 'd', branch: 'module/d', kind: 'epic' },
  ])
  await db.insert(processes).values({ id: 'here', host: 'h', pid: 77, pidStartTime: 't' })
  await db.insert(crewMembers).values({ repositoryId: 1, role: 'builder', agent: 'codex', name: 'Aria' })
  const health = { silentMs: 125_000, cpuPercent: 12.5, memory: 1_048_576, verdict: 'warning' }
  await db.insert(runs).values([
    { workItemId: 1, attempt: 1, agent: 'codex', stage: 'ended', outcome: 'crashed' },
    { workItemId: 1, attempt: 2, agent: 'person', stage: 'ended' },
    {
      ...{ workItemId: 2, attempt: 1, agent: 'codex', stage: 'agent', memberId: 1, memberName: 'Aria' },
      ...{ processId: 'here', health: health as never },
    },
  ])
  await db.insert(worktrees).values([
    { workItemId: 2, path: '/w/old', branch: 'module/b', baseSha: 'f', leftAt: new Date() },
    { workItemId: 2, path: '/w/2', branch: 'module/b', baseSha: 'f', runId: 3 },
  ])
  await db
    .insert(restarts)
    .values({ runId: 1, workItemId: 1, agent: 'codex', reason: 'crashed', attempt: 1, afterMs: 5_000 })
  await db.insert(dependencies).values([
    { dependentId: 3, repository: 'acme/app', issueNumber: 2, source: 'body', blocker: 'open' },
    { dependentId: 3, repository: 'acme/app', issueNumber: 2, source: 'command', blocker: 'open' },
    { dependentId: 3, repository: 'other/lib', issueNumber: 9, source: 'native', blocker: 'closed' },
    { dependentId: 4, repository: 'acme/app', issueNumber: 3, source: 'sub-issue', blocker: 'open' },
  ])
  await db.insert(messages).values({
    ...{ repositoryId: 1, channel: 'item-2', fromName: 'maintainer', toName: 'Aria', text: 'Mind the cache' },
  })
  await db.insert(messageDeliveries).values({ messageId: 1, memberId: 1, state: 'delivered', attempts: 1 })
})
afterAll(() => stage.close())

it('tasks have a status that other programs know, and the worktree that is in use', async () => {
  expect(await rows('select * from orchestrator_task order by task_id')).toMatchObject([
    { task_id: 'Acme/App#1', status: 'completed', state: 'done', worktree_path: null, assigned_by: 'maintainer' },
    { task_id: 'Acme/App#2', status: 'in_progress', agent_type: 'codex', worktree_path: '/w/2' },
    { task_id: 'Acme/App#3', status: 'pending', agent_type: null },
  ])
})

it('agents are attempts of agents, with the health that was measured last', async () => {
  expect(await rows('select * from agent_lifecycle order by agent_id')).toMatchObject([
    { agent_id: '1', agent_type: 'codex', status: 'crashed', pid: null, silent_seconds: null },
    {
      agent_id: '3',
      name: 'Aria',
      status: 'running',
      task_id: 'Acme/App#2',
      pid: 77,
      cpu_percent: 12.5,
      health: 'warning',
    },
  ])
})

it('messages, worktrees and restarts', async () => {
  expect(await rows('select * from agent_message')).toMatchObject([
    {
      from_agent: 'maintainer',
      to_agent: 'Aria',
      message_type: 'person',
      status: 'delivered',
      content: 'Mind the cache',
    },
  ])
  expect(await rows('select * from git_worktree_tracker order by worktree_id')).toMatchObject([
    { task_id: 'Acme/App#2', worktree_path: '/w/old', status: 'left' },
    { branch_name: 'module/b', worktree_path: '/w/2', status: 'active' },
  ])
  expect(await rows('select * from agent_restart_log')).toMatchObject([
    { agent_id: '1', agent_type: 'codex', reason: 'crashed', attempt_number: 1, backoff_ms: 5_000 },
  ])
})

it('a dependency that two places name is one, and the parts of a roadmap are none', async () => {
  expect(await rows('select * from specs_task_dependency order by blocking_task_id')).toEqual([
    { blocking_task_id: 'Acme/App#2', dependent_task_id: 'Acme/App#3', blocker: 'open', satisfied: false },
    { blocking_task_id: 'other/lib#9', dependent_task_id: 'Acme/App#3', blocker: 'closed', satisfied: true },
  ])
})

it('have exactly the columns that the page names, and its queries run', async () => {
  const page = readFileSync('docs/database.md', 'utf8')
  for (const [, view = '', cell = ''] of page.matchAll(/^\| `(\w+)` \|[^|]*\|([^|]*)\|$/gm)) {
    const named = [...cell.replaceAll(/\([^)]*\)/g, '').matchAll(/`(\w+)`/g)].map(([, column]) => column)
    const columns = await rows(
      `select column_name from information_schema.columns where table_name = '${view}' order by ordinal_position`,
    )
    expect(
      columns.map(({ column_name }) => column_name),
      view,
    ).toEqual(named)
  }
  const queries = [...page.matchAll(/```sql\n(select[^`]*)```/g)].map(([, text = '']) => text)
  expect(await Promise.all(queries.map(rows))).toMatchObject([[], [{ agent_id: '3', silent_seconds: 125 }]])
})
