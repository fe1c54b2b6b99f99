/**
 * Reacts to the issues of an approved breakdown. When all of them exist, and not before, they become work items with
 * their edges, in one transaction: an item must not start while an issue that it waits for has no number yet.
 */

import { eq } from 'drizzle-orm'
import { z } from 'zod'
import type { Store, Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { addPart } from '../db/epics.ts'
import { claimKey } from '../db/idempotency-keys.ts'
import { type EffectRow, effectById, enqueueEffect } from '../db/outbox.ts'
import { getPlan, type PlanRow } from '../db/plans.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { footprints } from '../db/schema/plans.ts'
import { dependencies, workItems } from '../db/schema/work-items.ts'
import { type ItemRow, lockItem, transition } from '../db/work-items.ts'
import { terminalStates } from '../domain/lifecycle.ts'
import { type BreakdownItem, contentOf, hoursFor } from '../domain/plan.ts'
import { breakdownItems, type PlannedIssue, plannedIssues } from '../messages/breakdown-issues.ts'
import { issuesNotCreated } from '../messages/planning.ts'
import { linkSubIssue } from '../roadmaps/sub-issue-links.ts'
import { createdIssue } from '../work-items/created-issue.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import { enqueueIssue } from '../work-items/enqueue-issue.ts'
import { planIssueKey, planIssueOf, planIssues } from './breakdown.ts'

/** Acts when the last issue of a breakdown was created or refused; before and after that, nothing happens. */
async function partIssueCreated(tx: Tx, effect: EffectRow): Promise<void> {
  const planId = planIssueOf(effect.key)?.planId ?? 0
  // The lock on the epic's row lets these jobs run one after another.
  const epic = effect.workItemId === null ? undefined : await lockItem(tx, effect.workItemId)
  const plan = await getPlan(tx.db, planId)
  const repo = epic && (await getRepository(tx.db, epic.repositoryId))
  if (!epic || !plan || !repo || repo.state === 'gone') return
  const requests = await planIssues(tx.db, plan.id)
  if (requests.some((row) => row.state !== 'done' && row.state !== 'failed')) return
  const failed = requests.filter((row) => row.state === 'failed')
  if (failed.length > 0) return hold(tx, epic, failed, requests.length)
  // The epic was given up meanwhile: the issues stay for people, and no agent works on them.
  if (terminalStates.includes(epic.state) || !(await claimKey(tx, `broken-down:${plan.id}`))) return
  await createItems(tx, { repo, epic, plan, requests })
}

async function hold(tx: Tx, epic: ItemRow, failed: EffectRow[], all: number): Promise<void> {
  if (epic.state !== 'ready') return
  const why = issuesNotCreated(failed.length, all, failed[0]?.error ?? null)
  await transition(tx, epic, 'held', { actor: 'tutti', why })
}

interface CreatedPart {
  planned: PlannedIssue
  /** The item of the issue. */
  item: ItemRow
  /** GitHub's id of the issue. */
  id: number
}

interface Breakdown {
  repo: RepositoryRow
  epic: ItemRow
  plan: PlanRow
  /** The effects that created its issues. */
  requests: EffectRow[]
}

async function createItems(tx: Tx, { repo, epic, plan, requests }: Breakdown): Promise<void> {
  const content = contentOf(plan)
  if (content.kind !== 'breakdown') return
  const settings = settingsOf(repo)
  const actor = { id: plan.decidedById ?? epic.requestedById, login: plan.decidedBy ?? epic.requestedBy }
  const effects = new Map(requests.map((row) => [row.key, row]))
  const created = new Map<string, CreatedPart>()
  for (const planned of plannedIssues(content, epic.issueNumber, settings.label)) {
    const row = effects.get(planIssueKey(plan.id, planned.key))
    const issue = row && createdIssue(row)
    if (!issue) continue
    const { item } = await enqueueIssue(tx, {
      ...{ repo, settings, actor, muted: true },
      issue: { ...issue, nativeBlockers: 0, openParts: 0 },
      epic: planned.kind === 'feature',
    })
    created.set(planned.key, { planned, item, id: issue.id })
  }
  const repository = repo.fullName.toLowerCase()
  for (const [position, part] of [...created.values()].entries()) {
    const parent = part.planned.under === undefined ? epic : created.get(part.planned.under)?.item
    if (parent) await linkPart(tx, parent, part, { repository, position })
  }
  for (const item of breakdownItems(content)) await applyPlan(tx, item, created, repository)
}

/** The edge that makes an issue a part of another, and GitHub's own link. */
async function linkPart(
  tx: Tx,
  parent: ItemRow,
  { item, id }: CreatedPart,
  { repository, position }: { repository: string; position: number },
): Promise<void> {
  const { issueNumber } = item
  await addPart(tx, parent.id, 'plan', { repository, issueNumber, position, heading: '', blocker: 'open' })
  await linkSubIssue(tx, parent, { repository, number: issueNumber, id })
}

/** Stores what the plan says of an item: its files, its hours, its dependencies. */
async function applyPlan(
  tx: Tx,
  { key, paths, effort, dependsOn }: BreakdownItem,
  created: ReadonlyMap<string, CreatedPart>,
  repository: string,
): Promise<void> {
  const item = created.get(key)?.item
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
    const blocker = created.get(other)?.item
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
