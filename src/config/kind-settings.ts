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
  singleton: z
    .boolean()
    .optional()
    .describe('Whether at most one agent of this kind is at work in this repository; others wait for it'),
})

const roleSettings = z.strictObject({
  agent: z.string().max(50).optional().describe('The kind of agent for it'),
  model: z.string().max(100).optional().describe('The model for it, in its own spelling'),
})

const reviewerSettings = roleSettings
  .extend({
    agent: roleSettings.shape.agent.describe(
      'The kind of agent for it; if not set, the first of `recovery.agents` that is another one than builds here',
    ),
    sendBack: z
      .boolean()
      .default(false)
      .describe('Whether what it says must change goes back to the agent that built it, before a person has looked'),
    rounds: z
      .number()
      .int()
      .min(1)
      .max(5)
      .default(1)
      .describe('How often that happens for one issue, at most; later findings are for people alone'),
  })
  .describe('An agent that reviews each pull request before people do; none if not set. It approves nothing')

/** What plans, what proposes, what builds, and what reviews. */
export const rolesSettings = z.strictObject({
  planner: roleSettings.optional(),
  architect: roleSettings.optional().describe('What proposes work; the planner if not set'),
  builder: roleSettings.optional(),
  reviewer: reviewerSettings.optional(),
})
