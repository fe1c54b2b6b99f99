/** What people read about branches that conflict with each other. */

import { singleLine } from '../lib/sanitise.ts'

/** More than this does not help. */
const mostPaths = 5

const names = (paths: readonly string[]) => {
  const shown = paths.slice(0, mostPaths).map((path) => `\`${singleLine(path)}\``)
  return `${shown.join(', ')}${paths.length > mostPaths ? ` and ${paths.length - mostPaths} more` : ''}`
}

/** @param pull the other pull request. */
export const conflictAhead = (pull: number, paths: readonly string[]) =>
  `It conflicts with #${pull} in ${names(paths)}. Whichever is merged second is brought up to date first, and reviewed once more.`

export const noConflicts = (open: number) =>
  open < 2
    ? 'Fewer than two pull requests are open here.'
    : `None of the ${open} open pull requests conflicts with another one.`

/** The reply of `/forecast`. */
export function forecastReply(
  pairs: readonly { one: number; other: number; paths: readonly string[] }[],
  order: readonly number[],
): string {
  const rows = pairs.map(({ one, other, paths }) => `- #${one} and #${other}: ${names(paths)}`)
  return `These open pull requests conflict with each other:\n\n${rows.join('\n')}\n\n${orderAdvice(order)}`
}

export const orderAdvice = (order: readonly number[]) =>
  `Merging in this order costs least: ${order.map((pull) => `#${pull}`).join(', ')}.`
