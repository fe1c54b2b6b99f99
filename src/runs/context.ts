/** What this room is given to work with. */

import type { Logger } from 'pino'
import type { AgentKind } from '../agents/agent.ts'
import type { Env } from '../config/env.ts'
import type { Store } from '../db/connect.ts'
import type { SystemRow } from '../db/work-items.ts'
import type { BareClone } from '../git/bare-clone.ts'
import type { GitHub } from '../github/types.ts'
import type { Warden } from '../sandbox/reaper.ts'

export interface RunParts {
  store: Store
  env: Env
  github: GitHub
  log: Logger
  /** This process, the owner of the leases it takes. */
  instance: string
  agents: ReadonlyMap<string, AgentKind>
  warden: Warden
  control(system: SystemRow): Promise<BareClone>
  /** Whether text holds a secret that Tutti knows. */
  holdsSecret(text: string): boolean
}
