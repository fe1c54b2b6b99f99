/** Finds the command in a comment. Pure: who wrote the comment does not matter here. */

import { z } from 'zod'
import { didYouMean } from '../lib/did-you-mean.ts'
import { plainLines } from '../lib/markdown/plain-lines.ts'
import { invalidArguments } from '../messages/commands/help.ts'
import { withPrefix } from '../messages/commands/typed.ts'
import type { Command } from './command.ts'
import { argumentProblem } from './lib/argument-problem.ts'
import { argumentsOf, splitArguments, textArguments } from './lib/arguments.ts'

/** A command and its checked arguments; or a name that is nearly one; or the reply for arguments that do not fit. */
export type Parsed =
  | { command: Command; args: Record<string, unknown> }
  | { unknown: string; nearest?: string }
  | { invalid: string }

/**
 * Reads the first command line of a comment. Later ones do not count, so that one comment acts once.
 *
 * A command line starts with a slash and the command's name (after the prefix, where one is configured), in ASCII: a letter
 * that only resembles one does not count. Forgiven is what phones add: capitals, up to three blanks in front, no-break
 * spaces, and a full stop or comma at the end. It counts in running text only (`lib/markdown/plain-lines.ts`): not in code, quotes,
 * quoted mail, footnotes, link definitions, tables, comments and folded details. Another name after a slash is a path or
 * another bot's command. It is skipped, unless it is nearly one of ours or follows our prefix.
 * @param body the comment, with any line ends.
 * @param prefix '' or a name such as `/tutti`.
 * @param commands by name.
 * @returns undefined when the comment holds no command.
 */
export function parseCommand(body: string, prefix: string, commands: ReadonlyMap<string, Command>): Parsed | undefined {
  if (!body.includes('/')) return undefined
  for (const line of plainLines(body)) {
    const call = line.inList && /^\s/.test(line.text) ? undefined : commandLine(line.text, prefix)
    if (!call) continue
    const command = commands.get(call.name)
    if (command && isSlash(command)) return readArguments(command, call.rest, line.below, prefix)
    const nearest = namesOfOtherBots.has(call.name) ? undefined : didYouMean(call.name, slashNames(commands))
    if (nearest !== undefined) return { unknown: call.name, nearest }
    if (prefix !== '') return { unknown: call.name }
  }
  return undefined
}

/** Whether a command is given in comments; the others are for programs alone. */
export function isSlash(command: Pick<Command, 'slash'>): boolean {
  return command.slash !== false
}

function slashNames(commands: ReadonlyMap<string, Command>): string[] {
  return [...commands.values()].filter(isSlash).map(({ name }) => name)
}

/** Commands of other bots in many repositories that are nearly one of ours. */
const namesOfOtherBots: ReadonlySet<string> = new Set(['retest', 'recheck', 'rerun', 'rebase', 'unassign'])

/** Whether a text may hold a command: cheap, and never wrong about one that does. */
export function mayHoldCommand(body: string): boolean {
  return /^[ \u00a0]{0,3}\//m.test(body)
}

/** The name that a line calls, and what follows it; undefined when the line is none of ours. */
function commandLine(line: string, prefix: string): { name: string; rest: string } | undefined {
  const first = /^ {0,3}(\/[A-Za-z][A-Za-z0-9_-]{0,40})[.,]?(?:[ \t]+(.*))?$/s.exec(line.replaceAll('\u00a0', ' '))
  if (!first) return undefined
  const [, slashed = '', rest = ''] = first
  if (prefix === '') return { name: slashed.slice(1).toLowerCase(), rest }
  if (slashed.toLowerCase() !== prefix.toLowerCase()) return undefined
  // The prefix alone asks for the list of commands.
  if (rest.trim() === '') return { name: 'help', rest: '' }
  const second = /^([A-Za-z][A-Za-z0-9_-]{0,40})[.,]?(?:[ \t]+(.*))?$/s.exec(rest.trimEnd())
  return second ? { name: (second[1] ?? '').toLowerCase(), rest: second[2] ?? '' } : { name: '?', rest: '' }
}

/** Reads what follows a command's name. */
function readArguments(command: Command, text: string, below: () => string, prefix: string): Parsed {
  const given = command.text ? textArguments(command, command.text, text, below()) : plainArguments(command, text)
  if ('problem' in given) return { invalid: invalid(command, prefix, given.problem) }
  const parsed = command.args.safeParse(given.args)
  if (parsed.success) return { command, args: parsed.data }
  return { invalid: invalid(command, prefix, argumentProblem(command, parsed.error, given.args)) }
}

function plainArguments(command: Command, text: string): ReturnType<typeof argumentsOf> {
  // No argument ends with a full stop or a comma, but sentences do.
  const split = splitArguments(text.trimEnd().replace(/(?<=[\w"”])[.,]$/, ''))
  return 'problem' in split ? split : argumentsOf(command, split.parts)
}

function invalid(command: Command, prefix: string, problem: string): string {
  return invalidArguments(command.name, problem, command.examples, prefix)
}

/** How a command is typed, with its arguments: `/pause [all]`, `/merge [--protected]`. */
export function commandUsage(command: Command, prefix = ''): string {
  const { properties = {}, required = [] } = z.toJSONSchema(command.args, { io: 'input' })
  const parts = Object.keys(properties).map((name) => {
    const schema = properties[name]
    const isFlag = typeof schema === 'object' && schema.type === 'boolean'
    const shown = isFlag
      ? `--${name}`
      : [...command.positional, command.text].includes(name)
        ? `<${name}>${typeof schema === 'object' && schema.type === 'array' ? '…' : ''}`
        : `--${name} <${name}>`
    return required.includes(name) && !isFlag ? shown : `[${shown}]`
  })
  return [withPrefix(`/${command.name}`, prefix), ...parts].join(' ')
}
