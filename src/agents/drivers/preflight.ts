/** Checks before the start of an agent: there must be a program, a workspace, and a reaper. */

import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { McpServer } from '@agentclientprotocol/sdk'
import { OperatorError } from '../../lib/errors.ts'
import { markerEnv } from '../../sandbox/run-markers.ts'
import type { AgentOutcome, AgentTask, LaunchCommand, RunAgentOptions } from './agent-run.ts'
import { agentEnvironment, findProgram } from './environment.ts'
import { prepareHome } from './prepare-home.ts'

/**
 * Finds the agent's program, prepares its environment, its home and its markers, and starts the reaper.
 * @returns the task for `runAgent`, or how the run has ended already.
 * @throws {OperatorError} when there is no workspace or no reaper.
 */
export function preflightAgent(options: RunAgentOptions): AgentTask | AgentOutcome {
  const { kind, reaper, settings, cwd, prompt, earlier, runId, home, permissions, limits, logFile } = options
  const { instanceId, lifeId } = reaper
  const marks = markerEnv({ instanceId, lifeId, runId })
  if (options.signal?.aborted) return { kind: 'stopped' }
  const launch = prepare(options, marks)
  if ('kind' in launch) return launch
  const { model, ...command } = launch
  // Before the agent exists: from here on the reaper ends it, even if we are killed in the next line.
  reaper.start()
  if (reaper.pid === undefined) throw new OperatorError('no agent runs without a reaper, and there is none')
  const { start, ...plain } = kind
  const { servers, values } = operatorServers(kind, options.env)
  const task = { cwd, prompt, earlier, runId, home, permissions, limits, logFile, patterns: kind.operator?.messages }
  const mcpServers = [...(options.mcpServers ?? []), ...servers]
  const hidden = [...(options.hidden ?? []), ...values]
  const contained = options.wrap !== undefined
  const modes = contained ? { ...kind.modes, ...kind.modesInSandbox } : kind.modes
  const mode = modes[options.purpose ?? 'build']
  return {
    ...task,
    mcpServers,
    hidden,
    launch: command,
    contained,
    kind: plain,
    model: model ?? settings?.model,
    ...(mode ? { mode } : {}),
    lifeId,
  }
}

/** The command and its environment, or why there is nothing to start. */
function prepare(
  options: RunAgentOptions,
  marks: Record<string, string>,
): (LaunchCommand & { model?: string }) | AgentOutcome {
  const { kind, settings } = options
  const seen = agentEnvironment(options, { marks: {} })
  const command = kind.start({ command: settings?.command, model: settings?.model, env: seen })
  if (!command) return { kind: 'missing-program', program: `agents.${kind.id}.command`, install: kind.install }
  if (!isDirectory(options.cwd)) throw new OperatorError(`the workspace ${options.cwd} is not a directory`)
  prepareHome(kind, options.env, options.home)
  const env = agentEnvironment(options, { start: command.env, marks })
  if (kind.protocol === 'command') {
    env.TUTTI_PROMPT_FILE = join(options.home, 'prompt.md')
    writeFileSync(env.TUTTI_PROMPT_FILE, options.prompt, { mode: 0o600 })
  }
  const program = findProgram(command.file, env.PATH, options.cwd)
  if (!program) return { kind: 'missing-program', program: command.file, install: kind.install }
  const plain = { file: program, args: command.args, env }
  return { ...(options.wrap ? options.wrap(plain) : plain), ...(command.model ? { model: command.model } : {}) }
}

/** The operator's MCP servers for the session, and the values in them that no log may show. */
function operatorServers(kind: RunAgentOptions['kind'], env: Readonly<Record<string, string>>) {
  const values: string[] = []
  const pick = (names: readonly (readonly [string, string])[]) =>
    names.flatMap(([name, variable]) => {
      const value = env[variable]
      if (value === undefined) return []
      values.push(value)
      return [{ name, value }]
    })
  const servers = Object.entries(kind.operator?.mcpServers ?? {}).map(([name, server]): McpServer => {
    if ('url' in server) return { type: 'http', name, url: server.url, headers: pick(Object.entries(server.headers)) }
    const [command = '', ...args] = server.command
    return { name, command, args, env: pick(server.env.map((variable) => [variable, variable] as const)) }
  })
  return { servers, values }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
