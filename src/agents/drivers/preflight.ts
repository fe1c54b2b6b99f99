/** Checks before the start of an agent: there must be a program, a workspace, and a reaper. */

import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from '../../lib/errors.ts'
import { markerEnv } from '../../sandbox/run-markers.ts'
import type { AgentOutcome, AgentTask, LaunchCommand, RunAgentOptions } from './agent-run.ts'
import { agentEnvironment, findProgram } from './environment.ts'

/**
 * Finds the agent's program, prepares its environment, its home and its markers, and starts the reaper.
 * @returns the task for `runAgent`, or how the run has ended already.
 * @throws {OperatorError} when there is no workspace or no reaper.
 */
export function preflightAgent(options: RunAgentOptions): AgentTask | AgentOutcome {
  const { kind, reaper, settings, cwd, prompt, runId, home, hidden, mcpServers, permissions, limits, logFile } = options
  const { instanceId, lifeId } = reaper
  const marks = markerEnv({ instanceId, lifeId, runId })
  if (options.signal?.aborted) return { kind: 'stopped' }
  const launch = prepare(options, marks)
  if ('kind' in launch) return launch
  // Before the agent exists: from here on the reaper ends it, even if we are killed in the next line.
  reaper.start()
  if (reaper.pid === undefined) throw new OperatorError('no agent runs without a reaper, and there is none')
  const { start, ...plain } = kind
  const task = { cwd, prompt, runId, home, hidden, mcpServers, permissions, limits, logFile }
  return { ...task, launch, contained: options.wrap !== undefined, kind: plain, model: settings?.model, lifeId }
}

/** The command and its environment, or why there is nothing to start. */
function prepare(options: RunAgentOptions, marks: Record<string, string>): LaunchCommand | AgentOutcome {
  const { kind, settings } = options
  const command = kind.start({ command: settings?.command, model: settings?.model })
  if (!command) return { kind: 'missing-program', program: `agents.${kind.id}.command`, install: kind.install }
  if (!isDirectory(options.cwd)) throw new OperatorError(`the workspace ${options.cwd} is not a directory`)
  mkdirSync(join(options.home, 'tmp'), { recursive: true, mode: 0o700 })
  const env = agentEnvironment(options, { start: command.env, marks })
  if (kind.protocol === 'command') {
    env.TUTTI_PROMPT_FILE = join(options.home, 'prompt.md')
    writeFileSync(env.TUTTI_PROMPT_FILE, options.prompt, { mode: 0o600 })
  }
  const program = findProgram(command.file, env.PATH, options.cwd)
  if (!program) return { kind: 'missing-program', program: command.file, install: kind.install }
  const plain = { file: program, args: command.args, env }
  return options.wrap ? options.wrap(plain) : plain
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
