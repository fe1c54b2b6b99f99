/** The operator's variables for the ways out of Tutti besides GitHub: NATS, Slack, Teams, mail, traces. */

import { z } from 'zod'

/** A webhook holds its secret in its path: it is never sent in the clear, except to this machine. */
const webhook = z
  .url({ protocol: /^https?$/ })
  .refine(
    (value) => /^https:|^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?:[:/]|$)/.test(value),
    'must begin with https',
  )
  .optional()

/** Their shapes, for the schema of the environment. */
export const channelVariables = {
  NATS_URL: z
    .string()
    .regex(/^(?:nats|tls):\/\/\S+$/, 'must look like nats://host:4222')
    .optional()
    .describe(
      'A NATS server with JetStream, such as `nats://host:4222`: what the crew broadcasts is copied there. Also `tls://`, and `user:password@` or `token@` before the host',
    ),
  NATS_STREAM: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,60}$/, 'must be letters, digits, dashes and underscores')
    .default('tutti')
    .describe('The JetStream stream of the copies; it is made when it is missing'),
  NATS_PREFIX: z
    .string()
    .regex(/^(?:[A-Za-z0-9_-]+\.)*$/, 'must end with a dot, such as "acme."')
    .default('')
    .describe('Put before every subject, where several installations share a NATS server'),
  SLACK_WEBHOOK_URL: webhook.describe('An incoming webhook of Slack, for repositories with `notify.slack`'),
  TEAMS_WEBHOOK_URL: webhook.describe(
    'A webhook of a Microsoft Teams workflow ("Send webhook alerts to a channel"), for repositories with `notify.teams`',
  ),
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\/\S+$/, 'must look like smtps://user:password@host')
    .optional()
    .describe('The mail server, such as `smtps://user:password@host:465`, for repositories with `notify.mail`'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'An OpenTelemetry collector, such as `http://collector:4318`: the journey of each finished item is sent there as a trace (OTLP over HTTP, `/v1/traces` is added)',
    ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('The whole address for traces, where it is another one'),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .regex(/^[^=,\s]+=[^,]*(?:,[^=,\s]+=[^,]*)*$/, 'must look like name=value,name=value')
    .optional()
    .describe('Headers for the collector, such as `authorization=Bearer%20…`; values are percent-encoded'),
  OTEL_SERVICE_NAME: z.string().max(100).default('tutti').describe('The name of this installation in traces'),
  MAIL_FROM: z.string().max(200).optional().describe('The sender of mail, such as `Tutti <tutti@example.com>`'),
}

/** The values of those variables that must not be shown. */
export function channelSecrets(env: {
  NATS_URL?: string
  SLACK_WEBHOOK_URL?: string
  TEAMS_WEBHOOK_URL?: string
  SMTP_URL?: string
  OTEL_EXPORTER_OTLP_HEADERS?: string
}): string[] {
  const urls = [env.NATS_URL, env.SLACK_WEBHOOK_URL, env.TEAMS_WEBHOOK_URL, env.SMTP_URL].filter(
    (url) => url !== undefined,
  )
  const headers = Object.values(traceHeaders(env.OTEL_EXPORTER_OTLP_HEADERS)).filter((one) => one.length >= 8)
  const inUrls = urls.flatMap((text) => {
    const { username, password, pathname } = new URL(text)
    const hooks = pathname.length >= 20 ? [pathname] : []
    // A short user name is no secret, and would be taken out of every text.
    return [password || username, ...hooks].map((one) => decodeURIComponent(one)).filter((one) => one.length >= 8)
  })
  return [...inUrls, ...headers]
}

/** The headers for the collector, as its variable lists them (opentelemetry.io/docs/specs/otel/protocol/exporter). */
export function traceHeaders(text = ''): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.includes('='))
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      return [pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())]
    }),
  )
}

/** Also what is not encoded, as some write it. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
