/**
 * OpenAI Codex, through the ACP adapter that starts its app server.
 *
 * Source: README and `dist/index.js` of the package `@agentclientprotocol/codex-acp` 2.6.0: program `codex-acp`; the
 * auth method `api-key` reads CODEX_API_KEY, then OPENAI_API_KEY; CODEX_CONFIG is JSON merged into the session's
 * configuration; NO_BROWSER hides the ChatGPT login. `@zed-industries/codex-acp` (0.16.0) is its predecessor and has
 * the same program name. CODEX_HOME: https://developers.openai.com/codex/config-advanced.
 */

import { jsonVariable, mergeJson } from '../lib/merge-json.ts'
import { type AgentKindDefinition, commandOr, networkEnv, type StartOptions } from './agent.ts'

/** OPENAI_BASE_URL does nothing in Codex 0.166: `openai_base_url` in its configuration does. What the operator wrote wins. */
function start(options: StartOptions) {
  const { provider, keyVariable, retries } = options
  const url = options.baseUrl ?? options.env?.OPENAI_BASE_URL
  const own = provider !== undefined && provider !== 'openai'
  const tries = retries === undefined ? {} : { request_max_retries: retries, stream_max_retries: retries }
  const entry = {
    ...{ name: provider, wire_api: 'responses', ...(url ? { base_url: url } : {}), ...tries },
    ...(keyVariable ? { env_key: keyVariable } : {}),
  }
  const ours = {
    ...(options.model ? { model: options.model } : {}),
    ...(own ? { model_provider: provider, model_providers: { [provider]: entry } } : {}),
    ...(url && !own ? { openai_base_url: url } : {}),
  }
  const config = mergeJson(ours, jsonVariable('CODEX_CONFIG', options.env?.CODEX_CONFIG))
  const env = Object.keys(config).length > 0 ? { CODEX_CONFIG: JSON.stringify(config) } : undefined
  const model = typeof config.model === 'string' ? { model: config.model } : {}
  return { ...commandOr(options, { file: 'codex-acp', args: [], env }), ...model }
}

export const agent: AgentKindDefinition = {
  id: 'codex',
  title: 'Codex',
  protocol: 'acp',
  start,
  env: [
    ...['CODEX_API_KEY', 'OPENAI_API_KEY', 'OPENAI_BASE_URL', 'CODEX_PATH', 'CODEX_CONFIG'],
    ...['MODEL_PROVIDER', 'DEFAULT_AUTH_REQUEST', 'INITIAL_AGENT_MODE', ...networkEnv],
  ],
  // Its default mode has a second model judge each command, at the operator's cost.
  modes: { build: 'workspace-write', plan: 'read-only' },
  // Its own sandbox needs user namespaces, which ours does not give: each of its commands would fail (tried with 2.6.0).
  modesInSandbox: { build: 'agent-full-access', plan: 'agent-full-access' },
  provider: 'OpenAI',
  loginFiles: ['.codex/auth.json'],
  // Two runs with one CODEX_HOME race for its database.
  templates: [
    { variable: 'CODEX_HOME', folder: '.codex', files: ['config.toml', 'auth.json', 'AGENTS.md', 'prompts'] },
  ],
  skillsFolder: '.codex/skills',
  // Else one more request follows each turn, for a suggestion that no person sees.
  fixedEnv: { NO_BROWSER: '1', CODEX_ACP_PROMPT_SUGGESTIONS: 'false' },
  authenticate: [
    { method: 'api-key', whenEnv: 'CODEX_API_KEY' },
    { method: 'api-key', whenEnv: 'OPENAI_API_KEY' },
  ],
  hosts: ['api.openai.com', 'auth.openai.com', 'chatgpt.com'],
  install: 'npm install -g @agentclientprotocol/codex-acp, then set CODEX_API_KEY or OPENAI_API_KEY',
  homepage: 'https://github.com/agentclientprotocol/codex-acp',
}
