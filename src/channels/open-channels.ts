/** The ways out of Tutti besides GitHub, as far as the operator has configured them. */

import type { Logger } from 'pino'
import { traceHeaders } from '../config/channel-variables.ts'
import type { Env } from '../config/env.ts'
import type { Closers } from '../lib/closers.ts'
import { mailSender } from './mail.ts'
import { type NatsLink, openNats } from './nats.ts'
import type { NoticeSender } from './notice.ts'
import { slackSender } from './slack.ts'
import { teamsSender } from './teams.ts'
import type { TraceSink } from './traces.ts'

/** What the operator has configured. */
export interface Channels {
  nats?: NatsLink
  traces?: TraceSink
  senders: Partial<Record<'slack' | 'teams' | 'mail', NoticeSender>>
}

/** Opens them; nothing connects before it is used. @param root the subject below which everything is published. */
export async function openChannels(
  env: Env,
  root: string,
  log: Logger,
  closers: Closers,
): Promise<{ channels: Channels }> {
  const { NATS_URL, NATS_STREAM, NATS_PREFIX, SLACK_WEBHOOK_URL, TEAMS_WEBHOOK_URL, SMTP_URL, MAIL_FROM } = env
  const nats = NATS_URL ? openNats({ url: NATS_URL, stream: NATS_STREAM, prefix: NATS_PREFIX, root, log }) : undefined
  if (nats) closers.push(nats)
  const traces = await tracesOf(env)
  if (traces) closers.push(traces)
  const senders = {
    ...(SLACK_WEBHOOK_URL ? { slack: slackSender(SLACK_WEBHOOK_URL) } : {}),
    ...(TEAMS_WEBHOOK_URL ? { teams: teamsSender(TEAMS_WEBHOOK_URL) } : {}),
    ...(SMTP_URL && MAIL_FROM ? { mail: mailSender(SMTP_URL, MAIL_FROM) } : {}),
  }
  if (SMTP_URL && !MAIL_FROM) log.warn('SMTP_URL is set and MAIL_FROM is not: no mail is sent')
  return { channels: { ...(nats ? { nats } : {}), ...(traces ? { traces } : {}), senders } }
}

/** Its modules are loaded only where it is configured. */
async function tracesOf(env: Env): Promise<TraceSink | undefined> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole } = env
  const url = whole ?? (base && `${base.replace(/\/$/, '')}/v1/traces`)
  if (!url) return undefined
  const { openTraces } = await import('./traces.ts')
  return openTraces({ url, headers: traceHeaders(env.OTEL_EXPORTER_OTLP_HEADERS), service: env.OTEL_SERVICE_NAME })
}
