/** What `run.ts` and the two ways of talking to an agent agree on. */

import type { AgentOutcome, AgentTask, AgentUpdate, AgentUsage } from './agent-run.ts'
import type { RunLog } from './run-log.ts'

/** What a speaker may use of the run. */
export interface AgentDriverOptions extends AgentTask {
  /** The directories that a permission may name, as real and as given paths. */
  roots: string[]
  log: RunLog
  /** Writes to the agent's stdin; never waits for it to be read. */
  send(text: string): void
  endInput(): void
  /** Bytes that were sent and wait for the agent to read them. */
  unreadBytes(): number
  /** What the agent shows, at a pace that a watcher can stand; may throw. */
  updated(update: AgentUpdate): void
  /** What the agent says it has used so far; must not throw. */
  used(usage: AgentUsage): void
  /** The agent has shown that it is alive. */
  onSign(): void
  /** The run is over, from the conversation's side. The first word counts. */
  onEnd(outcome: AgentOutcome): void
}

export interface AgentDriver {
  /** Bytes that the agent printed. */
  hear(source: 'stdout' | 'stderr', chunk: Buffer): void
  /** What the exit of the program means, when nothing else has ended the run before. */
  exited(exitCode: number | null, signal: string | null): AgentOutcome
  /** Asks the agent to stop, if the protocol has a word for it. */
  cancel(): void
  /** The run is over: hands out what waits, and lets go of everything. */
  close(): void
}
