/**
 * Labels that say how urgent and how big an issue is, which part of the repository it is about, and how it is worked on.
 * Put on after the label that queues, they count as if they had been there before.
 */

import { eq } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { claimKey, hasKey, lastEventTime, recordEventTime } from '../db/idempotency-keys.ts'
import { effectsOf } from '../db/outbox.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { buildsOf } from '../db/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { type ItemRow, itemOfIssue, lockItem, transition } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { IssueChanged, IssueSnapshot } from '../domain/events.ts'
import { isQueueLabel, isScopedLabel, labelFacts, moduleOf } from '../domain/labels.ts'
import { isTerminal } from '../domain/lifecycle.ts'
import { defaultWorkflow, unknownWorkflow } from '../domain/workflows.ts'
import { mayWrite } from '../github/permissions.ts'
import { isLargeEffort } from '../lib/effort-hours.ts'
import { labelsChanged } from '../messages/triage.ts'
import type { Services } from './services.ts'

/** What a scoped label of an item says, where it differs from what the item has. */
type Change = Partial<Pick<ItemRow, 'priority' | 'effort' | 'loop'>> & { module?: string | null }

/** Acts on a label that does not queue. */
export async function applyScopedLabels(
  services: Services,
  event: Pick<IssueChanged, 'issue' | 'sender' | 'at'>,
  repo: RepositoryRow | undefined,
): Promise<EventOutcome> {
  const { issue, sender, at } = event
  const item = repo && (await itemOfIssue(services.store.db, repo.id, issue.number))
  if (!repo || !item || isTerminal(item)) return ignored('the label means nothing here')
  const change = scopedLabelChange(item, issue.labels)
  const names = Object.keys(change)
  if (names.length === 0) return ignored('the label changes nothing')
  const subject = `size:${repo.id}#${issue.number}`
  const newest = await lastEventTime(services.store.db, subject)
  if (at && newest && newest > at) return ignored('older than what is known of its labels')
  if (!(await mayWrite(services, repo, sender))) return ignored(`${sender.login} may not write here`)
  return services.store.transaction(async (tx) => {
    if (at) await recordEventTime(tx, subject, at)
    const current = await lockItem(tx, item.id)
    if (!current || isTerminal(current)) return ignored('nothing is under way')
    await apply(tx, repo, current, { labels: issue.labels, change, by: sender.login })
    return done(`${names.join(', ')} by a label`)
  })
}

/**
 * Scoped labels that no delivery has reported: the history of the issue says who put the last one on.
 * @returns undefined where there is nothing new: then nothing was asked of GitHub, or it is not asked again.
 */
export async function applyLateLabels(
  services: Services,
  repo: RepositoryRow,
  item: ItemRow,
  issue: IssueSnapshot,
): Promise<EventOutcome | undefined> {
  if (isTerminal(item) || Object.keys(scopedLabelChange(item, issue.labels)).length === 0) return undefined
  const { db } = services.store
  const labels = issue.labels.filter(isScopedLabel).toSorted().join(' ')
  const key = `late-labels:${repo.id}#${item.issueNumber}:${labels}`
  if (await hasKey(db, key)) return undefined
  // What a command has set is not on GitHub yet.
  const scopes = ['priority:', 'effort:'].map((scope) => `family:${repo.id}#${item.issueNumber}:${scope}`)
  if ((await effectsOf(db, scopes)).some(({ state }) => state !== 'done')) return undefined
  const events = (await services.github.repository(repo).issueEvents(item.issueNumber)) ?? []
  const last = events.findLast(
    ({ event, label }) => (event === 'labeled' || event === 'unlabeled') && isScopedLabel(label ?? ''),
  )
  const queued = events.findLast(
    ({ event, label }) => event === 'labeled' && isQueueLabel(label ?? '', settingsOf(repo)),
  )
  const since = (await lastEventTime(db, `size:${repo.id}#${item.issueNumber}`)) ?? queued?.at
  const isNews = last && !services.github.isSelf(last.actor) && (!since || last.at > since)
  const outcome = isNews
    ? await applyScopedLabels(services, { issue, sender: last.actor, at: last.at }, repo)
    : ignored('no person has changed its labels since')
  if (outcome.state === 'done') return outcome
  await services.store.transaction((tx) => claimKey(tx, key))
  return undefined
}

/** What the scoped labels of an issue change about its item; empty when they change nothing. */
export function scopedLabelChange(item: ItemRow, labels: readonly string[]): Change {
  const { priority, effort, module, loop } = labelFacts(labels)
  const wanted = loop ?? defaultWorkflow
  return {
    ...(priority === item.priority ? {} : { priority }),
    ...(effort === item.effort ? {} : { effort }),
    ...(wanted === item.loop ? {} : { loop: wanted }),
    ...(module === (moduleOf(item) ?? null) ? {} : { module }),
  }
}

/**
 * Whether an item that waits to start is prepared once more: its size decides whether a person is asked first, its module
 * which kind of agent works on it.
 */
function routesAgain({ effort, loop, module }: Change): boolean {
  return isLargeEffort(effort ?? null) || loop !== undefined || module !== undefined
}

async function apply(
  tx: Tx,
  repo: RepositoryRow,
  item: ItemRow,
  seen: { labels: readonly string[]; change: Change; by: string },
): Promise<void> {
  const { module, ...set } = seen.change
  const settings = settingsOf(repo)
  const untouched = (await buildsOf(tx.db, item.id)).length === 0
  const name = `${module ?? 'issue'}-${item.issueNumber}`
  // A branch with work on it keeps its name.
  const place = module !== undefined && untouched ? { module: name, branch: `${settings.branches.prefix}${name}` } : {}
  const labels = [...item.labels.filter((one) => !isScopedLabel(one)), ...seen.labels.filter(isScopedLabel)]
  const again = untouched && item.kind === 'task' && routesAgain(seen.change)
  const resumeState = again && item.resumeState === 'ready' ? { resumeState: 'queued' as const } : {}
  const [row = item] = await tx.db
    .update(workItems)
    .set({ ...set, ...place, ...resumeState, labels })
    .where(eq(workItems.id, item.id))
    .returning()
  const unknown = set.loop && unknownWorkflow(settings, set.loop)
  if (item.state === 'ready' && again) {
    await transition(tx, row, 'queued', { actor: seen.by, why: labelsChanged(seen.by) })
  } else if (item.state === 'ready' && unknown) {
    await transition(tx, row, 'held', { actor: 'tutti', why: unknown })
  } else {
    await tx.enqueue({ queue: 'schedule' })
    await requestStatusComment(tx, row, 'later')
  }
}
