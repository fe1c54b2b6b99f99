/** `/help`, and replies to commands that do not exist, do not fit, or are given in the wrong place. */

import { singleLine } from '../../lib/sanitise.ts'
import type { CommandRefusal } from './common.ts'
import { typed, withPrefix } from './typed.ts'

/** `/help`. @param usage the command as it is typed, with its arguments. */
export function commandList(commands: readonly { usage: string; summary: string }[]): string {
  const rows = commands.map(({ usage, summary }) => `| \`${usage}\` | ${summary} |`)
  return ['| command | what it does |', '|---|---|', ...rows].join('\n')
}

/** `/help <command>` */
export function commandHelp(
  command: {
    usage: string
    summary: string
    where: 'issue' | 'pull request' | 'anywhere'
    permission: string
    examples: readonly string[]
  },
  prefix: string,
): string {
  const { usage, summary, where, permission, examples } = command
  const place = where === 'anywhere' ? 'an issue or a pull request' : `a${where === 'issue' ? 'n' : ''} ${where}`
  return [
    `**\`${usage}\`**: ${summary}.`,
    `For people with ${permission} permission, on ${place}. For example: ${exampleList(examples, prefix)}.`,
  ].join('\n')
}

export function noSuchCommand(name: string, nearest: string | undefined, prefix: string): CommandRefusal {
  const shown = singleLine(name, 60).replaceAll('`', "'")
  return [
    `There is no command called \`${shown}\`${nearest ? `; did you mean ${typed(prefix, nearest)}?` : '.'}`,
    `${typed(prefix, 'help')} lists them all.`,
  ]
}

/** A comment that is nearly a command. */
export const unknownCommand = (name: string, nearest: string | undefined) =>
  nearest
    ? `There is no command \`/${name}\`; did you mean \`/${nearest}\`? \`/help\` lists them.`
    : `There is no command \`/${name}\`. \`/help\` lists them.`

export const commandIsForIssues = (name: string, issue: number | undefined): CommandRefusal => [
  `\`/${name}\` is about an issue, not a pull request.`,
  `Say it on ${issue === undefined ? 'the issue' : `issue #${issue}`}.`,
]
export const commandIsForPullRequests = (name: string): CommandRefusal => [
  `\`/${name}\` is about a pull request.`,
  'Say it there.',
]

/** A program gave a command without an issue. */
export const commandNeedsAnIssue: CommandRefusal = [
  'This is about one issue or pull request, and none was named.',
  'Name its number, for example `12`.',
]

/** Arguments that do not fit. @param problem one of those below, or the message of the argument's schema. */
export const invalidArguments = (name: string, problem: string, examples: readonly string[], prefix: string) =>
  `${typed(prefix, name)} was not understood: ${problem}. For example: ${exampleList(examples, prefix)}.`
export const argumentsDoNotFit = 'the arguments do not fit'
export const argumentIsWrong = (name: string, problem: string) => `\`${name}\`: ${problem}`
export const lineIsTooLong = (most: number) => `it is longer than ${most} characters`
export const invisibleCharacters = 'it holds characters that cannot be seen'
export const quoteNotClosed = 'a quote is not closed, or a word follows it without a blank'
export const argumentRepeated = (name: string) => `\`${name}\` is there twice`
export const flagNeedsValue = (name: string) => `\`--${name}\` needs a value`
export const argumentMustBe = (name: string, type: string) => `\`${name}\` must be a ${type}`
export function tooManyArguments(most: number, extra: string): string {
  return `it ${most === 0 ? 'takes no words' : `takes ${most}`}, and ${quotedArgument(extra)} is one too many`
}
export const unknownFlag = (name: string, nearest: string | undefined) =>
  `there is no ${quotedArgument(`--${name}`)}${nearest ? ` (did you mean \`--${nearest}\`?)` : ''}`

/** Text of the sender in a reply: short, and nothing in it is markup. */
function quotedArgument(text: string): string {
  return `\`${text.slice(0, 40).replaceAll('`', "'")}\``
}

function exampleList(examples: readonly string[], prefix: string): string {
  return examples.map((example) => `\`${withPrefix(example, prefix)}\``).join(', ')
}
