/** `tutti run <command>`: any command of Tutti, and the verbs that are one command each. */

import { loadDotEnv, readClientEnv } from '../config/env.ts'
import { didYouMean } from '../lib/did-you-mean.ts'
import { VerbError } from './exit-codes.ts'
import { findServer } from './lib/access.ts'
import { defineVerb, type Verb } from './verb.ts'

const about = `The first word says what it is about: acme/app, acme/app#12 (in quotes where the shell reads # as a comment),
12, or the address of an issue. Without a repository it is the only one there is.

  --repository <owner/name>, --on <number>   the same as options
  --json                                     print one JSON document and nothing else
  --url <address>, --token <token>           another server than that of this directory (TUTTI_URL, TUTTI_TOKEN)`

export const run = defineVerb({
  passThrough: true,
  declare: (command) => command.argument('[command]', 'approve, why, spawn-agent, …').argument('[words...]'),
  more: `${about}\n\nWithout a command it lists all of them.`,
  run: async ({ raw: [name, ...words] }) => {
    if (name === undefined || name === '--json') return listCommands(name === '--json')
    return giveTyped(name, words)
  },
})

/**
 * A verb that is one command: `tutti queue acme/app#12`.
 * @param name of the command. @param always.json its data is what is wanted, also without `--json`.
 */
export function commandVerb(name: string, always: { json?: boolean } = {}): Verb {
  return defineVerb({
    passThrough: true,
    declare: (command) => command.argument('[words...]'),
    more: about,
    run: ({ raw }) => giveTyped(name, always.json ? [...raw, '--json'] : raw),
  })
}

/** Gives the command that was typed, and prints the answer. @returns the exit code. */
export async function giveTyped(name: string, typed: readonly string[]): Promise<number> {
  const [{ commandNamed, commandNames, readWords }, { giveByRest, plain }] = await Promise.all([
    import('./lib/words.ts'),
    import('./lib/client.ts'),
  ])
  const command = await commandNamed(name)
  if (!command) {
    const meant = didYouMean(name, await commandNames())
    const question = meant === undefined ? '' : `; did you mean "${meant}"?`
    throw new VerbError('usage', `there is no command "${name}"${question}`, '`tutti run` lists all of them.')
  }
  const given = readWords(command, typed)
  loadDotEnv(process.cwd())
  const answer = await giveByRest(findServer(given.server, readClientEnv()), given)
  console.log(given.json ? JSON.stringify(answer) : plain(answer.text))
  return 0
}

async function listCommands(json: boolean): Promise<number> {
  const { loadCommands } = await import('../commands/registry.ts')
  const { howToType } = await import('./lib/words.ts')
  const commands = [...(await loadCommands()).values()].toSorted((one, other) => (one.name < other.name ? -1 : 1))
  if (json) {
    const shown = commands.map((one) => ({ name: one.name, summary: one.summary, usage: howToType(one) }))
    console.log(JSON.stringify(shown))
    return 0
  }
  const wide = Math.max(...commands.map(({ name }) => name.length))
  for (const { name, summary } of commands) console.log(`${name.padEnd(wide)}  ${summary}`)
  return 0
}
