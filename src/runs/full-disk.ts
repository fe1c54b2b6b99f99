/** A disk without room: no agent starts on it, and what ends badly on it says nothing about the work. */

import { currentMs } from '../lib/clock.ts'
import { hasRoom } from '../lib/disk-room.ts'
import { fullDiskMs, RetryAfter } from '../lib/errors.ts'
import { diskIsFull } from '../messages/runs.ts'
import type { RunContext } from './context.ts'
import type { AttemptEnd, FailedEnd } from './outcomes.ts'
import { classify } from './retry-policy.ts'

/** The end of an attempt for which there was no room. */
export const noRoomLeft: FailedEnd = { outcome: 'disk full', summary: diskIsFull }

type Place = Pick<RunContext, 'env' | 'log'>

/** Whether the disk of the data directory is full; the operator is told. */
export async function isWithoutRoom({ env, log }: Place): Promise<boolean> {
  if (await hasRoom(env.dataDirectory)) return false
  log.error({ directory: env.dataDirectory }, 'the disk is full: work waits until there is room')
  return true
}

/**
 * For what has failed where it may be the disk: it is judged again later.
 * @throws {RetryAfter} where the disk is full.
 */
export async function laterWithoutRoom(place: Place): Promise<void> {
  if (await isWithoutRoom(place)) throw new RetryAfter('the disk is full', new Date(currentMs() + fullDiskMs))
}

/**
 * The end of an attempt, or that there was no room for it: an agent that cannot write a file crashes, gives up, or changes
 * nothing. One that has passed its own share of the disk has failed all the same.
 */
export async function unlessDiskIsFull(context: Place, ending: AttemptEnd): Promise<AttemptEnd> {
  const failure = classify(ending.outcome === 'asked' ? 'finished' : ending.outcome)
  const mayComeFromIt = failure === 'transient' || failure === 'infrastructure' || failure === 'code-error'
  if (!mayComeFromIt || ending.outcome === 'over its disk limit') return ending
  return (await isWithoutRoom(context)) ? noRoomLeft : ending
}
