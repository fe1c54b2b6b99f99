/** What people read where several kinds of agent build one issue. */

import type { BestOf, Candidate } from '../domain/best-of.ts'
import { counted } from '../lib/counted.ts'
import { codeBlock, singleLine } from '../lib/sanitise.ts'
import type { CommandRefusal } from './commands/common.ts'
import { typed } from './commands/typed.ts'

/** Why the next kind starts. */
export const nextCandidateBuilds = ({ name, passed, why }: Candidate, next: string) =>
  `${name} is done${passed ? ': every gate passed' : `: ${singleLine(why, 200).replace(/\.$/, '')}`}. Now \`${next}\` builds it too, from the same start.`
export const candidateChosen = (chosen: Candidate, { candidates }: BestOf) =>
  `${chosen.name} made what is shown: ${reasonFor(chosen, candidates)}.`

function reasonFor(chosen: Candidate, all: readonly Candidate[]): string {
  const others = all.filter((one) => one !== chosen && one.passed)
  if (others.length === 0) return 'no other commit passed the gates'
  if (others.every(({ asks }) => asks > chosen.asks)) return 'fewer gates want an approval for it'
  if (others.every(({ lines }) => lines > chosen.lines)) return 'every gate passed, and it changes fewer lines'
  return 'every gate passed'
}

/** Replies of `/best-of`. */
export const bestOfQueued = (kinds: readonly string[]) =>
  `${kinds.map((kind) => `\`${kind}\``).join(' and ')} build this one after another, each from the same start. The gates choose; you see both in the pull request.`
export const bestOfTooLate = (status: string): CommandRefusal => [
  `An agent has begun already, so there is nothing to compare any more. ${status}`,
]
export const bestOfNeedsKinds = (prefix: string): CommandRefusal => [
  'Name two or three different kinds of agent.',
  `For example: ${typed(prefix, 'best-of codex claude-code')}.`,
]
export const bestOfIsForTasks: CommandRefusal = [
  'This issue is worked on as the issues it is made of.',
  'Say it there.',
]

/** Replies of `/use`. */
export const nothingToUse: CommandRefusal = ['Only one commit was made for this issue, so there is no other to use.']
export const useWhileReviewed = (status: string): CommandRefusal => [
  `Another commit can be used while the pull request waits for review, as it was opened. ${status}`,
]
export const cannotUseCandidate = (kind: string, others: readonly Candidate[], prefix: string): CommandRefusal => {
  const usable = others.filter(({ passed }) => passed).map(({ kind: one }) => one)
  return [
    `\`${singleLine(kind, 50)}\` has made nothing here that passed the gates.`,
    usable.length > 0 ? `There is ${usable.map((one) => typed(prefix, `use ${one}`)).join(', ')}.` : '',
  ]
}
export const useNotWithVerified: CommandRefusal = [
  'not supported yet: another commit cannot be used together with `commits.verified`.',
]
export const isShown = (kind: string) => `The pull request shows what \`${kind}\` made already.`
export const candidateUsed = (login: string, { name }: Candidate) => `${login} chose what ${name} made.`
export const candidateUsedReply = (now: Candidate, before: string, prefix: string) =>
  `The pull request gets what ${now.name} made; approvals of the other commit no longer count. ${typed(prefix, `use ${before}`)} takes it back.`

/**
 * Why this commit is shown, and folded what was not chosen, for the pull request.
 * @param patches by kind; cut where they are long. @param how.isAsOpened nothing was added to what is shown: another one can be used.
 */
export function otherCandidates(
  { kinds, candidates, chosen, replaces }: BestOf,
  patches: ReadonlyMap<string, { text: string; truncated: boolean }>,
  how: { prefix: string; isAsOpened: boolean },
): string {
  const shown = candidates.find(({ kind }) => kind === chosen)
  const others = candidates.filter((one) => one !== shown)
  const why = replaces
    ? 'A person chose this commit with `/use`.'
    : shown && candidateChosen(shown, { kinds, candidates })
  return [why, ...others.map((one) => otherCandidate(one, patches.get(one.kind), how))].filter(Boolean).join('\n\n')
}

function otherCandidate(
  one: Candidate,
  patch: { text: string; truncated: boolean } | undefined,
  { prefix, isAsOpened }: { prefix: string; isAsOpened: boolean },
): string {
  const { name, kind, passed, head, files, lines, asks, why } = one
  const verdict = passed
    ? `every gate passed${asks > 0 ? `, ${counted(asks, 'gate')} with an approval to give` : ''}`
    : 'not usable'
  const text = [
    head === null ? '' : `\`${head.slice(0, 7)}\`: ${counted(files, 'file')}, ${counted(lines, 'changed line')}.`,
    passed ? '' : singleLine(why, 500),
    patch && `${codeBlock(patch.text)}${patch.truncated ? '\n\nThis is its beginning.' : ''}`,
    passed && isAsOpened && `${typed(prefix, `use ${kind}`)} puts it in the place of the commit above.`,
  ]
  const shown = text.filter(Boolean).join('\n\n')
  return `<details><summary>Also made by ${name}: ${verdict}</summary>\n\n${shown}\n\n</details>`
}
