/** What a planner gets when work that keeps failing is planned again. Pure. */

import { lastCharacters } from '../lib/sanitise-text.ts'

/** Five facts. All texts are cut to what a prompt can hold. */
export interface ReplanHandoff {
  /** Why it is planned again, a part of a sentence without a stop. */
  reason: string
  /** What works already. */
  completed: string[]
  failedStep: string
  /** What the last attempt met, with the end of its log. */
  error: string
  /** What to try in another way. */
  suggestion: string
}

/** The facts of one attempt. */
export interface PastAttempt {
  attempt: number
  agent: string
  outcome: string | null
  signature: string | null
  progress: string
  summary: string
  lesson: string
}

/** A step that is held to be done must have been seen: a gate that passed on the last commit. */
export interface GateFact {
  gate: string
  verdict: string
  summary: string
}

/** Of an error, in characters. */
const longestError = 6_000

/**
 * Puts the handoff together.
 * @param attempts the failed attempts that count, oldest first; at least one.
 * @param gates what the gates said about the last commit.
 * @param said what a person asks for; it is the suggestion then.
 */
export function replanHandoff(
  reason: string,
  attempts: readonly PastAttempt[],
  gates: readonly GateFact[],
  said = '',
): ReplanHandoff {
  const last = attempts.at(-1)
  const failed = gates.filter((gate) => gate.verdict === 'fail')
  return {
    reason,
    completed: gates.filter((gate) => gate.verdict === 'pass').map((gate) => `${gate.gate}: ${gate.summary}`.trim()),
    failedStep: failed.length > 0 ? failed.map((gate) => gate.gate).join(', ') : stepOf(last),
    error: endOf(last?.lesson || last?.summary || 'It ended without a word.'),
    suggestion: said || suggestionFor(attempts),
  }
}

function stepOf(last: PastAttempt | undefined): string {
  if (!last) return 'No attempt was made yet.'
  const ended = `attempt ${last.attempt} by ${last.agent} ended with ${last.outcome ?? 'nothing'}`
  return last.progress ? `${ended}, at: ${last.progress}` : ended
}

/** The same failure again and again lies in the approach; different ones lie in the size of the step. */
function suggestionFor(attempts: readonly PastAttempt[]): string {
  const last = attempts.at(-1)
  const signatures = new Set(attempts.map(({ signature }) => signature))
  if (last?.outcome === 'refused the task') return 'Say what is wanted in another way, or leave out what was refused.'
  if (last?.outcome === 'out of time') return 'Take it apart: one attempt was too short for all of it.'
  if (last?.outcome === 'no change') return 'Name the files that must change, and what must be different afterwards.'
  if (attempts.length > 1 && signatures.size === 1)
    return 'Every attempt met the same failure: choose another approach, and check what this one assumed.'
  return 'The attempts failed in different ways: take smaller steps, and have each one checked before the next.'
}

function endOf(text: string): string {
  return text.length <= longestError ? text : `…${lastCharacters(text, longestError)}`
}

/** Attempts with a higher id count: those after a person's `/retry`, and after the item was planned again. */
export function countedSince(item: { freshSince: number | null; replannedSince: number | null }): number {
  return Math.max(item.freshSince ?? 0, item.replannedSince ?? 0)
}
