/** The settings `limits`: what agents may use of time, attempts, tokens and money. */

import { z } from 'zod'
import { defaultCurrency, maxAmount } from '../lib/money.ts'
import { minutes } from './setup-settings.ts'

const amount = z.number().positive().max(maxAmount)
const tokens = z.number().int().positive().max(1e12)

/** `limits` in `.github/tutti.yml`. */
export const limitSettings = z.strictObject({
  agents: z.number().int().min(1).max(100).optional().describe('Agents at once in this repository'),
  minutes: minutes.default(60).describe('One attempt of an agent'),
  idleMinutes: minutes.default(10).describe('Silence after which an agent counts as hanging'),
  retries: z.number().int().min(0).max(20).default(3).describe('Attempts after the first, before a person is asked'),
  spendPerDay: amount
    .optional()
    .describe('What agents may cost in a day (UTC): none starts that would pass it, those that do go on the next day'),
  tokensPerDay: tokens.optional().describe('Tokens, in and out, of all agents in a day (UTC), in the same way'),
  spendPerItem: amount
    .optional()
    .describe(
      'What all runs of one issue may cost together: a person is asked before a run that would pass it, and once one has',
    ),
  tokensPerRun: tokens.optional().describe('Tokens, in and out, of one run; a run that uses more is stopped'),
  spendPerRun: amount.optional().describe('What one run may cost; a run that costs more is stopped'),
  currency: z
    .string()
    .regex(/^[A-Z][A-Z0-9]{0,9}$/, 'must be in capitals, such as USD')
    .default(defaultCurrency)
    .describe('Of these amounts; costs that agents report in another currency are not counted'),
})
