/** Where a queued item goes first: to be built, to be planned, or to whoever wanted to see how before it starts. */

import type { Settings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import { approvedPlan, itemsLike } from '../db/plans.ts'
import { advance, type ItemRow, type SystemRow } from '../db/work-items.ts'
import { planFirst, type Routing, route } from '../domain/choose-workflow.ts'
import { contentOf } from '../domain/plan.ts'
import { issuesOf } from '../messages/plans.ts'
import { proposal } from '../messages/routing.ts'
import { startBreakdown } from '../planning/breakdown.ts'

/** Routes an item by its words and by what people have said about it, and moves it on. */
export async function setOut(
  tx: Tx,
  system: SystemRow,
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
    await advance(tx, item, 'ready', { actor: 'tutti', why: 'It is made of other issues.' })
    return
  }
  const goal = { title: item.title, body: item.body, effort: item.effort, planned: plan !== undefined }
  const routing: Routing = item.routing?.asked
    ? item.routing
    : { ...route(goal), ...(item.routing ? { mode: item.routing.mode } : {}) }
  const first = planFirst(routing, goal, settings.planning.when)
  const set = { routing }
  if (routing.mode === 'explicit') {
    const like = await itemsLike(tx.db, system.id, item.title, item.issueNumber)
    const why = proposal({ item, routing, first, agent, like })
    await advance(tx, item, 'proposed', { actor: 'tutti', why, set })
  } else if (first) {
    await advance(tx, item, 'planning', { actor: 'tutti', why: `Planned before it is built: ${first}.`, set })
  } else {
    const why = `Nothing to plan: ${routing.signals.join(', ')}.`
    await advance(tx, item, 'ready', { actor: 'tutti', why, set })
  }
}
