/**
 * The gardener reports how healthy a backlog is, and corrects blockers that were closed without an event. It runs on a
 * timer and for `/garden`. It starts nothing: the scheduler starts what it frees.
 */

import type { Logger } from 'pino'
import { z } from 'zod'
import type { Env } from '../config/env.ts'
import type { Store } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { type DependencyRow, setBlockerState } from '../db/dependencies.ts'
import { enqueueEffect } from '../db/outbox.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { replyOnItem, requestStatusComment } from '../db/status-comment.ts'
import { getItem } from '../db/work-items.ts'
import type { JobPayloads } from '../domain/jobs.ts'
import { type GitHub, NotFound } from '../github/github.ts'
import { currentTime } from '../lib/clock.ts'
import { counted } from '../lib/counted.ts'
import { backlogHealthReport } from '../messages/backlog-health.ts'
import { type Backlog, itemNameIn, loadBacklog } from '../scheduling/backlog-snapshot.ts'
import { backlogHealth } from './health.ts'

export interface GardenServices {
  store: Store
  env: Env
  github: GitHub
  log: Logger
}

/** Blockers that one `/garden` asks GitHub about. The reconcile asks about all of them in time. */
const mostAsked = 30

/** Handler of the `garden` queue: a person asked, and gets the report on the same issue. */
export async function gardenOnRequest(services: GardenServices, job: JobPayloads['garden']): Promise<void> {
  const { store } = services
  const before = await readBacklog(store)
  const repo = before.repos.get(job.repositoryId)
  if (!repo) return
  const freed = await refreshBlockers(services, before, candidates(before, repo, 'all').slice(0, mostAsked))
  const health = backlogHealth(await readBacklog(store), repo, services.env, currentTime())
  const text = backlogHealthReport(health, freed, repo.fullName)
  await store.transaction(async (tx) => {
    const item = job.workItemId === undefined ? undefined : await getItem(tx.db, job.workItemId)
    if (item) return replyOnItem(tx, item, text)
    const payload = { issueNumber: job.issueNumber, body: text }
    await enqueueEffect(
      tx,
      { repositoryId: repo.id, key: `garden:${repo.id}:${job.key}` },
      { kind: 'comment', payload },
    )
  })
}

/** The gardener of one process, on a timer. It remembers its last report. */
export class Gardener {
  readonly #services: GardenServices
  /** What was unhealthy in each repository the last time. */
  readonly #reported = new Map<number, string>()

  constructor(services: GardenServices) {
    this.#services = services
  }

  /** Corrects the blockers of every repository, and refreshes its roadmaps when its health has changed. */
  async round(): Promise<void> {
    const { store, env, log } = this.#services
    const before = await readBacklog(store)
    if (before.items.size === 0) return
    const missed = [...before.repos.values()].flatMap((repo) => candidates(before, repo, 'ours'))
    const freed = await refreshBlockers(this.#services, before, missed)
    if (freed.length > 0)
      log.info({ freed }, `${counted(freed.length, 'issue was', 'issues were')} done and still waited for`)
    const known = freed.length > 0 ? await readBacklog(store) : before
    for (const repo of known.repos.values()) {
      const health = backlogHealth(known, repo, env, currentTime())
      const now = JSON.stringify([health.stale.map(({ issue }) => issue), health.cycles, health.orphans])
      if ((this.#reported.get(repo.id) ?? '[[],[],[]]') === now) continue
      this.#reported.set(repo.id, now)
      log.info({ repository: repo.fullName, health }, `${repo.fullName} has issues to look at`)
      await this.#refreshRoadmaps(known, repo)
    }
  }

  async #refreshRoadmaps(known: Backlog, repo: RepositoryRow): Promise<void> {
    const epics = [...known.items.values()].filter((item) => item.kind === 'epic' && item.repositoryId === repo.id)
    if (epics.length === 0) return
    await this.#services.store.transaction(async (tx) => {
      for (const epic of epics) await requestStatusComment(tx, epic, 'later')
    })
  }
}

function readBacklog(store: Store): Promise<Backlog> {
  return store.transaction((tx) => loadBacklog(tx))
}

/**
 * Edges that hold an issue of the repository although its blocker may be closed.
 * @param which `ours`: those to items that are done. `all`: also those to issues without an item.
 */
function candidates(known: Backlog, repo: RepositoryRow, which: 'ours' | 'all'): DependencyRow[] {
  const found = new Map<string, DependencyRow>()
  for (const edge of [...known.edges.values()].flat()) {
    const name = itemNameIn(edge)
    const isHere = known.items.get(edge.dependentId)?.repositoryId === repo.id
    const blocker = known.named(name)
    if (!isHere || edge.blocker === 'closed' || (blocker && known.items.has(blocker.id))) continue
    if (which === 'all' || known.finished(name)?.state === 'done') found.set(name, edge)
  }
  return [...found.values()]
}

/** Asks GitHub about each blocker and stores its state. @returns the issues that turned out to be closed. */
async function refreshBlockers(
  { store, github, log }: GardenServices,
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
