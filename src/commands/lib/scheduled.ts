/** Words that several commands about the schedule share. */

import type { IssueConflict } from '../../domain/schedule-report.ts'

/** A moment, to the minute. */
export function clock(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** Paths that two items share, as code: nothing in them is markup. */
export function pathsOf(overlaps: IssueConflict['overlaps']): string {
  return overlaps
    .map(({ mine, theirs }) => (mine === theirs ? code(mine) : `${code(mine)} and ${code(theirs)}`))
    .join(', ')
}

function code(text: string): string {
  return `\`${text
    .replaceAll('`', "'")
    .replace(/\p{Cc}/gu, ' ')
    .slice(0, 120)}\``
}
