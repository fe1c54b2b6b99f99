/** What most use cases work with. */

import type { Logger } from 'pino'
import type { Store } from '../db/connect.ts'
import type { GitHub } from '../github/github.ts'

/** The database, GitHub, and the operator's log. */
export interface Services {
  store: Store
  github: GitHub
  log: Logger
}
