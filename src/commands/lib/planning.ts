/** What the commands about plans share. */

import { type ItemRow, transition, updateReason } from '../../db/work-items.ts'
import { chooseWorkflow, planFirst, type Routing } from '../../domain/choose-workflow.ts'
import { UserError } from '../../lib/errors.ts'
import { singleLine } from '../../lib/sanitise.ts'
import type { CommandContext } from '../command.ts'
import { statusSentence, typed } from './status-sentence.ts'

/** The item that a command about plans is said about. @throws {UserError} when there is none. */
export function plannedItem(context: CommandContext): ItemRow {
  if (context.item) return context.item
  throw new UserError(
    'Nothing is queued here.',
    `${typed(context, 'plan')} has an agent plan it, ${typed(context, 'queue')} queues it.`,
  )
}

/** Whether an item waits for a person to say whether it is worked on at all. */
export function waitsForGo(item: ItemRow): boolean {
  return item.state === 'plan-review' && item.routing?.mode === 'explicit'
}

/** The person has seen how it would be worked on, and wants that. @returns what happens now, as a sentence. */
export async function goAhead({ tx, actor, settings }: CommandContext, item: ItemRow): Promise<string> {
  const goal = { title: item.title, body: item.body, effort: item.effort }
  const routing: Routing = { ...(item.routing ?? chooseWorkflow(goal)), mode: 'implicit' }
  const first = planFirst(routing, goal, settings.planning.when)
  const by = { actor: actor.login, set: { routing } }
  if (first) {
    await transition(tx, item, 'planning', {
      ...by,
      why: `${actor.login} said yes. Planned before it is built: ${first}.`,
    })
    return 'An agent plans it now.'
  }
  await transition(tx, item, 'ready', { ...by, why: `${actor.login} said yes.` })
  return 'It starts as soon as an agent is free.'
}

/** Nothing to decide: says where the item stands, and what the command is for. */
export async function notNow(context: CommandContext, item: ItemRow, what: string): Promise<never> {
  throw new UserError(`${what} ${await statusSentence(context, item)}`)
}

/** Says of an item that stays `queued` how it is to be worked on, for when it is looked at. */
export async function routeWhenQueued({ tx }: CommandContext, item: ItemRow, routing: Routing): Promise<void> {
  await updateReason(tx, item, { why: item.reason, set: { routing } })
}

/** A person's words inside a reply. */
export function quotedGoal(text: string): string {
  return `“${singleLine(text, 200)}”`
}
