/**
 * Claude Code, through the adapter that its Agent SDK has for ACP.
 *
 * Sources: package `@agentclientprotocol/claude-agent-acp` 0.100.0 (`bin` in package.json is `claude-agent-acp`;
 * `dist/session-model.js` reads ANTHROPIC_MODEL first; `NO_BROWSER` hides browser logins), and the list of
 * environment variables at https://code.claude.com/docs/en/env-vars.
 */

import { type AgentKindDefinition, commandOr, networkEnv, type StartOptions } from './agent.ts'

/** By itself it asks a failing provider again for three minutes; a run has its own retries, so two are enough here. */
function start(options: StartOptions) {
  const env = {
    CLAUDE_CODE_MAX_RETRIES: String(options.retries ?? options.env?.CLAUDE_CODE_MAX_RETRIES ?? 2),
    ...(options.model ? { ANTHROPIC_MODEL: options.model } : {}),
    ...(options.baseUrl ? { ANTHROPIC_BASE_URL: options.baseUrl } : {}),
  }
  return commandOr(options, { file: 'claude-agent-acp', args: [], env })
}

export const agent: AgentKindDefinition = {
  id: 'claude-code',
  title: 'Claude Code',
  protocol: 'acp',
  start,
  env: [
    ...['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN', 'CLAUDE_CODE_MAX_RETRIES'],
    ...['ANTHROPIC_BASE_URL', 'ANTHROPIC_CUSTOM_HEADERS', 'ANTHROPIC_MODEL', 'CLAUDE_CODE_EXECUTABLE'],
    ...['CLAUDE_CODE_USE_BEDROCK', 'ANTHROPIC_BEDROCK_BASE_URL', 'AWS_BEARER_TOKEN_BEDROCK', 'AWS_REGION'],
    ...['CLAUDE_CODE_USE_VERTEX', 'ANTHROPIC_VERTEX_BASE_URL', 'ANTHROPIC_VERTEX_PROJECT_ID', 'CLOUD_ML_REGION'],
    ...['MAX_THINKING_TOKENS', ...networkEnv],
  ],
  provider: 'Anthropic',
  loginFiles: ['.claude/.credentials.json'],
  templates: [
    { variable: 'CLAUDE_CONFIG_DIR', folder: '.claude', files: ['settings.json', '.credentials.json', 'CLAUDE.md'] },
  ],
  skillsFolder: '.claude/skills',
  // A run has no browser, must not update the program that other runs use, and sends no telemetry.
  fixedEnv: {
    ...{ NO_BROWSER: '1', DISABLE_AUTOUPDATER: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' },
    // Else one more request follows each turn, for a suggestion that no person sees.
    CLAUDE_CODE_ENABLE_PROMPT_SUGGESTION: 'false',
  },
  hosts: ['api.anthropic.com', 'platform.claude.com', 'console.anthropic.com', 'claude.ai'],
  install: 'npm install -g @agentclientprotocol/claude-agent-acp, then set ANTHROPIC_API_KEY',
  homepage: 'https://github.com/agentclientprotocol/claude-agent-acp',
}
