/**
 * Any other program: it gets the prompt on stdin and in the file that TUTTI_PROMPT_FILE names, works in its current
 * directory, and ends with exit code 0. Its command line comes from the settings, as a list of words.
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
  // Which key such a program needs cannot be known here: one name is kept for it, so that no other leaks.
  env: ['TUTTI_AGENT_KEY', ...networkEnv],
  install: 'set agents.command.command in .github/tutti.yml, for example ["my-agent", "--headless"]',
}
