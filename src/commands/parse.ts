/** Finds the command in a comment. Pure; knows nothing of who wrote it. */

import { z } from 'zod'
import { didYouMean } from '../lib/did-you-mean.ts'
import { plainLines } from '../lib/markdown/plain-lines.ts'
import type { Command } from './command.ts'
import { argumentsOf, splitWords, textArguments } from './lib/arguments.ts'

/** A command and its arguments, checked; or a word that is nearly one; or a command whose arguments do not fit. */
export type Parsed =
  | { command: Command; args: Record<string, unknown> }
  | { unknown: string; nearest?: string }
  | { invalid: string }

/**
 * Reads the first command line of a comment; later ones do not count, so that one comment acts once.
 *
 * A command line starts, in the first column, with a slash and exactly the command's name (after the prefix, where one
 * is configured), in plain ASCII. It counts in running text only (`lib/markdown/plain-lines.ts`): not in code, quotes,
 * quoted mail, footnotes, link definitions, tables, comments and folded details. Another name after a slash is another
 * bot's command or a path, and is passed over, unless it is nearly one of ours or follows our prefix.
 * @param body the comment, with any line ends.
 * @param prefix '' or a word such as `/tutti`.
 * @param commands by name.
 * @returns undefined when the comment holds no command.
 */
export function parseCommand(body: string, prefix: string, commands: ReadonlyMap<string, Command>): Parsed | undefined {
  if (!body.includes('/')) return undefined
  for (const line of plainLines(body)) {
    const said = commandLine(line.text, prefix)
    if (!said) continue
    const command = commands.get(said.word)
    if (command) return readArguments(command, said.rest, line.below, prefix)
    const meant = others.has(said.word) ? undefined : didYouMean(said.word, commands.keys())
    if (meant !== undefined) return { unknown: said.word, nearest: meant }
    if (prefix !== '') return { unknown: said.word }
  }
  return undefined
}

/** Words that other bots answer to in many repositories, and that are nearly one of ours. */
const others: ReadonlySet<string> = new Set(['retest', 'recheck', 'rerun', 'rebase', 'unassign'])

/** The name that a line calls, and what follows it; undefined when the line is none of ours. */
function commandLine(line: string, prefix: string): { word: string; rest: string } | undefined {
  const first = /^(\/[A-Za-z][A-Za-z0-9_-]{0,40})(?:[ \t]+(.*))?$/s.exec(line)
  if (!first) return undefined
  const [, slashed = '', rest = ''] = first
  if (prefix === '') return { word: slashed.slice(1), rest }
  if (slashed !== prefix) return undefined
  const second = /^([A-Za-z][A-Za-z0-9_-]{0,40})(?:[ \t]+(.*))?$/s.exec(rest.trimEnd())
  // The prefix alone asks what there is.
  if (rest.trim() === '') return { word: 'help', rest: '' }
  return second ? { word: second[1] ?? '', rest: second[2] ?? '' } : { word: '?', rest: '' }
}

/** Reads what follows a command's name. */
function readArguments(command: Command, text: string, below: () => string, prefix: string): Parsed {
  const given = command.text ? textArguments(command, command.text, text, below()) : plainArguments(command, text)
  if ('problem' in given) return { invalid: invalid(command, prefix, given.problem) }
  const parsed = command.args.safeParse(given.args)
  if (parsed.success) return { command, args: parsed.data }
  return { invalid: invalid(command, prefix, describe(parsed.error)) }
}

function plainArguments(command: Command, text: string): ReturnType<typeof argumentsOf> {
  const words = splitWords(text)
  return 'problem' in words ? words : argumentsOf(command, words.words)
}

function describe(error: z.ZodError): string {
  const [issue] = error.issues
  if (!issue) return 'the arguments do not fit'
  const name = issue.path.join('.')
  return name ? `\`${name}\`: ${issue.message}` : issue.message
}

function invalid(command: Command, prefix: string, problem: string): string {
  const examples = command.examples.map((example) => `\`${withPrefix(example, prefix)}\``)
  return `\`${withPrefix(`/${command.name}`, prefix)}\` was not understood: ${problem}. For example: ${examples.join(', ')}.`
}

/** A command line as it is typed where a prefix is configured: `/queue` becomes `/tutti queue`. */
export function withPrefix(line: string, prefix: string): string {
  return prefix === '' ? line : line.replace(/^\//, `${prefix} `)
}

/** How a command is typed, with its arguments: `/pause [all]`, `/merge [--protected]`. */
export function commandUsage(command: Command, prefix = ''): string {
  const { properties = {}, required = [] } = z.toJSONSchema(command.args, { io: 'input' })
  const parts = Object.keys(properties).map((name) => {
    const schema = properties[name]
    const isFlag = typeof schema === 'object' && schema.type === 'boolean'
    const shown = isFlag
      ? `--${name}`
      : [...command.words, command.text].includes(name)
        ? `<${name}>${typeof schema === 'object' && schema.type === 'array' ? '…' : ''}`
        : `--${name} <${name}>`
    return required.includes(name) && !isFlag ? shown : `[${shown}]`
  })
  return [withPrefix(`/${command.name}`, prefix), ...parts].join(' ')
}
