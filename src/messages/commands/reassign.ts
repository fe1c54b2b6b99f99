/** Replies of `/reassign`. */

import { singleLine } from '../../lib/sanitise.ts'
import type { CommandRefusal } from './common.ts'

export const cannotReassign = 'It cannot be given to another agent now.'
export const reassignedBy = (login: string) => `Given to another agent by ${login}.`
/** @param then what happens now. */
export const reassigned = (kind: string | undefined, then: string) =>
  `${kind === undefined ? 'A fresh agent goes on with it' : `**${singleLine(kind, 60)}** goes on with it`}. ${then}`
export function noSuchKind(to: string, kinds: readonly string[], names: readonly string[]): CommandRefusal {
  const list = (of: readonly string[]) => of.map((one) => `\`${one.replaceAll('`', "'")}\``).join(', ')
  return [
    `There is no agent \`${singleLine(to, 60).replaceAll('`', "'")}\` for this repository.`,
    [
      kinds.length > 0 ? `Kinds: ${list(kinds)}.` : '',
      names.length > 0 ? `Names: ${list(names)}.` : '',
      'Other kinds are named in `agents` or `recovery.agents` of the settings first.',
    ]
      .filter(Boolean)
      .join(' '),
  ]
}
