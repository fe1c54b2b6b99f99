/**
 * The playground's agent: a real program speaking ACP that does what a script in the issue says. It needs no account
 * and no network. The script's language is described in `../playground/agent/script.ts`.
 */

import { fileURLToPath } from 'node:url'
import { type AgentKindDefinition, commandOr, type StartOptions } from './agent.ts'

const program = fileURLToPath(new URL('../playground/agent/main.ts', import.meta.url))

function start(options: StartOptions) {
  return commandOr(options, { file: process.execPath, args: [program] })
}

export const agent: AgentKindDefinition = {
  id: 'scripted',
  title: 'Scripted agent',
  protocol: 'acp',
  start,
  env: ['TUTTI_SCRIPT_DELAY_MS'],
  // Node 22 prints a warning for running TypeScript as it is, which would be the first line of every log.
  fixedEnv: { NODE_NO_WARNINGS: '1' },
  install: 'comes with Tutti',
}
