/** Replies of `/queue`, `/unqueue`, `/skip`, `/block`, `/pause`, `/resume`, `/stop` and `/retry`. */

import type { ItemState } from '../../lib/item-state.ts'
import { firstCharacters } from '../../lib/sanitise-text.ts'
import { type CommandRefusal, endedAttempt, reachedProgress, repositoryIsPaused, withStop } from './common.ts'
import { typed } from './typed.ts'

/** What a command ended: the attempt that was under way, and a pull request that stays open. */
export interface Interrupted {
  run: { attempt: number; agent: string; progress: string } | undefined
  /** Its number. */
  openPull: number | undefined
}

/**
 * The reason of an item that a command sets aside.
 * @param verb `Stopped`, `Paused`, `Cancelled`.
 * @param because the person's reason, fit to be shown; '' when there is none.
 */
export function setAsideReason(verb: string, login: string, run: Interrupted['run'], because: string): string {
  const attempt = run ? `, in attempt ${run.attempt}${reachedProgress(run.progress)}` : ''
  return `${verb} by ${login}${attempt}${because ? `: ${withStop(because)}` : '.'}`
}
/** Why the run is asked to stop. */
export const stoppedBy = (verb: string, login: string) => `${verb} by ${login}`
export const isBeingMerged: CommandRefusal = ['It is being merged at this moment; that cannot be taken back.']

/** `/queue` */
export function queuedReply(queued: { again: boolean; attempts: number; paused: boolean }, prefix: string): string {
  const fresh = queued.attempts > 0 ? ' with its text as it is now; earlier attempts no longer count' : ''
  const paused = queued.paused ? ` ${repositoryIsPaused(prefix)}` : ''
  return `${queued.again ? 'Queued again' : 'Queued'}${fresh}.${paused}`
}

/** `/unqueue` */
export const nothingToUnqueue = 'Nothing is queued here.'
export const unqueuedReply = (interrupted: Interrupted, prefix: string) =>
  givenUpReply('Cancelled', interrupted, '', prefix)

/** `/skip` */
export const cancelledCannotBeSkipped = 'It was cancelled already, so there is nothing to skip.'
/** @param released whether items that wait for it may start. */
export const skippedReply = (interrupted: Interrupted, released: boolean, prefix: string) =>
  givenUpReply(
    'Skipped',
    interrupted,
    released ? 'What waits for it goes on without it.' : 'What waits for it still does, as the settings say.',
    prefix,
  )

function givenUpReply(verb: string, { run, openPull }: Interrupted, others: string, prefix: string): string {
  return [
    run ? `${verb}, and its agent was asked to stop.` : `${verb}.`,
    openPull ? `Pull request #${openPull} stays open; close it if it is not wanted.` : '',
    others,
    `${typed(prefix, 'queue')} queues it again.`,
  ]
    .filter(Boolean)
    .join(' ')
}

/** `/block` */
export const heldAlready = (status: string) => `It is held already. ${status}`
export const nothingToBlock = (status: string): CommandRefusal => [`There is nothing to hold back. ${status}`]
export const blockedReply = (reason: string, interrupted: Interrupted, prefix: string) =>
  `Blocked: ${withStop(reason)}${stopsAndStaysOpen(interrupted)} ${typed(prefix, 'resume')} goes on.`

/** `/pause` */
export const nothingQueuedToPause = (prefix: string): CommandRefusal => [
  'Nothing is queued here.',
  `${typed(prefix, 'pause all')} pauses the repository.`,
]
export const nothingToPause = (status: string): CommandRefusal => [`There is nothing to pause. ${status}`]
export const pausedReply = (interrupted: Interrupted, prefix: string) =>
  `Paused.${stopsAndStaysOpen(interrupted)} ${typed(prefix, 'resume')} goes on.`
export const noAccessToPause: CommandRefusal = ['Tutti has no access to this repository any more.']
export const pausedAllReply = (already: boolean, prefix: string) =>
  `The repository is paused${already ? ' already' : ''}: no new attempt starts, running ones finish. ${typed(prefix, 'resume all')} goes on, ${typed(prefix, 'stop --all')} ends the running ones too.`

function stopsAndStaysOpen({ run, openPull }: Interrupted): string {
  const stopped = run ? ` It stops ${endedAttempt(run)}; what was changed is kept.` : ''
  const pull = openPull ? ` Pull request #${openPull} stays open and is not merged meanwhile.` : ''
  return `${stopped}${pull}`
}

/** `/resume` */
export const resumedBy = (login: string) => `Resumed by ${login}.`
export const gatesHaveNotJudged = (commit: string) => `The gates have not judged ${commit} yet.`
/** @param checkpoint its name, when the work goes back to one. */
export const resumedReply = (then: string, checkpoint?: string) =>
  checkpoint === undefined ? `Resumed. ${then}` : `Resumed from the checkpoint ${code(checkpoint)}. ${then}`
export function noSuchCheckpoint(name: string, known: readonly string[]): CommandRefusal {
  const there = known.length > 0 ? `There are ${known.map(code).join(', ')}.` : 'No agent has made one here.'
  return [`There is no checkpoint ${code(name)}. ${there}`, '`/resume` alone goes on from where the work is.']
}
export const checkpointWithoutCommit = (name: string): CommandRefusal => [
  `The checkpoint ${code(name)} was made before the first commit: there is no state to go back to.`,
  '`/resume` alone goes on from where the work is.',
]
/** What the next agent reads. */
export const goBackToCheckpoint = (login: string, point: { name: string; headSha: string; text: string }) =>
  `${login} has the work go on from the checkpoint “${point.name}” (${point.text}). Bring the files back to that state first, with \`git restore --source=${point.headSha} --staged --worktree .\`, and take another way from there.`

function code(text: string): string {
  return `\`${firstCharacters(text.replaceAll('`', "'").replace(/\p{Cc}/gu, ' '), 100)}\``
}
export const goesOnSoon = 'It goes on as soon as nothing holds it back.'
export const isNotPaused = (status: string) => `It is not paused. ${status}`
/** @param alone issues that were paused by themselves, by name. */
export function resumedAllReply(wasPaused: boolean, alone: readonly string[]): string {
  const note = alone.length > 0 ? ` Paused by themselves, and still so: ${alone.join(', ')}.` : ''
  return `${wasPaused ? 'The repository goes on.' : 'The repository was not paused.'}${note}`
}

/** `/stop` */
export const noAgentHere = (status?: string): CommandRefusal => [
  status === undefined ? 'No agent is working here.' : `No agent is working here. ${status}`,
]
export const stoppingReply = (run: Interrupted['run'], prefix: string) =>
  `Stopping ${run ? endedAttempt(run) : 'the work'}. What it changed is kept: ${typed(prefix, 'resume')} goes on from there, ${typed(prefix, 'unqueue')} gives it up.`
/** @param openPull the number of its pull request. */
export const pausedBeforeStart = (openPull: number | undefined, prefix: string) =>
  `No agent was working here. The issue is paused, so that none starts.${stopsAndStaysOpen({ run: undefined, openPull })} ${typed(prefix, 'resume')} goes on, ${typed(prefix, 'unqueue')} gives it up.`
/** @param status where the issue stands, which the stop does not change. */
export const stoppingLeftOver = (run: NonNullable<Interrupted['run']>, status: string) =>
  `Stopping ${endedAttempt(run)}. ${status}`
export const noAgentInRepository = 'No agent is working in this repository.'
export const stoppingAllReply = (issues: readonly string[], prefix: string) =>
  `Stopping the work on ${issues.join(', ')}. What was changed is kept: ${typed(prefix, 'resume')} on each goes on. Others may still start; ${typed(prefix, 'pause all')} prevents that.`

export const stoppingReviews = (issues: readonly string[]) =>
  `Stopping the review by an agent of ${issues.join(', ')}. The pull requests go on without it.`
export const stoppingProposals = (issues: readonly string[]) =>
  `Stopping the agent that looks for proposals on ${issues.join(', ')}.`

/** `/retry` */
export const retriedBy = (login: string) => `Tried again, as ${login} asked.`
/** @param forgiven attempts that no longer count. @param free attempts that may follow. @param any whether there was one. */
export function retriedReply({ forgiven, free, any }: { forgiven: number; free: number; any: boolean }): string {
  const past =
    forgiven === 1 ? 'The attempt so far no longer counts' : `The ${forgiven} attempts so far no longer count`
  const reset = forgiven > 0 ? ` ${past}: ${free} ${free === 1 ? 'is' : 'are'} free again.` : ''
  return `Trying again.${reset}${any ? ' The branch and what earlier attempts left are kept.' : ''}`
}
export const waitsNoLonger = 'It no longer waits and starts as soon as an agent is free.'
export const nothingToRetry = (status: string, state: ItemState, prefix: string): CommandRefusal => [
  `There is nothing to try again. ${status}`,
  retryHint(state, prefix),
]

/** What goes on instead; undefined where the status says so. */
function retryHint(state: ItemState, prefix: string): string | undefined {
  switch (state) {
    case 'reviewing':
    case 'approved':
      return 'To have something changed, ask for changes in a review.'
    case 'asking':
      return `${typed(prefix, 'answer')} with your answer goes on.`
    case 'plan-review':
      return `${typed(prefix, 'approve')} goes on, ${typed(prefix, 'reject')} with the reason has it planned again.`
    case 'done':
      return `${typed(prefix, 'queue')} queues it again.`
    default:
      return undefined
  }
}

/** `/retry` with a text. */
export const personSaysHow = (login: string, how: string, lesson: string) =>
  [`${login} says how to do it now:\n\n${how}`, lesson].filter(Boolean).join('\n\n')
export const nothingToDoDifferently: [string, string] = [
  'No agent has tried it yet, so there is nothing to do differently.',
  'Put it into the text of the issue, then say `/queue`.',
]
