/** Kinds of agent in the settings of a repository, and what they are there for. */

import { z } from 'zod'

const price = z.number().min(0).max(1e6)

const prices = z
  .strictObject({
    input: price.describe('For a million tokens in'),
    output: price.describe('For a million tokens out'),
    cached: price.default(0).describe('For a million tokens from the cache of the provider'),
  })
  .describe('What tokens cost, in `limits.currency`, for an agent that reports tokens and no cost')

/** One kind of agent. */
export const kindSettings = z.strictObject({
  command: z.array(z.string().min(1)).min(1).optional().describe('Program and arguments, instead of the built-in ones'),
  model: z.string().max(100).optional(),
  prices: prices.optional(),
})

/** What plans, or builds. */
export const roleSettings = z.strictObject({
  agent: z.string().max(50).optional().describe('The kind of agent for it'),
  model: z.string().max(100).optional().describe('The model for it, in its own spelling'),
})
