/** Variables of the doors for programs: where the command line finds its server. */

import { z } from 'zod'

export const doorVariables = {
  TUTTI_URL: z
    .url()
    .optional()
    .describe('Where `tutti status`, `top`, `run` and the like find the server; that of `DATA_DIR` if not set'),
  TUTTI_TOKEN: z.string().optional().describe('The token they use there; that of `DATA_DIR` if not set'),
}
