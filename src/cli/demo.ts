/** `tutti demo`: the playground plays a whole lifecycle against Tutti as `tutti serve` starts it. */

import { fileURLToPath } from 'node:url'
import { readEnv } from '../config/env.ts'
import { OperatorError } from '../lib/errors.ts'
import type { Verb } from './verb.ts'

export const demo: Verb = {
  summary: 'the whole journey on this machine, without an account (see demo --help)',
  run: async (args) => {
    const { runDemo } = await import('../playground/demo/demo.ts')
    const { PlaygroundError } = await import('../playground/errors.ts')
    const main = fileURLToPath(new URL('../main.ts', import.meta.url))
    try {
      return await runDemo(args, { main, path: readEnv().source.PATH ?? '' })
    } catch (error) {
      if (!(error instanceof PlaygroundError)) throw error
      throw new OperatorError(error.message, error.hint, { cause: error })
    }
  },
}
