/** The interface between run-agent.ts and the two drivers. */

import type { AgentOutcome, AgentTask, AgentUpdate, AgentUsage } from './agent-run.ts'
import type { RunLog } from './run-log.ts'

/** What a driver gets from the run. */
export interface AgentDriverOptions extends AgentTask {
  /** The directories that a permission may name, as real paths and as given. */
  roots: string[]
  log: RunLog
  /** Writes to the agent's stdin; never waits for it to be read. */
  send(text: string): void
  endInput(): void
  /** Bytes that were sent and wait for the agent to read them. */
  unreadBytes(): number
  /** An update of the agent, throttled; may throw. */
  updated(update: AgentUpdate): void
  /** A usage report of the agent; must not throw. */
  used(usage: AgentUsage): void
  /** The agent is active. */
  onActivity(): void
  /** The session has ended. The first outcome counts. */
  onEnd(outcome: AgentOutcome): void
}

export interface AgentDriver {
  /** Output of the agent. */
  onOutput(source: 'stdout' | 'stderr', chunk: Buffer): void
  /** The outcome of an exit of the program, when nothing else has ended the run before. */
  exited(exitCode: number | null, signal: string | null): AgentOutcome
  /** Asks the agent to stop, if the protocol has a request for it. */
  cancel(): void
  /** The run is over: delivers waiting updates, and releases everything. */
  close(): void
}
