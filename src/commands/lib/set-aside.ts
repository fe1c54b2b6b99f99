/** Sets an item aside: what `/stop`, `/pause`, `/block`, `/skip` and `/unqueue` share. */

import { pullOfItem } from '../../db/pull-requests.ts'
import { cancelMergeRequest } from '../../db/reviews.ts'
import { liveRun, requestStop } from '../../db/runs.ts'
import { type ItemRow, transition } from '../../db/work-items.ts'
import { UserError } from '../../lib/errors.ts'
import { type Interrupted, isBeingMerged, setAsideReason, stoppedBy } from '../../messages/commands/lifecycle.ts'
import type { CommandContext } from '../command.ts'

/**
 * Sets an item aside, asks its agent to stop, and cancels a requested merge.
 * @param change.verb how the reason starts: `Stopped`, `Paused`, `Cancelled`.
 * @param change.because the person's reason, already fit to be shown.
 * @param change.gracefully whether the agent may first finish the tool call that it is in.
 * @returns what was ended, for the reply.
 * @throws {UserError} while the item is being merged: a merge cannot be cancelled.
 */
export async function setAside(
  context: CommandContext,
  item: ItemRow,
  {
    to,
    verb,
    because = '',
    gracefully = false,
  }: { to: 'paused' | 'cancelled' | 'skipped' | 'held'; verb: string; because?: string; gracefully?: boolean },
): Promise<Interrupted> {
  const { tx, actor } = context
  if (item.state === 'merging') throw new UserError(...isBeingMerged)
  const run = await liveRun(tx.db, item.id)
  if (run) await requestStop(tx, item.id, stoppedBy(verb, actor.login), { gracefully })
  const pull = await pullOfItem(tx.db, item.id)
  if (pull?.mergeSha) await cancelMergeRequest(tx, pull.id)
  const why = setAsideReason(verb, actor.login, run, because)
  await transition(tx, item, to, { actor: actor.login, why })
  return { run, openPull: pull?.state === 'open' ? pull.number : undefined }
}
