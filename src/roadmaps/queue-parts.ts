/** Taking the parts of a roadmap in: on the word of whoever asked for it, where they may write. And letting them go. */

import { defaultSettings } from '../config/settings.ts'
import type { Store, Tx } from '../db/connect.ts'
import { canNest, epicsContaining, notQueuedKey } from '../db/epics.ts'
import { claimKey, hasKey, releaseKey } from '../db/idempotency-keys.ts'
import { type RepositoryRow, repositoryByName } from '../db/repositories.ts'
import { runsOf } from '../db/runs.ts'
import { type ItemRow, itemOfIssue, lockItem, transition } from '../db/work-items.ts'
import { isEpicIssue } from '../domain/labels.ts'
import { terminalStates } from '../domain/lifecycle.ts'
import { permits } from '../domain/permissions.ts'
import type { ResolvedIssue } from '../github/resolve-issues.ts'
import type { GitHub } from '../github/types.ts'
import * as messages from '../messages/roadmap-parts.ts'
import { enqueueIssue } from '../work-items/enqueue-issue.ts'

/** Items queued in one transaction: it must not keep others waiting for long. */
const atOnce = 25

/** The key that says "it was given up together with its roadmap, so that it comes back with it". */
const letGoKey = (itemId: number) => `let-go:${itemId}`

/** Whether whoever asked for a roadmap may write to a repository: asked once for each reading of it. */
export type WritePermission = (repo: RepositoryRow) => Promise<boolean>

/** @returns the question; it throws when GitHub cannot be asked, and then nothing may be done. */
export function writePermissionOf(github: GitHub, epic: ItemRow): WritePermission {
  const asker = { id: epic.requestedById, login: epic.requestedBy, type: 'User' as const }
  const answers = new Map<number, Promise<boolean>>()
  return (repo) => {
    const known = answers.get(repo.id)
    const answer =
      known ??
      github
        .repository(repo)
        .permission(asker)
        .then((one) => permits(one, 'write'))
    answers.set(repo.id, answer)
    return answer
  }
}

/**
 * Queues what is not queued yet.
 * @returns what a person should know of the rest.
 * @throws when GitHub cannot be asked who may do what; nothing of that repository is queued then.
 */
export async function queueParts(
  services: { store: Store; mayWrite: WritePermission },
  epic: ItemRow,
  known: readonly ResolvedIssue[],
  here: string,
): Promise<string[]> {
  const sorted = await sort(services.store, epic, known)
  const refused = new Map<string, ResolvedIssue[]>()
  for (const [repo, some] of Map.groupBy(sorted.take, (one) => one.repo as RepositoryRow)) {
    if (!(await services.mayWrite(repo))) {
      refused.set(repo.fullName, some)
      continue
    }
    for (let at = 0; at < some.length; at += atOnce)
      await queue(services.store, epic, repo, some.slice(at, at + atOnce))
  }
  const told = (group: readonly ResolvedIssue[], words: (names: string) => string) =>
    group.length > 0 ? [words(messages.issueNamesIn(here, group))] : []
  return [
    ...told(sorted.noApp, messages.noApp),
    ...[...refused].map(([name, some]) =>
      messages.mayNotWrite(epic.requestedBy, name, messages.issueNamesIn(here, some)),
    ),
    ...told(sorted.missing, messages.missingIssues),
    ...told(sorted.pulls, messages.pullRequestsLeftOut),
    ...told(sorted.notTaken, messages.notQueuedUnreported),
    ...told(sorted.givenUp, messages.givenUp),
    ...told(sorted.tooDeep, messages.tooDeep),
  ]
}

interface Sorted {
  take: ResolvedIssue[]
  noApp: ResolvedIssue[]
  missing: ResolvedIssue[]
  pulls: ResolvedIssue[]
  notTaken: ResolvedIssue[]
  givenUp: ResolvedIssue[]
  tooDeep: ResolvedIssue[]
}

async function sort(store: Store, epic: ItemRow, known: readonly ResolvedIssue[]): Promise<Sorted> {
  const groups: Sorted = { take: [], noApp: [], missing: [], pulls: [], notTaken: [], givenUp: [], tooDeep: [] }
  const nests = await canNest(store.db, epic)
  for (const part of known) groups[(await groupOf(store, epic, part, nests)) ?? 'take'].push(part)
  groups.take = groups.take.filter((part) => part.state === 'open' && isStartable(part))
  return groups
}

/** An item that is on its way needs nothing; one that was let go is queued again. */
function isStartable({ item }: ResolvedIssue): boolean {
  return item === undefined || item.state === 'cancelled'
}

async function groupOf(
  { db }: Store,
  epic: ItemRow,
  part: ResolvedIssue,
  nests: boolean,
): Promise<keyof Sorted | undefined> {
  const { item, issue, repo } = part
  if (issue?.isPullRequest) return 'pulls'
  if (part.state === 'missing') return 'missing'
  if (part.state === 'closed' || (item && !terminalStates.includes(item.state))) return undefined
  if (!repo) return 'noApp'
  if (await hasKey(db, notQueuedKey(epic.id, { repository: part.repository, issueNumber: part.number }))) {
    return 'notTaken'
  }
  if (item && !(await hasKey(db, letGoKey(item.id)))) return 'givenUp'
  const deep = issue !== undefined && isEpicIssue(issue, repo.settings ?? defaultSettings())
  return deep && !nests ? 'tooDeep' : undefined
}

async function queue(store: Store, epic: ItemRow, repo: RepositoryRow, some: readonly ResolvedIssue[]): Promise<void> {
  await store.transaction(async (tx) => {
    const current = await lockItem(tx, epic.id)
    // Given up meanwhile: what is not queued yet must not come.
    if (!current || terminalStates.includes(current.state)) return
    for (const { issue, item } of some) {
      if (!issue) continue
      const actor = { id: epic.requestedById, login: epic.requestedBy }
      await enqueueIssue(tx, {
        ...{ repo, settings: repo.settings ?? defaultSettings(), issue, actor, muted: true },
        lastRunId: item && (await runsOf(tx.db, item.id)).at(-1)?.id,
      })
      if (item) await releaseKey(tx, letGoKey(item.id))
    }
  })
}

/** A roadmap was given up: those of its parts that nobody began and nobody else wants are given up with it. */
export async function releaseParts(
  store: Store,
  epic: ItemRow,
  here: string,
  parts: readonly { repository: string; issueNumber: number }[],
): Promise<void> {
  const known = new Map<string, RepositoryRow | undefined>()
  for (const { repository, issueNumber } of parts) {
    if (!known.has(repository)) known.set(repository, await repositoryByName(store.db, repository))
    const repo = known.get(repository)
    const over = await epicsContaining(store.db, repository, issueNumber)
    if (!repo || over.some((other) => other.id !== epic.id && !terminalStates.includes(other.state))) continue
    const name = messages.issueNameIn(repo.fullName, { repository: here, number: epic.issueNumber })
    await store.transaction((tx) => letGoOf(tx, epic, name, repo, issueNumber))
  }
}

async function letGoOf(tx: Tx, epic: ItemRow, name: string, repo: RepositoryRow, issueNumber: number): Promise<void> {
  const found = await itemOfIssue(tx.db, repo.id, issueNumber)
  const item = found && (await lockItem(tx, found.id))
  if (!item || !['queued', 'ready'].includes(item.state)) return
  // A task that somebody asked for by itself has been told of on its issue.
  const byItself = item.kind === 'epic' ? asksForItself(item, repo) : !item.muted
  if (byItself || item.requestedById !== epic.requestedById) return
  await claimKey(tx, letGoKey(item.id))
  await transition(tx, item, 'cancelled', {
    actor: epic.requestedBy,
    why: `${name}, which it is a part of, was given up.`,
  })
}

function asksForItself(item: ItemRow, repo: RepositoryRow): boolean {
  const { label, roadmap } = repo.settings ?? defaultSettings()
  return item.labels.some((one) => [label, roadmap.label].some((our) => our.toLowerCase() === one.toLowerCase()))
}
