/**
 * OpenCode, which speaks ACP itself and uses the provider whose key it finds.
 *
 * Sources: https://opencode.ai/docs/cli/acp/ (`opencode acp`; it exits when stdin closes),
 * https://opencode.ai/docs/config/ (OPENCODE_CONFIG_CONTENT is merged over every other configuration) and
 * https://opencode.ai/docs/cli/ (the other variables).
 */

import { type AgentKindDefinition, commandOr, networkEnv, type StartOptions } from './agent.ts'

function start(options: StartOptions) {
  const env = options.model ? { OPENCODE_CONFIG_CONTENT: JSON.stringify({ model: options.model }) } : undefined
  return commandOr(options, { file: 'opencode', args: ['acp'], env })
}

export const agent: AgentKindDefinition = {
  id: 'opencode',
  title: 'OpenCode',
  protocol: 'acp',
  start,
  env: [
    ...['OPENCODE_API_KEY', 'ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY'],
    ...['OPENCODE_CONFIG', 'OPENCODE_CONFIG_DIR', 'OPENCODE_CONFIG_CONTENT', ...networkEnv],
  ],
  fixedEnv: { OPENCODE_DISABLE_AUTOUPDATE: 'true' },
  hosts: [
    ...['opencode.ai', 'models.dev', 'api.anthropic.com', 'api.openai.com', 'generativelanguage.googleapis.com'],
    'openrouter.ai',
  ],
  install: 'npm install -g opencode-ai, then set the key of your provider (for example OPENCODE_API_KEY)',
  homepage: 'https://opencode.ai',
}
