/** Taking an item off its way: what `/stop`, `/pause` and `/unqueue` share. */

import { pullOfItem } from '../../db/pull-requests.ts'
import { cancelMergeRequest } from '../../db/reviews.ts'
import { liveRun, type RunRow, requestStop } from '../../db/runs.ts'
import { type ItemRow, transition } from '../../db/work-items.ts'
import { UserError } from '../../lib/errors.ts'
import { singleLine } from '../../lib/sanitise.ts'
import type { CommandContext } from '../command.ts'

/** What was taken off, for the reply. */
export interface Aside {
  /** The attempt that was under way. */
  run: RunRow | undefined
  /** The number of a pull request that stays open. */
  openPull: number | undefined
}

/**
 * Moves an item aside, asks its agent to stop, and takes back a `/merge` that was said.
 * @param verb how the reason starts: `Stopped`, `Paused`, `Cancelled`.
 * @param because what the person said about it, already fit to be shown.
 * @throws {UserError} while the item is being merged: that cannot be taken back.
 */
export async function setAside(
  context: CommandContext,
  item: ItemRow,
  to: 'paused' | 'cancelled' | 'skipped' | 'held',
  verb: string,
  because = '',
): Promise<Aside> {
  const { tx, actor } = context
  if (item.state === 'merging') throw new UserError('It is being merged at this moment; that cannot be taken back.')
  const run = await liveRun(tx.db, item.id)
  if (run) await requestStop(tx, item.id, `${verb} by ${actor.login}`)
  const pull = await pullOfItem(tx.db, item.id)
  if (pull?.mergeSha) await cancelMergeRequest(tx, pull.id)
  const why = `${verb} by ${actor.login}${run ? `, in attempt ${run.attempt}${reached(run)}` : ''}${because ? `: ${because}` : '.'}`
  await transition(tx, item, to, { actor: actor.login, why })
  return { run, openPull: pull?.state === 'open' ? pull.number : undefined }
}

/** An attempt that was ended, and how far it was. */
export function endedAttempt(run: RunRow): string {
  if (run.agent === 'person') return 'the check of what a person pushed'
  return `attempt ${run.attempt} by **${run.agent}**${reached(run)}`
}

function reached(run: RunRow): string {
  return run.progress ? `, which had reached “${singleLine(run.progress)}”` : ''
}
