/** The settings `proposals`: work that an agent proposes, and a person adopts. */

import { z } from 'zod'

/** `proposals` in `.github/tutti.yml`. */
export const proposalSettings = z.strictObject({
  schedule: z
    .enum(['off', 'daily', 'weekly', 'monthly'])
    .default('off')
    .describe(
      'How often an agent proposes work by itself, on the roadmap that last had proposals; `/propose` asks at any time',
    ),
  max: z.number().int().min(1).max(20).default(5).describe('Proposals of one round, at most'),
})
