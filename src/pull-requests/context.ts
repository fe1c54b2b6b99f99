/** The services that the jobs of this folder work with. */

import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import type { Store } from '../db/connect.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import type { BareClone } from '../git/bare-clone.ts'
import type { GitHub } from '../github/github.ts'

export interface PullRequestContext {
  store: Store
  env: Env
  github: GitHub
  log: Logger
  /** Whose disk is at hand; see `db/places.ts`. */
  place: string
  control(repo: RepositoryRow): Promise<BareClone>
  /** Text without any secret that Tutti knows. */
  redact(text: string): string
}
