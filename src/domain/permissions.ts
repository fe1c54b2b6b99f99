/** Who counts as a person, and which permission includes which. */

import type { Actor, Permission } from './github.ts'

/** GitHub's repository permissions, each including those before it. */
const ascending: readonly Permission[] = ['none', 'read', 'triage', 'write', 'maintain', 'admin']

/** Whether somebody with the permission `have` may do what needs `need`. */
export function permits(have: Permission, need: Permission): boolean {
  return ascending.indexOf(have) >= ascending.indexOf(need)
}

/** People only: a bot passes on the text of others, and a deleted account (id 0) has nobody behind it. */
export function isPerson(actor: Actor): boolean {
  return actor.type === 'User' && actor.id !== 0
}
