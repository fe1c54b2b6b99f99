/** What someone may do in a repository, asked at the moment of the decision. */

import type { Actor, Permission } from '../domain/github.ts'
import { isPerson, permits } from '../domain/permissions.ts'
import { findRetryAfter } from '../lib/errors.ts'
import type { GitHub, RepositoryRef } from './github.ts'

/** GitHub could not be asked what someone may do: denied for now, and asked again. */
export class PermissionUnavailable extends Error {
  override name = 'PermissionUnavailable'
  readonly actor: Actor

  constructor(actor: Actor, options: ErrorOptions) {
    super(`GitHub could not be asked what ${actor.login} may do`, options)
    this.actor = actor
  }
}

/**
 * What someone may do in a repository, asked now. Bots and deleted accounts have no permission, without asking.
 * @throws {PermissionUnavailable} when GitHub does not answer; {RetryAfter} while it asks for a pause.
 */
export async function permissionOf(
  services: { github: GitHub },
  repository: RepositoryRef,
  actor: Actor,
): Promise<Permission> {
  if (!isPerson(actor)) return 'none'
  try {
    return await services.github.repository(repository).permission(actor)
  } catch (error) {
    throw findRetryAfter(error) ?? new PermissionUnavailable(actor, { cause: error })
  }
}

/** Whether someone may write to a repository, asked now. @throws as `permissionOf`. */
export async function mayWrite(
  services: { github: GitHub },
  repository: RepositoryRef,
  actor: Actor,
): Promise<boolean> {
  return permits(await permissionOf(services, repository, actor), 'write')
}
