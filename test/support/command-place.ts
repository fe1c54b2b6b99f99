/** Gives commands on issues of a real store, and plays the other steps of an item. */

import { eq, sql } from 'drizzle-orm'
import { type CommandContext, type Reply, runCommand } from '../../src/commands/command.ts'
import { parseCommand } from '../../src/commands/parse.ts'
import { loadCommands } from '../../src/commands/registry.ts'
import { defaultSettings, type Settings } from '../../src/config/settings.ts'
import type { Store } from '../../src/db/connect.ts'
import { savePull } from '../../src/db/pull-requests.ts'
import { getRepository, saveRepository } from '../../src/db/repositories.ts'
import { addRun } from '../../src/db/runs.ts'
import { approvals, pullRequests } from '../../src/db/schema/pull-requests.ts'
import { gateResults, runs } from '../../src/db/schema/runs.ts'
import { type ItemRow, itemOfIssue, transition } from '../../src/db/work-items.ts'
import type { RepositoryIdentity } from '../../src/domain/events.ts'
import type { Actor, Issue } from '../../src/domain/github.ts'
import type { ItemState } from '../../src/lib/item-state.ts'
import { openTestStore } from './test-store.ts'

export const commands = await loadCommands()
export const head = 'a'.repeat(40)
export const newHead = 'b'.repeat(40)
const maintainer: Actor = { id: 7, login: 'maintainer', type: 'User' }
let repositories = 0

/** Opens a store for one test file. */
export async function openPlaces() {
  const { store, close } = await openTestStore()
  return {
    store,
    /** A repository of its own for each story. */
    place: (settings?: Partial<Settings>) => makePlace(store, settings),
    /** What waits in a queue. */
    jobs: (queue: string) => jobs(store, queue),
    close,
  }
}

/**
 * A repository with one issue, and a way to give commands on it.
 * @param facts the repository, where a GitHub of the test has it.
 */
export async function makePlace(store: Store, settings: Partial<Settings> = {}, facts?: RepositoryIdentity) {
  repositories++
  const repo = await saveRepository(store.db, {
    githubId: repositories,
    fullName: `acme/app-${repositories}`,
    private: false,
    installationId: 1,
    cloneUrl: 'http://127.0.0.1/acme/app.git',
    defaultBranch: 'main',
    ...facts,
  })
  const issue: Issue = {
    number: 12,
    title: 'Add a clock',
    body: 'It should tell the time.',
    url: 'http://127.0.0.1/acme/app/issues/12',
    state: 'open',
    labels: ['tutti', 'priority:1', 'effort:L'],
    author: maintainer,
    isPullRequest: false,
  }
  const settingsHere: Settings = { ...defaultSettings(), ...settings }

  async function say(line: string, changes: Partial<CommandContext> = {}): Promise<Reply> {
    const parsed = parseCommand(line, settingsHere.prefix, commands)
    if (!parsed || !('command' in parsed)) throw new Error(`no command: ${line}`)
    const row = await getRepository(store.db, repo.id)
    if (!row) throw new Error('the system is gone')
    return store.transaction(async (tx) => {
      const item = await itemOfIssue(tx.db, repo.id, issue.number)
      const context = {
        tx,
        repo: row,
        settings: settingsHere,
        item,
        issue,
        actor: maintainer,
        commands: [...commands.values()],
      }
      return runCommand(parsed.command, { ...context, ...changes }, parsed.args)
    })
  }

  /** Gives a command as a program does, by its name and with its arguments in JSON; on no issue unless `changes` has one. */
  async function give(name: string, args: unknown = {}, changes: Partial<CommandContext> = {}): Promise<Reply> {
    const command = commands.get(name)
    const row = await getRepository(store.db, repo.id)
    if (!command || !row) throw new Error(`no command or no system: ${name}`)
    const all = { settings: settingsHere, actor: maintainer, door: 'rest' as const, commands: [...commands.values()] }
    return store.transaction((tx) => runCommand(command, { tx, repo: row, ...all, ...changes }, args))
  }

  async function item(): Promise<ItemRow> {
    const row = await itemOfIssue(store.db, repo.id, issue.number)
    if (!row) throw new Error('there is no item')
    return row
  }

  /** Moves the item along its lifecycle, as the other steps would. */
  async function go(...states: ItemState[]): Promise<ItemRow> {
    for (const to of states) {
      await store.transaction(async (tx) => {
        const row = await itemOfIssue(tx.db, repo.id, issue.number)
        if (row) await transition(tx, row, to, { actor: 'tutti', why: `Because ${to}.` })
      })
    }
    return item()
  }

  /** Starts an attempt, as the scheduler and a runner would. */
  async function start(progress = '') {
    const row = await go('running')
    return store.transaction(async (tx) => {
      const run = await addRun(tx, row.id, { agent: 'scripted', feedback: '', cleanWorktree: false })
      await tx.db.update(runs).set({ stage: 'agent', progress }).where(eq(runs.id, run.id))
      return run
    })
  }

  async function end(runId: number, outcome: string): Promise<void> {
    await store.db.update(runs).set({ stage: 'ended', outcome, endedAt: new Date() }).where(eq(runs.id, runId))
  }

  /** An item under review: pull request 40 at `head`. */
  async function review(
    gates: Record<string, 'pass' | 'fail' | 'needs-approval' | 'skip'> = { changes: 'pass', command: 'pass' },
  ) {
    await say('/queue')
    await go('ready')
    const run = await start()
    await end(run.id, 'finished')
    const row = await go('checking', 'reviewing')
    for (const [gate, verdict] of Object.entries(gates)) await judged(gate, verdict, head)
    return store.transaction((tx) =>
      savePull(tx, {
        repositoryId: repo.id,
        workItemId: row.id,
        number: 40,
        url: 'http://127.0.0.1/acme/app/pull/40',
        headSha: head,
        baseBranch: 'main',
      }),
    )
  }

  async function judged(
    gate: string,
    verdict: 'pass' | 'fail' | 'needs-approval' | 'skip',
    sha: string,
  ): Promise<void> {
    const { id } = await item()
    await store.db.insert(gateResults).values({ workItemId: id, sha, gate, verdict, summary: `The ${gate} summary.` })
  }

  let reviewId = 0
  async function reviewed(
    state: 'approved' | 'changes_requested' | 'commented' | 'dismissed',
    by = 'reviewer',
    sha = head,
  ): Promise<void> {
    const [pull] = await store.db.select().from(pullRequests).where(eq(pullRequests.repositoryId, repo.id))
    if (!pull) throw new Error('there is no pull request')
    reviewId++
    const reviewerId = [...by].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 0) % 100_000
    await store.db.insert(approvals).values({ pullRequestId: pull.id, reviewId, reviewer: by, reviewerId, sha, state })
  }

  return { repo, issue, settings: settingsHere, say, give, item, go, start, end, review, judged, reviewed }
}

async function jobs(store: Store, queue: string): Promise<unknown[]> {
  const result = await store.db.execute(sql`select data from pgboss.job where name = ${queue} and state < 'active'`)
  return (result as unknown as { rows: { data: unknown }[] }).rows.map((row) => row.data)
}
