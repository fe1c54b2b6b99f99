/** The parts of a repository's settings that are about the crew, and about calling people. */

import { z } from 'zod'

const name = z
  .string()
  .regex(
    /^\p{L}[\p{L}\p{N} '-]{0,29}$/u,
    'must begin with a letter and have at most 30 letters, digits, spaces and dashes',
  )
const names = (role: string) =>
  z.array(name).max(50).optional().describe(`Names that ${role} gets first, while they are free`)

/** `crew:` of the settings. */
export const crewSettings = z.strictObject({
  names: z
    .strictObject({
      orchestrator: names('Tutti itself'),
      planner: names('an agent that plans'),
      architect: names('an agent that takes a goal apart'),
      builder: names('an agent that builds'),
      reviewer: names('an agent that reviews'),
      verifier: names('an agent that verifies'),
    })
    .prefault({}),
  questions: z
    .number()
    .int()
    .min(0)
    .max(5)
    .default(2)
    .describe('Rounds of questions that the agents of one item may ask while they build'),
  answerSeconds: z
    .number()
    .int()
    .min(0)
    .max(55)
    .default(45)
    .describe(
      'How long an agent that asks another one waits for the answer; 0: it cannot ask. Most programs give a tool one minute',
    ),
  memory: z
    .number()
    .int()
    .min(0)
    .max(50)
    .default(12)
    .describe('How much an agent is reminded of at most: notes of earlier work that fit its task; 0: of nothing'),
})

/** `notify:` of the settings. */
export const notifySettings = z.strictObject({
  when: z
    .array(z.enum(['held', 'question', 'plan', 'review']))
    .default(['held', 'question', 'plan', 'review'])
    .describe('What people are called for: a held item, a question, a plan to approve, a pull request to review'),
  slack: z.boolean().default(false).describe('To Slack; the operator sets `SLACK_WEBHOOK_URL`'),
  teams: z.boolean().default(false).describe('To Microsoft Teams; the operator sets `TEAMS_WEBHOOK_URL`'),
  mail: z.array(z.email()).max(20).default([]).describe('Mail addresses; the operator sets `SMTP_URL` and `MAIL_FROM`'),
  mention: z
    .array(z.string().regex(/^[A-Za-z0-9][\w-]*(?:\/[\w.-]+)?$/, 'must be a login, or owner/team'))
    .max(10)
    .default([])
    .describe('Logins and teams that are mentioned in a comment on the issue'),
  remindHours: z
    .number()
    .min(0.1)
    .max(24 * 30)
    .default(24)
    .describe('Hours between reminders, while still no person has acted'),
  reminders: z.number().int().min(0).max(10).default(2).describe('Reminders after the first call'),
})
