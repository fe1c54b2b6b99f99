/** The command line: finds the verb, runs it, and prints errors for the operator. */

import { didYouMean } from '../lib/did-you-mean.ts'
import { OperatorError } from '../lib/errors.ts'
import { agents } from './agents.ts'
import { demo } from './demo.ts'
import { schema } from './schema.ts'
import { serve } from './serve.ts'
import type { Verb } from './verb.ts'

const help: Verb = {
  summary: 'this text',
  run: async () => {
    const rows = Object.entries(verbs).map(([name, verb]) => `  ${name.padEnd(8)}${verb.summary}`)
    const settings = 'Settings come from the environment and from .env; the README lists them.'
    console.log(['Usage: tutti <verb>', '', ...rows, '', settings].join('\n'))
    return 0
  },
}

const verbs: Record<string, Verb> = { serve, agents, demo, schema, help }

/** Runs one verb. @returns the exit code. */
export async function main(args: string[]): Promise<number> {
  const [name = 'help', ...rest] = args
  const verb = verbs[name === '--help' || name === '-h' ? 'help' : name]
  if (!verb) {
    const meant = didYouMean(name, Object.keys(verbs))
    console.error(`tutti: there is no "${name}".${meant ? ` Did you mean "${meant}"?` : ''} See: tutti help`)
    return 2
  }
  try {
    return await verb.run(rest)
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    console.error(`tutti: ${error.message}`)
    if (error.hint) console.error(error.hint)
    return 1
  }
}
