/** First start without credentials: Probot's page that registers the app from `app.yml` and writes `.env`. */

import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Logger } from 'pino'
import { run } from 'probot'
import { type Env, setVariable } from '../config/env.ts'

/**
 * Serves the set-up page until the process ends; the credentials it writes count from the next start on.
 */
export async function showSetup(env: Env, log: Logger): Promise<void> {
  // Probot would otherwise open a channel for webhooks at a third party; who wants one sets WEBHOOK_PROXY_URL.
  setVariable('NO_SMEE_SETUP', 'true')
  // Probot speaks of itself while it is set up, and logs every request; what matters is said below.
  const quiet = log.child({}, { level: 'warn' })
  await run(() => {}, {
    log: quiet,
    env: { ...env.source, HOST: env.HOST, PORT: String(env.PORT) },
    updateEnv: (values) => {
      writeDotEnv(values)
      log.info(
        'The app is registered and .env is written. Install the app on a repository, then start again: npm start',
      )
      return values
    },
  })
  log.info(`Not set up yet. Open http://${env.HOST}:${env.PORT} in a browser to register the app.`)
}

/** Replaces or adds variables in `.env`. Only its owner may read it: it holds the app's private key. */
function writeDotEnv(values: Readonly<Record<string, string | undefined>>): void {
  const file = '.env'
  const known = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const kept = Object.keys(values).reduce((text, name) => text.replace(assignment(name), ''), known)
  const added = Object.entries(values).map(([name, value]) => `${name}=${oneLine(value ?? '')}\n`)
  writeFileSync(file, `${kept}${kept && !kept.endsWith('\n') ? '\n' : ''}${added.join('')}`, { mode: 0o600 })
  chmodSync(file, 0o600)
}

function assignment(name: string): RegExp {
  return new RegExp(`^${name}=(?:"[^"]*"|.*)\\n?`, 'm')
}

/** A key has many lines; Probot puts it into quotes already. */
function oneLine(value: string): string {
  return value.replaceAll('\r', '').replaceAll('\n', '\\n')
}
