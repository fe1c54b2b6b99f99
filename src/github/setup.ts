/** First start without credentials: Probot's page that registers the app from `app.yml` and writes `.env`. */

import type { Logger } from 'pino'
import { run } from 'probot'
import type { Env } from '../config/env.ts'

/** Serves the set-up page until the process ends; the credentials it writes count from the next start on. */
export async function showSetup(env: Env, log: Logger): Promise<void> {
  await run(() => {}, {
    log,
    env: {
      ...env.source,
      HOST: env.HOST,
      PORT: String(env.PORT),
      // Probot would otherwise open a channel at a third party for webhooks; who wants one sets WEBHOOK_PROXY_URL.
      NO_SMEE_SETUP: 'true',
    },
  })
  log.info(`Open http://${env.HOST}:${env.PORT} to register the app. Start again when it is done.`)
}
