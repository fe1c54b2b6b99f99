/** Modules: the parts of a repository that its settings name. */

import { z } from 'zod'
import { glob } from './setup-settings.ts'

/** The name of a module, as in the label `module:<name>`. */
export const moduleName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be lower-case words joined by dashes')

/** One module. */
export const moduleSettings = z.strictObject({
  paths: z.array(glob).max(200).default([]).describe('Files and directories it is made of; its items touch them'),
  agent: z.string().max(50).optional().describe('Which agent works on it'),
})
