/** The settings `bestOf`: several kinds of agent build the same issue, and the gates choose. */

import { z } from 'zod'

/** `bestOf` in `.github/tutti.yml`. */
export const bestOfSettings = z
  .strictObject({
    agents: z
      .array(z.string().min(1).max(50))
      .min(2)
      .max(3)
      .refine((kinds) => new Set(kinds).size === kinds.length, 'must name each kind once')
      .describe('The kinds of agent that build it, one after another'),
    sizes: z
      .array(z.enum(['S', 'M', 'L', 'XL']))
      .min(1)
      .optional()
      .describe('Only issues with one of these efforts; all if not set'),
  })
  .describe('Several kinds of agent build each issue and the better commit is shown; off if not set')
