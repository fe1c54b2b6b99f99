/** The settings of the set-up step. */

import { z } from 'zod'

/** A path or a pattern in a repository. */
export const glob = z.string().min(1).max(300)
/** A limit of time, in minutes. */
export const minutes = z
  .number()
  .positive()
  .max(24 * 60)

/** Below the root of a tree, and not git's own. */
const treePath = z
  .string()
  .min(1)
  .max(300)
  .regex(
    /^(?!\/)(?!.*(?:^|\/)(?:\.{1,2}|\.git)(?:\/|$))(?!.*\/\/)[^\0\\]*[^/\0\\]$/i,
    'must be a path inside the repository, without `..` and `.git`',
  )

const cachePaths = z.array(treePath).max(20)

/** `setup`: see `src/runs/set-up/set-up.ts`. */
export const setupSettings = z.strictObject({
  run: z
    .string()
    .min(1)
    .max(4000)
    .optional()
    .describe('A shell command line, run before an agent in its tree and before gates in their checkout'),
  minutes: minutes.default(20).describe('Ended, and counted as failed, after this long'),
  cache: z
    .union([
      cachePaths,
      z.strictObject({
        key: z.array(glob).max(50).default([]).describe('Files that decide what is made; known lock files if not set'),
        paths: cachePaths.describe('What the command makes: copied into each tree instead of running it again'),
      }),
    ])
    .default([])
    .transform((cache) => (Array.isArray(cache) ? { key: [], paths: cache } : cache))
    .describe(
      'What the command makes, ignored by git: made once for each state of the lock files, and copied into trees. Or a group: `key`, the files that decide it, and `paths`',
    ),
})
