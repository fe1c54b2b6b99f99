/** What this room is given to work with. */

import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import type { GitHub } from '../github/types.ts'
import type { SystemRow } from '../store/items.ts'
import type { Store } from '../store/open.ts'
import type { Control } from '../workspace/control.ts'

export interface DeliveryParts {
  store: Store
  env: Env
  github: GitHub
  log: Logger
  control(system: SystemRow): Promise<Control>
}
