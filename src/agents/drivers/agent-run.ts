/** The words in which a run of an agent is asked for, watched and reported. */

import type { McpServer } from '@agentclientprotocol/sdk'
import type { ProcessIdentity } from '../../lib/process-table.ts'
import type { Reaper } from '../../sandbox/reaper.ts'
import type { AgentKind } from '../agent.ts'
import type { PermissionRule } from './permission-requests.ts'

/** A program about to be started. */
export interface LaunchCommand {
  file: string
  args: string[]
  env: Record<string, string>
}

export interface AgentLimits {
  /** The whole run, in milliseconds. */
  totalMs: number
  /** Silence on the protocol, stdout and stderr, in milliseconds. */
  idleMs: number
  /** Everything the agent may print, stdout and stderr together, in bytes. */
  outputBytes: number
  /** How long an agent that is told to stop may take to leave by itself, in milliseconds; 5000 unless given. */
  graceMs?: number
}

export interface RunAgentOptions {
  kind: AgentKind
  /** From the repository's settings: `agents.<id>`. */
  settings?: { command?: string[]; model?: string }
  /** The worktree, an absolute path: the agent's current directory. */
  cwd: string
  prompt: string
  runId: string
  /** Where variables are taken from; only those that the kind names, and a small base, are passed on. */
  env: Readonly<Record<string, string>>
  /** A directory that is this run's HOME; made when it does not exist. Never inside the worktree. */
  home: string
  /** Given to the agent in `session/new`. */
  mcpServers?: McpServer[]
  /** The sandbox: turns the command into the one that runs it inside. */
  wrap?: (command: LaunchCommand) => LaunchCommand
  /** What it may do in its worktree and its home without asking anybody; `inside-roots` unless given. */
  permissions?: PermissionRule
  limits: AgentLimits
  /** Aborted when the run is to stop: by a person, a lost lease, or the end of the orchestrator. */
  signal?: AbortSignal
  reaper: Reaper
  onStarted?: (process: ProcessIdentity) => void
  onUpdate?: (update: AgentUpdate) => void
  /** Told at once of everything that the agent says it has used so far, also when it ends badly. */
  onUsage?: (usage: AgentUsage) => void
  /** Where the run's log is written: capped, without control characters. */
  logFile: string
}

/** An agent that is ready to be started: plain data, which can be handed to another thread. */
export interface AgentTask
  extends Pick<
    RunAgentOptions,
    'cwd' | 'prompt' | 'runId' | 'home' | 'mcpServers' | 'permissions' | 'limits' | 'logFile'
  > {
  launch: LaunchCommand
  kind: Omit<AgentKind, 'start'>
  model?: string
  /** Of the orchestrator: with the run's id it marks every process that the agent starts. */
  lifeId: string
}

/** Who hears of a run while it is carried out, and stops it: in this thread, or at the other end of a port. */
export interface AgentListener {
  signal?: AbortSignal
  /** The agent's first process. */
  started(root: ProcessIdentity): void
  updated(update: AgentUpdate): void
  /** As `RunAgentOptions.onUsage`. */
  used(usage: AgentUsage): void
  /** Nothing that the agent has started is left. */
  quiet(): void
}

export type ToolStatus = 'pending' | 'in_progress' | 'completed' | 'failed'

/** What an agent does, in a bounded form: texts at most 4,000 characters, lists at most 50 entries. */
export type AgentUpdate =
  | { kind: 'text'; text: string }
  | { kind: 'thought'; text: string }
  | { kind: 'tool'; id: string; title: string; tool: string; status: ToolStatus; paths: string[] }
  | { kind: 'plan'; entries: { text: string; status: 'pending' | 'in_progress' | 'completed' }[] }
  | { kind: 'usage'; used: number; size: number; cost?: { amount: number; currency: string } }
  | { kind: 'permission'; title: string; allowed: boolean; reason: string }
  /** Something about the run itself that is worth a line: updates left out, an MCP server the agent cannot use. */
  | { kind: 'notice'; text: string }

/** What a run has used, as far as the agent tells. */
export interface AgentUsage {
  /** Tokens in the context at the end, and its size. */
  contextUsed?: number
  contextSize?: number
  /** Of the whole session so far (ACP: "total cumulative cost for session"), never of one step. */
  cost?: { amount: number; currency: string }
  inputTokens?: number
  outputTokens?: number
  /** Read from a provider's cache, and written to it. */
  cachedTokens?: number
  totalTokens?: number
}

/** Why a conversation broke down. */
export type ProtocolProblem =
  | 'agent-error' // the agent answered a request with an error that says neither login nor rate limit
  | 'bad-frames' // what it prints is not the protocol
  | 'version' // it speaks another version of it
  | 'output-limit' // it printed more than the run may
  | 'unread-input' // it asks and asks, and never reads the answers

/** How a run ended. Whatever the outcome, no process of the run is left when it is returned. */
export type AgentOutcome =
  | { kind: 'finished'; stopReason: string; summary: string; usage?: AgentUsage }
  | { kind: 'missing-program'; program: string; install: string }
  | { kind: 'crashed'; exitCode: number | null; signal: string | null; tail: string }
  | { kind: 'idle'; afterMs: number }
  | { kind: 'time-limit'; afterMs: number }
  | { kind: 'stopped' }
  | { kind: 'protocol-error'; reason: ProtocolProblem; message: string }
  | { kind: 'refused'; message: string }
  | { kind: 'needs-login'; message: string; install: string }
  /** The thread that supervised it ended before the agent did. */
  | { kind: 'supervisor-lost'; message: string }
  /** `resetAt` is an ISO 8601 time, where the agent said when. */
  | { kind: 'rate-limited'; message: string; resetAt?: string }
