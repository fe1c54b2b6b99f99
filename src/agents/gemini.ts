/**
 * Gemini CLI, which speaks ACP itself.
 *
 * Sources: https://geminicli.com/docs/cli/acp-mode/ (`gemini --acp`; `--experimental-acp` is its deprecated name),
 * the flag `--model` and the variables at https://geminicli.com/docs/reference/configuration/, and
 * `packages/cli/src/acp/` in google-gemini/gemini-cli for the names of the auth methods.
 */

import { type AgentKindDefinition, commandOr, networkEnv, type StartOptions } from './agent.ts'

function start(options: StartOptions) {
  const model = options.model ? ['--model', options.model] : []
  return commandOr(options, { file: 'gemini', args: ['--acp', ...model] })
}

export const agent: AgentKindDefinition = {
  id: 'gemini',
  title: 'Gemini CLI',
  protocol: 'acp',
  start,
  env: [
    ...['GEMINI_API_KEY', 'GEMINI_MODEL', 'GEMINI_CLI_HOME', 'GOOGLE_GEMINI_BASE_URL', 'GOOGLE_API_KEY'],
    ...['GOOGLE_GENAI_USE_VERTEXAI', 'GOOGLE_CLOUD_PROJECT', 'GOOGLE_CLOUD_LOCATION'],
    ...['GOOGLE_APPLICATION_CREDENTIALS', ...networkEnv],
  ],
  // The worktree is new on every run, and no person can answer the question whether the folder is trusted.
  fixedEnv: { GEMINI_CLI_TRUST_WORKSPACE: 'true', NO_BROWSER: 'true' },
  authenticate: [
    { method: 'gemini-api-key', whenEnv: 'GEMINI_API_KEY' },
    { method: 'vertex-ai', whenEnv: 'GOOGLE_GENAI_USE_VERTEXAI' },
  ],
  hosts: [
    'generativelanguage.googleapis.com',
    'oauth2.googleapis.com',
    'cloudcode-pa.googleapis.com',
    'aiplatform.googleapis.com',
  ],
  install: 'npm install -g @google/gemini-cli, then set GEMINI_API_KEY',
  homepage: 'https://github.com/google-gemini/gemini-cli',
}
