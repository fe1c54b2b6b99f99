/**
 * Secrets by file: `WEBHOOK_SECRET_FILE=/run/secrets/webhook` stands for `WEBHOOK_SECRET` with what the file holds. That is
 * how Compose, Kubernetes and systemd hand secrets over, so that they are in no process table and no `docker inspect`.
 */

import { readFileSync } from 'node:fs'
import { OperatorError } from '../lib/errors.ts'

/** Tutti's own. */
const own = [
  ...['PRIVATE_KEY', 'WEBHOOK_SECRET', 'DATABASE_URL', 'GITHUB_CLIENT_SECRET'],
  ...['NATS_URL', 'SMTP_URL', 'SLACK_WEBHOOK_URL', 'TEAMS_WEBHOOK_URL'],
]
/** Those of agents. */
const ofAgents = [
  ...['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN', 'AWS_BEARER_TOKEN_BEDROCK'],
  ...['CODEX_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'GOOGLE_API_KEY', 'OPENCODE_API_KEY', 'OPENROUTER_API_KEY'],
]

/** The variables that may be given as a file, each without its `_FILE`. */
export const secretVariables: readonly string[] = [...own, ...ofAgents]

/** More than any key or address has. */
const mostBytes = 64 * 2 ** 10

/**
 * The environment with the content of secret files in place of their names.
 * @throws {OperatorError} naming the variable: both are set, or the file cannot be read or is empty.
 */
export function withSecretFiles(source: Readonly<Record<string, string>>): Record<string, string> {
  const result = { ...source }
  for (const name of secretVariables) {
    const path = source[`${name}_FILE`]
    if (path === undefined) continue
    if (source[name] !== undefined)
      throw new OperatorError(`${name} and ${name}_FILE are both set`, 'Take one of them out.')
    result[name] = contentOf(`${name}_FILE`, path)
    delete result[`${name}_FILE`]
  }
  return result
}

function contentOf(variable: string, path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read: ${message}`
    throw new OperatorError(`${variable} names ${path}, which ${why}`, 'Check the path, and who may read it.', {
      cause,
    })
  }
  if (text.length > mostBytes) throw new OperatorError(`${variable} names ${path}, which is too large for a secret`)
  // An editor ends the last line; no secret ends with one.
  const content = text.replace(/[\r\n]+$/, '')
  if (content === '') throw new OperatorError(`${variable} names ${path}, which is empty`, 'Put the secret into it.')
  return content
}
