/** Variables of the doors for programs: which names are served, and where the command line finds its server. */

import { z } from 'zod'

export const doorVariables = {
  ALLOWED_HOSTS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((name) => name.trim().toLowerCase())
        .filter(Boolean),
    )
    .describe(
      'Host names under which people and programs reach this server through a proxy, with commas; addresses always work',
    ),
  TUTTI_URL: z
    .url()
    .optional()
    .describe('Where `tutti status`, `top`, `run` and the like find the server; that of `DATA_DIR` if not set'),
  TUTTI_TOKEN: z.string().optional().describe('The token they use there; that of `DATA_DIR` if not set'),
}
