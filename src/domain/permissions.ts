/** Which permission includes which, and which users are persons. */

import type { Actor, Permission } from './github.ts'

/** GitHub's repository permissions, each including those before it. */
const ascending: readonly Permission[] = ['none', 'read', 'triage', 'write', 'maintain', 'admin']

/** Whether the permission `have` includes the permission `need`. */
export function permits(have: Permission, need: Permission): boolean {
  return ascending.indexOf(have) >= ascending.indexOf(need)
}

/** Whether a user is a person. A bot may repeat the text of others, and id 0 is a deleted account. */
export function isPerson(actor: Actor): boolean {
  return actor.type === 'User' && actor.id !== 0
}

/** The login under which a token acts. No login of GitHub has a colon. */
export const tokenLogin = (name: string) => `token:${name}`

/**
 * The name of the token that has acted; undefined for people. What a token may do is checked when it acts: GitHub knows
 * nothing of it, and is never asked about it later.
 */
export function tokenNameOf({ id, login }: Pick<Actor, 'id' | 'login'>): string | undefined {
  return id === 0 && login.startsWith('token:') ? login.slice('token:'.length) : undefined
}
