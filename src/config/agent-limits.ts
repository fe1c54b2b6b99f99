/** The operator's limits of agents: how many at once, and what they may cost. */

import { z } from 'zod'
import { defaultCurrency, maxAmount } from '../lib/money.ts'

/** `codex=1,gemini=3` by kind. @param refuse called for each part that does not fit. */
function capsOf(text: string, refuse: (problem: string) => void): Record<string, number> {
  const parts = text.split(',').map((part) => part.trim())
  const pairs = parts.filter(Boolean).flatMap((part): [string, number][] => {
    const match = /^([a-z][a-z0-9-]*)=([1-9]\d{0,2})$/.exec(part)
    if (!match) refuse(`"${part}" must look like codex=1`)
    return match ? [[match[1] ?? '', Number(match[2])]] : []
  })
  return Object.fromEntries(pairs)
}

/** A part of the environment, see `env.ts`. */
export const agentLimits = {
  MAX_AGENTS: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe('Agents at once, all repositories together. Without it the free memory decides'),
  MAX_AGENTS_PER_KIND: z
    .string()
    .default('')
    .transform((value, context) => capsOf(value, (problem) => context.addIssue({ code: 'custom', message: problem })))
    .describe('Agents of one kind at once, as `codex=1,gemini=3`; a kind with 1 is a singleton'),
  MEMORY_PER_AGENT_MB: z.coerce
    .number()
    .int()
    .min(0)
    .default(1024)
    .describe(
      'Free memory that must be there before an agent starts, in MB, until three runs of its kind were measured: then what nine in ten of them stayed below, and a tenth more',
    ),
  MAX_SPEND_PER_DAY: z.coerce
    .number()
    .positive()
    .max(maxAmount)
    .optional()
    .describe('What agents may cost in a day (UTC), all repositories together; those that pass it go on the next day'),
  MAX_TOKENS_PER_DAY: z.coerce
    .number()
    .int()
    .positive()
    .max(1e12)
    .optional()
    .describe('Tokens, in and out, of all agents in a day (UTC), all repositories together'),
  SPEND_CURRENCY: z
    .string()
    .regex(/^[A-Z][A-Z0-9]{0,9}$/, 'must be in capitals, such as USD')
    .default(defaultCurrency)
    .describe('Currency of that amount. Costs that agents report in another one are not counted'),
}
