/**
 * The gardener: how healthy a backlog is, and mending what is satisfied but was not noted. On a timer, and when
 * somebody says `/garden`. It starts nothing itself: what it frees is the scheduler's to start.
 */

import { eq } from 'drizzle-orm'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Env } from '../config/env.ts'
import type { Store } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { type DependencyRow, setBlockerState } from '../db/dependencies.ts'
import { enqueueEffect } from '../db/outbox.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { workItems } from '../db/schema/work-items.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { getItem } from '../db/work-items.ts'
import type { JobPayloads } from '../domain/jobs.ts'
import { type GitHub, NotFound } from '../github/types.ts'
import { type Backlog, itemNameIn, loadBacklog } from '../scheduling/backlog-snapshot.ts'
import { backlogHealth, healthInWords } from './health.ts'

export interface GardenParts {
  store: Store
  env: Env
  github: GitHub
  log: Logger
}

/** Blockers that one `/garden` asks GitHub about; the reconcile asks about all of them in time. */
const mostAsked = 30

/** Handler of the `garden` queue: somebody asked, and gets the report where they did. */
export async function gardenOnRequest(parts: GardenParts, job: JobPayloads['garden']): Promise<void> {
  const { store } = parts
  const before = await read(store)
  const repo = before.repos.get(job.repositoryId)
  if (!repo) return
  const freed = await mend(parts, before, candidates(before, repo, 'all').slice(0, mostAsked))
  const health = backlogHealth(await read(store), repo, parts.env, new Date())
  const text = healthInWords(health, freed, repo.fullName)
  await store.transaction(async (tx) => {
    const item = job.workItemId === undefined ? undefined : await getItem(tx.db, job.workItemId)
    if (item) {
      await tx.db.update(workItems).set({ reply: text }).where(eq(workItems.id, item.id))
      await requestStatusComment(tx, item, 'now')
      return
    }
    const payload = { issueNumber: job.issueNumber, body: text }
    await enqueueEffect(
      tx,
      { repositoryId: repo.id, key: `garden:${repo.id}:${job.key}` },
      { kind: 'comment', payload },
    )
  })
}

/** The gardener of one process, by the clock. It remembers what it has said. */
export class Gardener {
  readonly #context: GardenParts
  /** What was unhealthy in each system the last time. */
  readonly #told = new Map<number, string>()

  constructor(parts: GardenParts) {
    this.#context = parts
  }

  /** Looks after every repository: mends, and has roadmaps shown anew when what is stale has changed. */
  async round(): Promise<void> {
    const { store, env, log } = this.#context
    const before = await read(store)
    if (before.items.size === 0) return
    const missed = [...before.repos.values()].flatMap((repo) => candidates(before, repo, 'ours'))
    const freed = await mend(this.#context, before, missed)
    if (freed.length > 0) log.info({ freed }, `${freed.length} issues were done and still waited for`)
    const known = freed.length > 0 ? await read(store) : before
    for (const repo of known.repos.values()) {
      const health = backlogHealth(known, repo, env, new Date())
      const now = JSON.stringify([health.stale.map(({ issue }) => issue), health.cycles, health.orphans])
      if ((this.#told.get(repo.id) ?? '[[],[],[]]') === now) continue
      this.#told.set(repo.id, now)
      log.info({ repository: repo.fullName, health }, `${repo.fullName} has issues to look at`)
      await this.#renewRoadmaps(known, repo)
    }
  }

  async #renewRoadmaps(known: Backlog, repo: RepositoryRow): Promise<void> {
    const epics = [...known.items.values()].filter((item) => item.kind === 'epic' && item.repositoryId === repo.id)
    if (epics.length === 0) return
    await this.#context.store.transaction(async (tx) => {
      for (const epic of epics) await requestStatusComment(tx, epic, 'later')
    })
  }
}

function read(store: Store): Promise<Backlog> {
  return store.transaction((tx) => loadBacklog(tx))
}

/**
 * Edges that hold an issue of the system although what they name may be over.
 * @param which `ours`: those to items that are done. `all`: also those to issues that nobody works on here.
 */
function candidates(known: Backlog, repo: RepositoryRow, which: 'ours' | 'all'): DependencyRow[] {
  const asked = new Map<string, DependencyRow>()
  for (const edge of [...known.edges.values()].flat()) {
    const name = itemNameIn(edge)
    const mine = known.items.get(edge.dependentId)?.repositoryId === repo.id
    const ours = known.named(name)
    if (!mine || edge.blocker === 'closed' || (ours && known.items.has(ours.id))) continue
    if (which === 'all' || known.finished(name)?.state === 'done') asked.set(name, edge)
  }
  return [...asked.values()]
}

/** Asks GitHub about each and notes what it says. @returns the issues that turned out to be closed. */
async function mend(
  { store, github, log }: GardenParts,
  known: Backlog,
  edges: readonly DependencyRow[],
): Promise<string[]> {
  const closed: string[] = []
  for (const { repository, issueNumber, dependentId, blocker } of edges) {
    const own = [...known.repos.values()].find(({ fullName }) => fullName.toLowerCase() === repository)
    const from = known.repos.get(known.items.get(dependentId)?.repositoryId ?? 0)
    const where = own ?? (from && { fullName: repository, installationId: from.installationId })
    if (!where) continue
    const state = await stateOf(github, where, issueNumber).catch((error) => {
      log.warn({ err: error, issue: `${repository}#${issueNumber}` }, 'an issue could not be asked about')
      return undefined
    })
    if (state === undefined || state === blocker) continue
    await store.transaction((tx) => setBlockerState(tx, repository, issueNumber, state))
    if (state === 'closed') closed.push(`${repository}#${issueNumber}`)
  }
  return closed
}

async function stateOf(
  github: GitHub,
  where: Pick<RepositoryRow, 'fullName' | 'installationId'>,
  issue: number,
): Promise<DependencyRow['blocker']> {
  try {
    return (await github.repository(where).issue(issue)).state
  } catch (error) {
    if (error instanceof NotFound) return 'missing'
    throw error
  }
}

export const gardenJob = defineJob(
  {
    queue: 'garden',
    payload: z.object({
      repositoryId: z.number().int(),
      workItemId: z.number().int().optional(),
      issueNumber: z.number().int(),
      key: z.string(),
    }),
    batch: 1,
  },
  gardenOnRequest,
)
