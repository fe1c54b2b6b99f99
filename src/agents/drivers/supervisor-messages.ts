/** What goes between a supervisor's thread and the thread that started it. */

import type { ProcessIdentity } from '../../lib/process-table.ts'
import type { AgentOutcome, AgentTask, AgentUpdate, AgentUsage } from './agent-run.ts'

/** To the thread. */
export type SupervisorRequest =
  /** `time` is that of `currentMs`: a thread has a clock of its own. */
  { kind: 'run'; id: number; task: AgentTask; time: number } | { kind: 'stop'; id: number }

/** From the thread, about one agent. `ended`, `refused` or `broken` is its last one. */
export type SupervisorMessage =
  | { kind: 'started'; root: ProcessIdentity }
  | { kind: 'update'; update: AgentUpdate }
  | { kind: 'usage'; usage: AgentUsage }
  | { kind: 'all-exited' }
  | { kind: 'ended'; outcome: AgentOutcome }
  /** An `OperatorError` of `runAgent`. */
  | { kind: 'refused'; message: string; hint: string | undefined }
  /** Another error: a bug. The other agents of the thread go on. */
  | { kind: 'broken'; message: string }
