/** Where a queued item goes first: to be built, to be planned, or to a person who wants to see first how it is built. */

import type { Settings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import { approvedPlan, similarItems } from '../db/plans.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { type ItemRow, transition } from '../db/work-items.ts'
import { chooseWorkflow, planFirst, type Routing } from '../domain/choose-workflow.ts'
import { contentOf } from '../domain/plan.ts'
import { isLargeEffort } from '../lib/effort-hours.ts'
import { plannedIssues } from '../messages/breakdown-issues.ts'
import {
  madeOfOtherIssues,
  nothingToPlan,
  plannedFirst,
  planSmallerThanLabel,
  routingPreview,
} from '../messages/triage.ts'
import { startBreakdown } from '../planning/breakdown.ts'

/** Routes an item by its text and by the commands that people gave, and moves it to its next state. */
export async function routeItem(
  tx: Tx,
  repo: RepositoryRow,
  item: ItemRow,
  { settings, agent }: { settings: Settings; agent: string },
): Promise<void> {
  const plan = await approvedPlan(tx.db, item)
  const content = plan && contentOf(plan)
  if (plan && content?.kind === 'breakdown') {
    // The item was held when issues could not be created: they are requested again.
    await startBreakdown(tx, { item, plan }, plannedIssues(content, item.issueNumber, settings.label), 'tutti')
    return
  }
  if (plan && plan.decidedBy === null && item.kind === 'task' && isLargeEffort(item.effort)) {
    await transition(tx, item, 'plan-review', { actor: 'tutti', why: planSmallerThanLabel(item.effort) })
    return
  }
  if (item.kind === 'epic') {
    await transition(tx, item, 'ready', { actor: 'tutti', why: madeOfOtherIssues })
    return
  }
  const goal = { title: item.title, body: item.body, effort: item.effort, planned: plan !== undefined }
  const routing: Routing = item.routing?.asked
    ? item.routing
    : { ...chooseWorkflow(goal), ...(item.routing ? { mode: item.routing.mode } : {}) }
  const first = planFirst(routing, goal, settings.planning.when)
  const set = { routing }
  if (routing.mode === 'explicit') {
    const like = await similarItems(tx.db, repo.id, item.title, item.issueNumber)
    const why = routingPreview({ item, routing, first, agent, like })
    await transition(tx, item, 'plan-review', { actor: 'tutti', why, set })
  } else if (first) {
    await transition(tx, item, 'planning', { actor: 'tutti', why: plannedFirst(first), set })
  } else {
    const why = nothingToPlan(routing.signals)
    await transition(tx, item, 'ready', { actor: 'tutti', why, set })
  }
}
