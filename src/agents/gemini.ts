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
  const env = options.baseUrl ? { GOOGLE_GEMINI_BASE_URL: options.baseUrl } : undefined
  return commandOr(options, { file: 'gemini', args: ['--acp', ...model], env })
}

export const agent: AgentKindDefinition = {
  id: 'gemini',
  title: 'Gemini CLI',
  protocol: 'acp',
  start,
  env: [
    ...['GEMINI_API_KEY', 'GEMINI_MODEL', 'GOOGLE_GEMINI_BASE_URL', 'GOOGLE_API_KEY'],
    ...['GOOGLE_GENAI_USE_VERTEXAI', 'GOOGLE_CLOUD_PROJECT', 'GOOGLE_CLOUD_LOCATION'],
    ...['GOOGLE_APPLICATION_CREDENTIALS', ...networkEnv],
  ],
  provider: 'Google',
  loginFiles: ['.gemini/oauth_creds.json', '.gemini/google_accounts.json'],
  // This variable names a home, not the folder in it.
  templates: [
    {
      variable: 'GEMINI_CLI_HOME',
      folder: '.',
      files: ['.gemini/settings.json', '.gemini/oauth_creds.json', '.gemini/GEMINI.md'],
    },
  ],
  skillsFolder: '.gemini/skills',
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
