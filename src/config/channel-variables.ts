/** The operator's variables for the ways out of Tutti besides GitHub: NATS, Slack, Teams, mail. */

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
  MAIL_FROM: z.string().max(200).optional().describe('The sender of mail, such as `Tutti <tutti@example.com>`'),
}

/** The values of those variables that must not be shown. */
export function channelSecrets(env: {
  NATS_URL?: string
  SLACK_WEBHOOK_URL?: string
  TEAMS_WEBHOOK_URL?: string
  SMTP_URL?: string
}): string[] {
  const urls = [env.NATS_URL, env.SLACK_WEBHOOK_URL, env.TEAMS_WEBHOOK_URL, env.SMTP_URL].filter(
    (url) => url !== undefined,
  )
  return urls.flatMap((text) => {
    const { username, password, pathname } = new URL(text)
    const hooks = pathname.length >= 20 ? [pathname] : []
    // A short user name is no secret, and would be taken out of every text.
    return [password || username, ...hooks].map((one) => decodeURIComponent(one)).filter((one) => one.length >= 8)
  })
}
