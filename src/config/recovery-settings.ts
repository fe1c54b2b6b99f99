/** The settings of what follows a failure. */

import { z } from 'zod'

/** `recovery`: see `src/runs/retry-policy.ts`. */
export const recoverySettings = z.strictObject({
  agents: z
    .array(z.string().min(1).max(50))
    .max(10)
    .default([])
    .describe(
      'Kinds of agent that take over, in this order, where the chosen one is out of quota, cannot start or keeps failing; none by itself, since the code goes to their provider',
    ),
  replan: z
    .boolean()
    .default(true)
    .describe('Whether work that keeps failing is planned again, once, before a person is asked'),
  escalationThreshold: z
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(10)
    .describe('Failures of the machine in a row before a person is asked'),
  haltOnCritical: z
    .boolean()
    .default(true)
    .describe('Whether a critical failure stops every agent of the repository until a person says `/resume all`'),
})
