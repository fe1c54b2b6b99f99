/** Where a queued item goes first: to be built, to be planned, or to whoever wanted to see how before it starts. */

import type { Settings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import { approvedPlan, similarItems } from '../db/plans.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { type ItemRow, transition } from '../db/work-items.ts'
import { chooseWorkflow, planFirst, type Routing } from '../domain/choose-workflow.ts'
import { contentOf } from '../domain/plan.ts'
import { issuesOf } from '../messages/plans.ts'
import { routingPreview } from '../messages/routing.ts'
import { startBreakdown } from '../planning/breakdown.ts'

/** Routes an item by its words and by what people have said about it, and moves it on. */
export async function routeItem(
  tx: Tx,
  repo: RepositoryRow,
  item: ItemRow,
  { settings, agent }: { settings: Settings; agent: string },
): Promise<void> {
  const plan = await approvedPlan(tx.db, item)
  const content = plan && contentOf(plan)
  if (plan && content?.kind === 'breakdown') {
    // It was held on the way: what could not be made is made once more.
    await startBreakdown(tx, item, plan, issuesOf(content, item.issueNumber, settings.label), 'tutti')
    return
  }
  if (item.kind === 'epic') {
    await transition(tx, item, 'ready', { actor: 'tutti', why: 'It is made of other issues.' })
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
    await transition(tx, item, 'planning', { actor: 'tutti', why: `Planned before it is built: ${first}.`, set })
  } else {
    const why = `Nothing to plan: ${routing.signals.join(', ')}.`
    await transition(tx, item, 'ready', { actor: 'tutti', why, set })
  }
}
