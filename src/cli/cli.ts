/** The command line: finds the verb, parses what was typed, runs it, and prints errors for the operator. */

import { Command, CommanderError } from '@commander-js/extra-typings'
import { didYouMean } from '../lib/did-you-mean.ts'
import { OperatorError } from '../lib/errors.ts'
import { tuttiVersion } from '../lib/version.ts'
import { exitCodeMeanings, exitCodes, VerbError } from './exit-codes.ts'
import { styled } from './lib/style.ts'
import { wrapped } from './lib/wrap.ts'
import type { Verb } from './verb.ts'
import { listedVerbs } from './verbs.ts'

/** Runs one verb. @returns the exit code; `exitCodes` says what it means. */
export async function main(typed: readonly string[]): Promise<number> {
  try {
    return await run(typed.length === 0 ? ['--help'] : typed)
  } catch (error) {
    return failed(error, typed.includes('--json'))
  }
}

/** Verbs of the frame itself; the last one is what completion scripts call at each Tab. */
const ownVerbs = ['help', 'completion', 'complete']

async function run(typed: readonly string[]): Promise<number> {
  const program = frame()
  let exit: number = exitCodes.done
  const [first, second] = typed.filter((word) => !word.startsWith('-'))
  const called = first === 'help' ? second : first
  checkName(called)
  // Whoever completes a line needs all verbs with their options; whoever runs one needs that one alone.
  const everything = called === 'complete' || called === 'completion'
  for (const { name, summary, group, load } of listedVerbs) {
    const command = program.command(name).summary(summary).description(sentence(summary)).helpGroup(`${group}:`)
    if (!everything && name !== called) continue
    declare(command as Command, await load(), async (verb) => {
      exit = await verb(typed.slice(typed.indexOf(name) + 1))
    })
  }
  await addCompletion(program, everything)
  await program.parseAsync([...typed], { from: 'user' })
  return exit
}

/** @throws {VerbError} with the nearest verb. */
function checkName(called: string | undefined): void {
  const names = [...listedVerbs.map(({ name }) => name), ...ownVerbs]
  if (called === undefined || names.includes(called)) return
  const meant = didYouMean(called, names)
  const question = meant === undefined ? '' : ` Did you mean "${meant}"?`
  throw new VerbError('usage', `there is no "${called}".${question}`, 'See: tutti --help')
}

/** The program without its verbs. */
function frame(): Command {
  const codes = Object.entries(exitCodeMeanings).map(
    ([name, meaning]) => `  ${exitCodes[name as keyof typeof exitCodes]}  ${meaning}`,
  )
  return new Command('tutti')
    .description('Turns issues into reviewed pull requests.')
    .version(tuttiVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .usage('<verb> [options]')
    .addHelpText('after', `\nHelp for a verb: tutti <verb> --help\n\nExit codes:\n${codes.join('\n')}`)
    .addHelpText('after', '\nSettings come from the environment and from .env; docs/environment.md lists them.')
    .showHelpAfterError('See: tutti --help')
    .configureHelp({ styleTitle: (text) => styled('bold', text), styleCommandText: (text) => styled('cyan', text) })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'tutti: ')) })
    .exitOverride()
}

type VerbRun = (raw: readonly string[]) => Promise<number>

function declare(command: Command, verb: Verb, called: (run: VerbRun) => Promise<void>): void {
  verb.declare(command)
  if (verb.passThrough) command.allowUnknownOption().allowExcessArguments()
  if (verb.json) command.option('--json', 'print one JSON document and nothing else')
  if (verb.server) {
    command
      .option('--repository <owner/name>', 'the repository; the only one when absent')
      .option('--url <address>', 'another Tutti than that of this directory (or TUTTI_URL)')
      .option('--token <token>', 'the token for it (or TUTTI_TOKEN)')
  }
  if (verb.more) command.addHelpText('after', `\n${verb.more}`)
  command.showHelpAfterError(`See: tutti ${command.name()} --help`)
  command.action(() => called((raw) => verb.run(command as unknown as Parameters<Verb['run']>[0], raw)))
}

/** `tutti help [verb]`, `tutti completion <shell>`, and the hidden `tutti complete` that its script calls at each Tab. */
async function addCompletion(program: Command, wanted: boolean): Promise<void> {
  const summary = 'print the completion script of a shell: bash, zsh, fish or powershell'
  if (wanted) {
    const { default: tab } = await import('@bomb.sh/tab/commander')
    tab(program as unknown as Parameters<typeof tab>[0], { completionCommandName: 'completion' })
  } else program.command('completion').argument('<shell>').summary(summary).helpGroup('For programs:')
  program
    .command('help', { hidden: true })
    .argument('[verb]')
    .action((verb) => (program.commands.find((command) => command.name() === verb) ?? program).help())
}

function failed(error: unknown, json: boolean): number {
  // Commander has printed its message, the help or the version already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  if (!(error instanceof OperatorError)) throw error
  const exit = error instanceof VerbError ? error.exit : 'failed'
  if (json) console.error(JSON.stringify({ error: { kind: exit, message: error.message, hint: error.hint ?? null } }))
  else {
    const lines = [`tutti: ${error.message}`, ...(error.hint ? [error.hint] : [])]
    console.error(lines.map((line) => wrapped(line, process.stderr.columns)).join('\n'))
  }
  return exitCodes[exit]
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
