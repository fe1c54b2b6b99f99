/** Queues the parts of a roadmap for the person who asked for it, where they have write access; cancels them with it. */

import { tokenByName } from '../db/api-tokens.ts'
import type { Database, Store, Tx } from '../db/connect.ts'
import { canNest, epicsContaining, notQueuedKey } from '../db/epics.ts'
import { claimKey, hasKey, releaseKey } from '../db/idempotency-keys.ts'
import { type RepositoryRow, repositoryByName } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { runsOf } from '../db/runs.ts'
import { type ItemRow, itemOfIssue, lockItem, transition } from '../db/work-items.ts'
import { isEpicIssue } from '../domain/labels.ts'
import { terminalStates } from '../domain/lifecycle.ts'
import { permits, tokenNameOf } from '../domain/permissions.ts'
import type { GitHub } from '../github/github.ts'
import type { ResolvedIssue } from '../github/resolve-issues.ts'
import * as messages from '../messages/roadmaps.ts'
import { enqueueIssue } from '../work-items/enqueue-issue.ts'

/** Items queued in one transaction: it must not keep others waiting for long. */
const atOnce = 25

/** The key for "it was given up together with its roadmap, so it is queued again together with it". */
const releasedKey = (itemId: number) => `let-go:${itemId}`

/** What the question needs. */
interface RoadmapAccess {
  github: GitHub
  store: Pick<Store, 'db'>
}

/** Whether the person who asked for a roadmap has write access to a repository. GitHub is asked once for each reading. */
export type WritePermission = (repo: RepositoryRow) => Promise<boolean>

/** @returns the question; it throws when GitHub cannot be asked, and then nothing may be done. */
export function writePermissionOf({ github, store }: RoadmapAccess, epic: ItemRow): WritePermission {
  const token = tokenNameOf({ id: epic.requestedById, login: epic.requestedBy })
  // In the repository of the roadmap it was checked when the token acted.
  if (token !== undefined) return async (repo) => repo.id === epic.repositoryId || tokenWrites(store.db, token, repo.id)
  const asker = { id: epic.requestedById, login: epic.requestedBy, type: 'User' as const }
  const permissions = new Map<number, Promise<boolean>>()
  return (repo) => {
    const known = permissions.get(repo.id)
    const permission =
      known ??
      github
        .repository(repo)
        .permission(asker)
        .then((one) => permits(one, 'write'))
    permissions.set(repo.id, permission)
    return permission
  }
}

/** Whether a token may write to a repository now. */
async function tokenWrites(db: Database, name: string, repositoryId: number): Promise<boolean> {
  const token = await tokenByName(db, name)
  if (!token || token.role === 'read' || token.revokedAt) return false
  return token.repositoryIds?.includes(repositoryId) !== false
}

/**
 * Queues the parts that are not queued yet.
 * @returns notes about the other parts, for people.
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
  for (const [repo, some] of Map.groupBy(sorted.queue, (one) => one.repo as RepositoryRow)) {
    if (!(await services.mayWrite(repo))) {
      refused.set(repo.fullName, some)
      continue
    }
    for (let at = 0; at < some.length; at += atOnce)
      await queueAll(services.store, epic, repo, some.slice(at, at + atOnce))
  }
  const noteOn = (group: readonly ResolvedIssue[], note: (names: string) => string) =>
    group.length > 0 ? [note(messages.issueNamesIn(here, group))] : []
  return [
    ...noteOn(sorted.noApp, messages.appNotInstalled),
    ...[...refused].map(([name, some]) =>
      messages.requesterMayNotWrite(epic.requestedBy, name, messages.issueNamesIn(here, some)),
    ),
    ...noteOn(sorted.missing, messages.missingIssues),
    ...noteOn(sorted.pulls, messages.pullRequestsLeftOut),
    ...noteOn(sorted.unauthorised, messages.notQueuedUnreported),
    ...noteOn(sorted.givenUp, messages.givenUpBefore),
    ...noteOn(sorted.tooDeep, messages.tooDeeplyNested),
  ]
}

/** The parts by what happens with them. */
interface SortedParts {
  queue: ResolvedIssue[]
  noApp: ResolvedIssue[]
  missing: ResolvedIssue[]
  pulls: ResolvedIssue[]
  /** A person without write access added them, or it is unknown who did. */
  unauthorised: ResolvedIssue[]
  givenUp: ResolvedIssue[]
  tooDeep: ResolvedIssue[]
}

async function sort(store: Store, epic: ItemRow, known: readonly ResolvedIssue[]): Promise<SortedParts> {
  const groups: SortedParts = {
    queue: [],
    noApp: [],
    missing: [],
    pulls: [],
    unauthorised: [],
    givenUp: [],
    tooDeep: [],
  }
  const nests = await canNest(store.db, epic)
  for (const part of known) groups[(await groupOf(store, epic, part, nests)) ?? 'queue'].push(part)
  groups.queue = groups.queue.filter((part) => part.state === 'open' && isStartable(part))
  return groups
}

/** An item that is under way needs nothing; a cancelled one is queued again. */
function isStartable({ item }: ResolvedIssue): boolean {
  return item === undefined || item.state === 'cancelled'
}

async function groupOf(
  { db }: Store,
  epic: ItemRow,
  part: ResolvedIssue,
  nests: boolean,
): Promise<keyof SortedParts | undefined> {
  const { item, issue, repo } = part
  if (issue?.isPullRequest) return 'pulls'
  if (part.state === 'missing') return 'missing'
  if (part.state === 'closed' || (item && !terminalStates.includes(item.state))) return undefined
  if (!repo) return 'noApp'
  if (await hasKey(db, notQueuedKey(epic.id, { repository: part.repository, issueNumber: part.number }))) {
    return 'unauthorised'
  }
  if (item && !(await hasKey(db, releasedKey(item.id)))) return 'givenUp'
  const deep = issue !== undefined && isEpicIssue(issue, settingsOf(repo))
  return deep && !nests ? 'tooDeep' : undefined
}

async function queueAll(
  store: Store,
  epic: ItemRow,
  repo: RepositoryRow,
  some: readonly ResolvedIssue[],
): Promise<void> {
  await store.transaction(async (tx) => {
    const current = await lockItem(tx, epic.id)
    // The roadmap was given up meanwhile: its other parts must not be queued.
    if (!current || terminalStates.includes(current.state)) return
    for (const { issue, item } of some) {
      if (!issue) continue
      const actor = { id: epic.requestedById, login: epic.requestedBy }
      await enqueueIssue(tx, {
        ...{ repo, settings: settingsOf(repo), issue, actor, muted: true },
        lastRunId: item && (await runsOf(tx.db, item.id)).at(-1)?.id,
      })
      if (item) await releaseKey(tx, releasedKey(item.id))
    }
  })
}

/** A roadmap was given up: its parts that have not started, and that no other roadmap has, are given up with it. */
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
    await store.transaction((tx) => releasePart(tx, { epic, name }, repo, issueNumber))
  }
}

/** @param roadmap the epic, and its name as seen from the part. */
async function releasePart(
  tx: Tx,
  { epic, name }: { epic: ItemRow; name: string },
  repo: RepositoryRow,
  issueNumber: number,
): Promise<void> {
  const found = await itemOfIssue(tx.db, repo.id, issueNumber)
  const item = found && (await lockItem(tx, found.id))
  if (!item || !['queued', 'ready'].includes(item.state)) return
  // A task that a person queued by itself has a status comment.
  const queuedByItself = item.kind === 'epic' ? hasLabelItself(item, repo) : !item.muted
  if (queuedByItself || item.requestedById !== epic.requestedById) return
  await claimKey(tx, releasedKey(item.id))
  await transition(tx, item, 'cancelled', {
    actor: epic.requestedBy,
    why: messages.roadmapGivenUp(name),
  })
}

function hasLabelItself(item: ItemRow, repo: RepositoryRow): boolean {
  const { label, roadmap } = settingsOf(repo)
  return item.labels.some((one) => [label, roadmap.label].some((our) => our.toLowerCase() === one.toLowerCase()))
}
