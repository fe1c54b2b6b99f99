/** `tutti demo`: the playground plays a whole lifecycle against Tutti as `tutti serve` starts it. */

import { fileURLToPath } from 'node:url'
import { readEnv } from '../config/env.ts'
import { OperatorError } from '../lib/errors.ts'
import { defineVerb } from './verb.ts'

export const demo = defineVerb({
  json: true,
  // The playground reads them itself; they are declared here for the help, for completion and for typing errors.
  declare: (command) =>
    command
      .option('--repo <path>', 'play on a copy of a git repository of yours; it is only read')
      .option('--headless', 'no colours, no progress line, no pauses')
      .option('--keep', 'leave everything running afterwards, to be explored'),
  more: `Plays the whole journey on this machine: a small GitHub on a free loopback port,
Tutti as "tutti serve" starts it, a scripted maintainer and scripted agents.`,
  run: async ({ raw }) => {
    const { runDemo } = await import('../playground/demo/demo.ts')
    const { PlaygroundError } = await import('../playground/errors.ts')
    const main = fileURLToPath(new URL('../main.ts', import.meta.url))
    try {
      return await runDemo([...raw], { main, path: readEnv().source.PATH ?? '' })
    } catch (error) {
      if (!(error instanceof PlaygroundError)) throw error
      throw new OperatorError(error.message, error.hint, { cause: error })
    }
  },
})
