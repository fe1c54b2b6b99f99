/** What people and agents read about the merge queue. */

import { singleLine } from '../lib/sanitise.ts'

const numbers = (pulls: readonly number[]) => pulls.map((number) => `#${number}`).join(', ')

export const waitsInQueue = (base: string, place: number, all: number) =>
  `It is in the merge queue of \`${base}\`, at place ${place} of ${all}.`
export const batchIsTested = (base: string, others: readonly number[]) =>
  others.length === 0
    ? `It is tested on top of \`${base}\` as it is now.`
    : `It is tested on top of \`${base}\` together with ${numbers(others)}.`

/** For people: it was taken out of the queue. @param others those that it was tested with. */
export const brokeTheBatch = (base: string, log: string) =>
  `Taken out of the merge queue: with what is on \`${base}\` now, the gates fail, though they pass on the branch alone. An agent mends it. ${singleLine(log.split('\n')[0] ?? '', 300)}`

/** For the agent. */
export const batchLesson = (base: string, log: string) =>
  `On its own the branch passes, and merged with the present \`${base}\` it fails. \`${base}\` has been merged into your tree. Mend what is broken together with it:\n\n${log
    .split('\n')
    .map((row) => `    ${row}`)
    .join('\n')}`

export const holds = (login: string | undefined, why: string) =>
  `It waits: ${login ? `${login} keeps it from being merged${why ? ` (${singleLine(why)})` : ''}. \`/hold cancel\` lets it go on.` : 'the label `do-not-merge` keeps it from being merged.'}`
