/** Users as GitHub answers them, and as we know them. */

import type { Actor } from '../../domain/github.ts'

/** The fields that are read. */
export interface ApiUser {
  id: number
  login: string
  type?: string
}

/** A user whose account is gone has id 0. No person has it. */
export function actorOf(user: ApiUser | null | undefined): Actor {
  return { id: user?.id ?? 0, login: user?.login ?? 'ghost', type: (user?.type as Actor['type']) ?? 'User' }
}
