/** Opens what set-up steps need: the caches, and the test secrets of repositories. */

import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Env } from '../../config/env.ts'
import type { Secrets } from '../../lib/secrets.ts'
import { openRepositorySecrets, type RepositoryVariables } from '../repository-secrets.ts'
import { DependencyCache } from './dependency-cache.ts'

/** @param secrets learns every test secret before it is used. */
export function openSetUp(
  env: Env,
  log: Pick<Logger, 'info' | 'warn'>,
  secrets: Secrets,
): { caches: DependencyCache; variables: RepositoryVariables } {
  const directory = join(env.dataDirectory, 'caches')
  return {
    caches: new DependencyCache({ directory, maxBytes: env.DEPENDENCY_CACHE_MB * 2 ** 20, log }),
    variables: openRepositorySecrets(env.secretsDirectory, (values) => secrets.keep(values)),
  }
}
