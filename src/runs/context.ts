/** The services of runs, and the facts of one attempt. */

import type { Logger } from 'pino'
import type { AgentKind } from '../agents/agent.ts'
import type { Env } from '../config/env.ts'
import type { Store } from '../db/connect.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import type { Lease, RunRow } from '../db/runs.ts'
import type { ItemRow } from '../db/work-items.ts'
import type { ProcessPart } from '../domain/process-role.ts'
import type { BareClone } from '../git/bare-clone.ts'
import type { GitHub } from '../github/github.ts'
import type { Reaper } from '../sandbox/reaper.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { Heartbeat, StopReason } from './heartbeat.ts'
import type { RepositoryVariables } from './repository-secrets.ts'
import type { DependencyCache } from './set-up/dependency-cache.ts'

export interface RunContext {
  store: Store
  env: Env
  github: GitHub
  log: Logger
  /** This process, the owner of the leases it takes. */
  instance: string
  /** Whose disk is at hand; see `db/places.ts`. */
  place: string
  /** Whether processes of other places take part. */
  several(): Promise<boolean>
  /** What this process does. */
  part: ProcessPart
  agents: ReadonlyMap<string, AgentKind>
  reaper: Reaper
  sandbox: Sandbox
  control(repo: RepositoryRow): Promise<BareClone>
  /** Whether text holds a secret that Tutti knows. */
  holdsSecret(text: string): boolean
  /** Text without any secret that Tutti knows. */
  redact(text: string): string
  caches: DependencyCache
  variables: RepositoryVariables
}

/** One attempt that is being carried out. */
export interface Attempt {
  context: RunContext
  lease: Lease
  run: RunRow
  item: ItemRow
  repo: RepositoryRow
  heartbeat: Heartbeat
  signal: AbortSignal
  /** Ends the agent; the first reason counts. */
  stop(reason: StopReason): void
  /** The number of attempts that this process carries out now, this one included. */
  atWork: () => number
}
