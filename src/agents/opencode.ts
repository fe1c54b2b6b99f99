/**
 * OpenCode, which speaks ACP itself and uses the provider whose key it finds.
 *
 * Sources: https://opencode.ai/docs/cli/acp/ (`opencode acp`; it exits when stdin closes),
 * https://opencode.ai/docs/config/ (OPENCODE_CONFIG_CONTENT is merged over every other configuration) and
 * https://opencode.ai/docs/cli/ (the other variables).
 */

import { jsonVariable, mergeJson } from '../lib/merge-json.ts'
import { type AgentKindDefinition, commandOr, networkEnv, type StartOptions } from './agent.ts'

/**
 * Its hosted models need no key, and it falls back to them when it has no other provider: they are off unless their key is
 * there. It asks before edits and commands only when its configuration says so, and ends its turn at the first refusal
 * unless its configuration says to go on (both tried with 1.18.33). What the operator wrote wins.
 */
function start(options: StartOptions) {
  const { provider, baseUrl, keyVariable, env = {} } = options
  const connection = {
    ...(baseUrl ? { baseURL: baseUrl } : {}),
    ...(keyVariable ? { apiKey: `{env:${keyVariable}}` } : {}),
  }
  const ours = {
    ...(options.model ? { model: withProvider(options.model, provider) } : {}),
    ...(env.OPENCODE_API_KEY ? {} : { disabled_providers: ['opencode'] }),
    ...(provider ? { enabled_providers: [provider] } : {}),
    ...(provider && Object.keys(connection).length > 0 ? { provider: { [provider]: { options: connection } } } : {}),
    permission: { edit: 'ask', bash: 'ask', external_directory: 'ask' },
    experimental: { continue_loop_on_deny: true },
  }
  const config = mergeJson(ours, jsonVariable('OPENCODE_CONFIG_CONTENT', env.OPENCODE_CONFIG_CONTENT))
  const model = typeof config.model === 'string' ? { model: config.model } : {}
  const set = { OPENCODE_CONFIG_CONTENT: JSON.stringify(config) }
  return { ...commandOr(options, { file: 'opencode', args: ['acp'], env: set }), ...model }
}

/** Its models have their provider in front: `openai/gpt-6`. */
function withProvider(model: string, provider: string | undefined): string {
  return provider === undefined || model.startsWith(`${provider}/`) ? model : `${provider}/${model}`
}

export const agent: AgentKindDefinition = {
  id: 'opencode',
  title: 'OpenCode',
  protocol: 'acp',
  start,
  env: [
    ...['OPENCODE_API_KEY', 'ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY'],
    ...['OPENCODE_CONFIG', 'OPENCODE_CONFIG_CONTENT', ...networkEnv],
  ],
  modes: { build: 'build', plan: 'plan' },
  loginFiles: ['.local/share/opencode/auth.json'],
  templates: [
    {
      variable: 'OPENCODE_CONFIG_DIR',
      folder: '.config/opencode',
      files: ['opencode.json', 'opencode.jsonc', 'AGENTS.md'],
    },
  ],
  skillsFolder: '.config/opencode/skills',
  fixedEnv: { OPENCODE_DISABLE_AUTOUPDATE: 'true' },
  hosts: [
    ...['opencode.ai', 'models.dev', 'api.anthropic.com', 'api.openai.com', 'generativelanguage.googleapis.com'],
    'openrouter.ai',
  ],
  install: 'npm install -g opencode-ai, then set the key of your provider (for example OPENCODE_API_KEY)',
  homepage: 'https://opencode.ai',
}
