/**
 * The issues of an approved breakdown. When all of them are there, and not before, they become work items with their
 * edges, in one transaction: an item must not start while one that it waits for has no number yet.
 */

import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { defaultSettings } from '../config/settings.ts'
import type { Store, Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { addPart } from '../db/epics.ts'
import { claimKey } from '../db/idempotency-keys.ts'
import { type EffectRow, effectById, enqueueEffect } from '../db/outbox.ts'
import { getPlan, type PlanRow } from '../db/plans.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { footprints } from '../db/schema/plans.ts'
import { dependencies, workItems } from '../db/schema/work-items.ts'
import { type ItemRow, lockItem, transition } from '../db/work-items.ts'
import { terminalStates } from '../domain/lifecycle.ts'
import { type BreakdownItem, contentOf, hoursFor } from '../domain/plan.ts'
import { singleLine } from '../lib/sanitise.ts'
import { issuesOf, itemsOf, type PlannedIssue } from '../messages/plans.ts'
import { linkSubIssue } from '../roadmaps/sub-issue-links.ts'
import { createdIssue } from '../work-items/created-issue.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import { enqueueIssue } from '../work-items/enqueue-issue.ts'
import { planIssueKey, planIssueOf, planIssues } from './breakdown.ts'

/** Goes on when the last issue of a breakdown is settled; before that, and after it, nothing happens. */
async function partIssueCreated(tx: Tx, effect: EffectRow): Promise<void> {
  const planId = planIssueOf(effect.key)?.planId ?? 0
  // The epic's row is the turn of whoever comes last.
  const epic = effect.workItemId === null ? undefined : await lockItem(tx, effect.workItemId)
  const plan = await getPlan(tx.db, planId)
  const repo = epic && (await getRepository(tx.db, epic.repositoryId))
  if (!epic || !plan || !repo || repo.state === 'gone') return
  const wanted = await planIssues(tx.db, plan.id)
  if (wanted.some((row) => row.state !== 'done' && row.state !== 'failed')) return
  const failed = wanted.filter((row) => row.state === 'failed')
  if (failed.length > 0) return hold(tx, epic, failed, wanted.length)
  // Given up meanwhile: the issues are there for people, and nobody is set to work.
  if (terminalStates.includes(epic.state) || !(await claimKey(tx, `broken-down:${plan.id}`))) return
  await takeIn(tx, repo, epic, plan, wanted)
}

async function hold(tx: Tx, epic: ItemRow, failed: EffectRow[], all: number): Promise<void> {
  if (epic.state !== 'ready') return
  const why = `${failed.length} of ${all} issues could not be made: ${singleLine(failed[0]?.error ?? 'GitHub refused it')}. Mend that, then \`/retry\` makes them; those that are there stay.`
  await transition(tx, epic, 'held', { actor: 'tutti', why })
}

interface Made {
  planned: PlannedIssue
  /** The item of the issue. */
  item: ItemRow
  /** GitHub's id of the issue. */
  id: number
}

async function takeIn(tx: Tx, repo: RepositoryRow, epic: ItemRow, plan: PlanRow, wanted: EffectRow[]): Promise<void> {
  const content = contentOf(plan)
  if (content.kind !== 'breakdown') return
  const settings = repo.settings ?? defaultSettings()
  const actor = { id: plan.decidedById ?? epic.requestedById, login: plan.decidedBy ?? epic.requestedBy }
  const effects = new Map(wanted.map((row) => [row.key, row]))
  const made = new Map<string, Made>()
  for (const planned of issuesOf(content, epic.issueNumber, settings.label)) {
    const row = effects.get(planIssueKey(plan.id, planned.key))
    const issue = row && createdIssue(row)
    if (!issue) continue
    const epic = planned.kind === 'feature'
    const wish = { repo, settings, issue: { ...issue, nativeBlockers: 0, openParts: 0 }, actor, epic, muted: true }
    const { item } = await enqueueIssue(tx, wish)
    made.set(planned.key, { planned, item, id: issue.id })
  }
  const repository = repo.fullName.toLowerCase()
  for (const [position, one] of [...made.values()].entries()) {
    const above = one.planned.under === undefined ? epic : made.get(one.planned.under)?.item
    if (above) await putUnder(tx, above, one, repository, position)
  }
  for (const item of itemsOf(content)) await furnish(tx, item, made, repository)
}

/** The edge that makes an issue a part of another, and GitHub's own link. */
async function putUnder(
  tx: Tx,
  above: ItemRow,
  { item, id }: Made,
  repository: string,
  position: number,
): Promise<void> {
  const { issueNumber } = item
  await addPart(tx, above.id, 'plan', { repository, issueNumber, position, heading: '', blocker: 'open' })
  await linkSubIssue(tx, above, { repository, number: issueNumber, id })
}

/** What the plan says of an item: its files, its hours, what it waits for. */
async function furnish(
  tx: Tx,
  { key, paths, effort, dependsOn }: BreakdownItem,
  made: ReadonlyMap<string, Made>,
  repository: string,
): Promise<void> {
  const item = made.get(key)?.item
  if (!item) return
  await tx.db
    .update(workItems)
    .set({ plannedHours: hoursFor(effort) })
    .where(eq(workItems.id, item.id))
  if (paths.length > 0) {
    const rows = paths.map((path) => ({ workItemId: item.id, path, source: 'plan' as const }))
    await tx.db.insert(footprints).values(rows).onConflictDoNothing()
  }
  for (const [position, other] of dependsOn.entries()) {
    const blocker = made.get(other)?.item
    if (!blocker) continue
    const edge = { dependentId: item.id, repository, issueNumber: blocker.issueNumber, position }
    await tx.db
      .insert(dependencies)
      .values({ ...edge, source: 'plan', blocker: 'open' })
      .onConflictDoNothing()
    await enqueueEffect(
      tx,
      {
        repositoryId: item.repositoryId,
        workItemId: item.id,
        key: `blocked-by:${item.id}:${repository}#${blocker.issueNumber}`,
      },
      {
        kind: 'blocked-by',
        payload: { issueNumber: item.issueNumber, blocker: { repository, number: blocker.issueNumber }, wanted: true },
      },
    )
  }
}

async function onPartIssueCreated({ store }: { store: Store }, job: { effectId: number }): Promise<void> {
  const effect = await effectById(store.db, job.effectId)
  if (effect) await store.transaction((tx) => partIssueCreated(tx, effect))
}

export const onPartIssueCreatedJob = defineJob(
  { queue: 'on-part-issue-created', payload: z.object({ effectId: z.number().int() }), onFinalFailure: holdItem },
  onPartIssueCreated,
)
