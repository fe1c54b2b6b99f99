/** What the pages work with. */

import type { Logger } from 'pino'
import type { EventHub } from '../api/event-hub.ts'
import type { CallServices } from '../commands/lib/give-command.ts'
import type { Env } from '../config/env.ts'
import type { Store } from '../db/connect.ts'

/** What a request needs once GitHub has identified the app. */
export interface DashboardServices extends CallServices {
  env: Env
  /** Takes secrets out of a text. */
  redact(text: string): string
}

/** What the dashboard is opened with. It is there before GitHub has answered. */
export interface DashboardGround {
  env: Env
  log: Logger
  store: Store
  /** Says what is new to the pages that are open. */
  events: EventHub
  /** Undefined while Tutti starts. */
  services(): DashboardServices | undefined
}
