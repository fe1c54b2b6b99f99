/**
 * Any other program: it gets the prompt on stdin and in the file TUTTI_PROMPT_FILE, works in its current directory, and
 * ends with exit code 0. Its command comes from the settings, as a list of arguments.
 */

import { type AgentKindDefinition, networkEnv, type StartOptions } from './agent.ts'

function start(options: StartOptions) {
  const [file, ...args] = options.command ?? []
  if (file === undefined) return undefined
  return { file, args, env: options.model ? { TUTTI_MODEL: options.model } : undefined }
}

export const agent: AgentKindDefinition = {
  id: 'command',
  title: 'Command',
  protocol: 'command',
  start,
  // The key of such a program is unknown here: it has one name, so that no other variable leaks.
  env: ['TUTTI_AGENT_KEY', ...networkEnv],
  install: 'set agents.command.command in .github/tutti.yml, for example ["my-agent", "--headless"]',
}
