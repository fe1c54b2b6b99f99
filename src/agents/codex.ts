/**
 * OpenAI Codex, through the ACP adapter that starts its app server.
 *
 * Source: README and `dist/index.js` of the package `@agentclientprotocol/codex-acp` 2.6.0: program `codex-acp`; the
 * auth method `api-key` reads CODEX_API_KEY, then OPENAI_API_KEY; CODEX_CONFIG is JSON merged into the session's
 * configuration; NO_BROWSER hides the ChatGPT login. `@zed-industries/codex-acp` (0.16.0) is its predecessor and has
 * the same program name. CODEX_HOME: https://developers.openai.com/codex/config-advanced.
 */

import { type AgentKindDefinition, commandOr, networkEnv, type StartOptions } from './agent.ts'

function start(options: StartOptions) {
  const env = options.model ? { CODEX_CONFIG: JSON.stringify({ model: options.model }) } : undefined
  return commandOr(options, { file: 'codex-acp', args: [], env })
}

export const agent: AgentKindDefinition = {
  id: 'codex',
  title: 'Codex',
  protocol: 'acp',
  start,
  env: [
    ...['CODEX_API_KEY', 'OPENAI_API_KEY', 'OPENAI_BASE_URL', 'CODEX_HOME', 'CODEX_PATH', 'CODEX_CONFIG'],
    ...['MODEL_PROVIDER', 'DEFAULT_AUTH_REQUEST', 'INITIAL_AGENT_MODE', ...networkEnv],
  ],
  fixedEnv: { NO_BROWSER: '1' },
  authenticate: [
    { method: 'api-key', whenEnv: 'CODEX_API_KEY' },
    { method: 'api-key', whenEnv: 'OPENAI_API_KEY' },
  ],
  hosts: ['api.openai.com', 'auth.openai.com', 'chatgpt.com'],
  install: 'npm install -g @agentclientprotocol/codex-acp, then set CODEX_API_KEY or OPENAI_API_KEY',
  homepage: 'https://github.com/agentclientprotocol/codex-acp',
}
