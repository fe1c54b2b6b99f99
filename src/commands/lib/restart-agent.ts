/** Ends an agent so that another one starts at once, as `/agents restart` does. */

import type { AgentAtWork } from '../../db/agents.ts'
import { noteRestart } from '../../db/restarts.ts'
import { isReview, isSideRun, requestStop } from '../../db/runs.ts'
import { lockItem, transition, updateReason } from '../../db/work-items.ts'
import { UserError } from '../../lib/errors.ts'
import * as messages from '../../messages/commands/agents.ts'
import type { CommandContext } from '../command.ts'

/**
 * Asks the agent to stop and makes its item ready again. What it changed is kept. The next one starts once no process of it
 * is left.
 * @returns the reply.
 * @throws {UserError} while its item is checked or merged: no agent is there then.
 */
export async function restartAgent({ tx, actor }: CommandContext, { run, item }: AgentAtWork): Promise<string> {
  const now = await lockItem(tx, item.id)
  const isSide = isSideRun(run)
  if (!now || (!isSide && now.state !== 'running' && now.state !== 'planning'))
    throw new UserError(...messages.gatesAreAtWork(item))
  if (run.stop) return messages.isBeingStopped(item)
  const why = messages.restartedBy(actor.login)
  await requestStop(tx, item.id, why)
  await noteRestart(tx, { ...run, outcome: 'restarted', summary: why }, 'transient', { afterMs: 0 })
  // Its end begins the next one: it moves no item.
  if (isSide) return isReview(run) ? messages.reviewRestarted(run, item) : messages.proposalsRestarted(run, item)
  if (now.state === 'planning') await updateReason(tx, now, { why })
  else await transition(tx, now, 'ready', { actor: actor.login, why })
  return messages.restarted(run, item)
}
