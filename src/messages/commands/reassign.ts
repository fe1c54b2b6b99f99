/** Replies of `/reassign`. */

import { singleLine } from '../../lib/sanitise.ts'
import type { CommandRefusal } from './common.ts'

export const cannotReassign = 'It cannot be given to another agent now.'
export const reassignedBy = (login: string) => `Given to another agent by ${login}.`
/** Who goes on: a member by name, any agent of a kind, or, where nothing was named, a fresh one. */
interface GivenTo {
  kind: string
  member?: { name: string } | undefined
  /** A member was named whose role is another one. */
  other?: { name: string; role: string }
}
/** @param then what happens now. */
export function reassigned(to: GivenTo | undefined, then: string): string {
  if (!to) return `A fresh agent goes on with it. ${then}`
  const kind = singleLine(to.kind, 60)
  if (to.member) return `**${singleLine(to.member.name, 60)}** (${kind}) goes on with it. ${then}`
  const why = to.other
    ? ` ${singleLine(to.other.name, 60)} is ${/^[aeiou]/.test(to.other.role) ? 'an' : 'a'} ${to.other.role}, so another one of its kind gets it.`
    : ''
  return `**${kind}** goes on with it.${why} ${then}`
}
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
