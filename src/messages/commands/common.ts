/** Sentences that the replies of several commands share. */

import { singleLine } from '../../lib/sanitise.ts'
import { firstCharacters } from '../../lib/sanitise-text.ts'
import { agentName, type NamedRun } from '../crew.ts'
import { typed } from './typed.ts'

/** Why a command is refused, and what to do about it: the two parts of a `UserError`. */
export type CommandRefusal = readonly [problem: string, hint?: string]

export const nothingQueued = (prefix: string): CommandRefusal => [
  'Nothing is queued here.',
  `${typed(prefix, 'queue')} queues it.`,
]
export const issueIsClosed: CommandRefusal = ['This issue is closed.', 'Open it again first.']

/** @param status the sentence of messages/commands/status.ts. */
export const nothingToDo = (status: string) => `Nothing to do. ${status}`
export const alreadyUnderWay = (status: string) => `It is on its way already. ${status}`

export const startsWhenAgentIsFree = 'It starts as soon as an agent is free.'
export const repositoryIsPaused = (prefix: string) =>
  `The whole repository is paused; ${typed(prefix, 'resume all')} lets work start.`
export const countsOnceQueued = ' It counts once the issue is queued.'

/** An attempt that is ended, and how far it was. @param agent `person` for the check of a person's push. */
export function endedAttempt(run: NamedRun & { attempt: number; progress: string }): string {
  if (run.agent === 'person') return 'the check of what a person pushed'
  if (run.agent === 'git') return 'the check of the branch with its base'
  return `attempt ${run.attempt} by **${agentName(run)}**${reachedProgress(run.progress)}`
}

/** How far an attempt was; '' when its agent reported nothing. */
export function reachedProgress(progress: string): string {
  return progress ? `, which had reached “${singleLine(progress)}”` : ''
}

/** Paths that two items share, as code: nothing in them is markup. */
export function sharedPaths(overlaps: readonly { mine: string; theirs: string }[]): string {
  return overlaps
    .map(({ mine, theirs }) => (mine === theirs ? pathCode(mine) : `${pathCode(mine)} and ${pathCode(theirs)}`))
    .join(', ')
}

function pathCode(text: string): string {
  return `\`${firstCharacters(text.replaceAll('`', "'").replace(/\p{Cc}/gu, ' '), 120)}\``
}

/** A text of a person as a sentence: with a stop at its end where it has none. */
export function withStop(text: string): string {
  return /[.!?…]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`
}

/** A time, to the minute. */
export function clock(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
