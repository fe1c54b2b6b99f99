/** Steps that the commands about plans share. */

import { type ItemRow, transition, updateReason } from '../../db/work-items.ts'
import { chooseWorkflow, planFirst, type Routing } from '../../domain/choose-workflow.ts'
import { UserError } from '../../lib/errors.ts'
import { startsWhenAgentIsFree } from '../../messages/commands/common.ts'
import * as messages from '../../messages/commands/plans.ts'
import type { CommandContext } from '../command.ts'
import { statusSentence } from './status-sentence.ts'

/** The item of a command about plans. @throws {UserError} when there is none. */
export function plannedItem(context: CommandContext): ItemRow {
  if (context.item) return context.item
  throw new UserError(...messages.nothingQueuedToPlan(context.settings.prefix))
}

/** The person has seen how it would be worked on, and approves. @returns what happens now, as a sentence. */
export async function goAhead({ tx, actor, settings }: CommandContext, item: ItemRow): Promise<string> {
  const goal = { title: item.title, body: item.body, effort: item.effort }
  const routing: Routing = { ...(item.routing ?? chooseWorkflow(goal)), mode: 'implicit' }
  const first = planFirst(routing, goal, settings.planning.when)
  const by = { actor: actor.login, set: { routing } }
  if (first) {
    await transition(tx, item, 'planning', { ...by, why: messages.saidYes(actor.login, first) })
    return messages.agentPlansNow
  }
  await transition(tx, item, 'ready', { ...by, why: messages.saidYes(actor.login) })
  return startsWhenAgentIsFree
}

/** Refuses a command that has nothing to decide. @param problem why, as a sentence; the status of the item follows. */
export async function notNow(context: CommandContext, item: ItemRow, problem: string): Promise<never> {
  throw new UserError(...messages.problemAndStatus(problem, await statusSentence(context, item)))
}

/** Stores how an item that stays `queued` is worked on, for its triage. */
export async function routeWhenQueued({ tx }: CommandContext, item: ItemRow, routing: Routing): Promise<void> {
  await updateReason(tx, item, { why: item.reason, set: { routing } })
}
