/**
 * Claude Code, through the adapter that its Agent SDK has for ACP.
 *
 * Sources: package `@agentclientprotocol/claude-agent-acp` 0.100.0 (`bin` in package.json is `claude-agent-acp`;
 * `dist/session-model.js` reads ANTHROPIC_MODEL first; `NO_BROWSER` hides browser logins), and the list of
 * environment variables at https://code.claude.com/docs/en/env-vars.
 */

import { type AgentKindDefinition, commandOr, networkEnv, type StartOptions } from './agent.ts'

function start(options: StartOptions) {
  const env = options.model ? { ANTHROPIC_MODEL: options.model } : undefined
  return commandOr(options, { file: 'claude-agent-acp', args: [], env })
}

export const agent: AgentKindDefinition = {
  id: 'claude-code',
  title: 'Claude Code',
  protocol: 'acp',
  start,
  env: [
    ...['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN', 'CLAUDE_CONFIG_DIR'],
    ...['ANTHROPIC_BASE_URL', 'ANTHROPIC_CUSTOM_HEADERS', 'ANTHROPIC_MODEL', 'CLAUDE_CODE_EXECUTABLE'],
    ...['CLAUDE_CODE_USE_BEDROCK', 'ANTHROPIC_BEDROCK_BASE_URL', 'AWS_BEARER_TOKEN_BEDROCK', 'AWS_REGION'],
    ...['CLAUDE_CODE_USE_VERTEX', 'ANTHROPIC_VERTEX_BASE_URL', 'ANTHROPIC_VERTEX_PROJECT_ID', 'CLOUD_ML_REGION'],
    ...['MAX_THINKING_TOKENS', ...networkEnv],
  ],
  // A run has no browser, must not update the program that other runs use, and sends no telemetry.
  fixedEnv: { NO_BROWSER: '1', DISABLE_AUTOUPDATER: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' },
  hosts: ['api.anthropic.com', 'platform.claude.com', 'console.anthropic.com', 'claude.ai'],
  install: 'npm install -g @agentclientprotocol/claude-agent-acp, then set ANTHROPIC_API_KEY',
  homepage: 'https://github.com/agentclientprotocol/claude-agent-acp',
}
