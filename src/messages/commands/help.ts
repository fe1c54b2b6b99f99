/** `/help`, and replies to commands that do not exist, do not fit, or are given in the wrong place. */

import { singleLine } from '../../lib/sanitise.ts'
import { firstCharacters } from '../../lib/sanitise-text.ts'
import type { CommandRefusal } from './common.ts'
import { typed, withPrefix } from './typed.ts'

/** The commands by what they are for, as `/help` lists them: first those that a newcomer needs. */
export const commandGroups: readonly { title: string; names: readonly string[] }[] = [
  { title: 'To begin with', names: ['queue', 'status', 'why', 'stop', 'retry', 'merge'] },
  { title: 'Goals and plans', names: ['build', 'orchestrate', 'plan', 'answer', 'approve', 'reject', 'replan'] },
  {
    title: 'One issue',
    names: [
      'pause',
      'resume',
      'unqueue',
      'skip',
      'block',
      'priority',
      'effort',
      'depends',
      'spawn',
      'reassign',
      'best-of',
    ],
  },
  { title: 'Pull requests', names: ['hold', 'take-over', 'forecast', 'use'] },
  {
    title: 'The whole repository',
    names: ['next', 'assign', 'cycle', 'roadmap', 'propose', 'adopt', 'garden', 'report', 'budget', 'cleanup'],
  },
  { title: 'The crew', names: ['agents', 'crew', 'message', 'memory'] },
  { title: 'This list', names: ['help'] },
]

/**
 * `/help`: a table for the first commands, and the others by group.
 * @param usage the command as it is typed, with its arguments.
 */
export function commandList(
  commands: readonly { name: string; usage: string; summary: string }[],
  prefix: string,
): string {
  const known = new Map(commands.map((one) => [one.name, one]))
  const grouped = new Set(commandGroups.flatMap(({ names }) => names))
  const others = { title: 'Others', names: commands.map(({ name }) => name).filter((name) => !grouped.has(name)) }
  const tables = [...commandGroups, others].flatMap(({ title, names }) => {
    const rows = names.flatMap((name) => known.get(name) ?? [])
    if (rows.length === 0) return []
    return [[title, rows.map(({ usage, summary }) => `| \`${usage}\` | ${summary} |`)] as const]
  })
  const [first, ...rest] = tables.map(([title, rows]) => [`| ${title} | |`, '|---|---|', ...rows].join('\n'))
  return [
    first ?? '',
    `<details><summary>All the others</summary>\n\n${rest.join('\n\n')}\n\n</details>`,
    `${typed(prefix, 'help merge')} explains one.`,
  ].join('\n\n')
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

/** A program gave a command that only a person may give. */
export const personsDecision = (name: string): CommandRefusal => [
  `\`${name}\` is a person's decision, and this came with a token.`,
  'Say it in a comment on GitHub, or on the dashboard.',
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
/** @param wanted “must be …”. @param given what was given for it; undefined when nothing. */
export const argumentIsWrong = (name: string, wanted: string, given: unknown) =>
  given === undefined
    ? `\`${name}\` is missing; it ${wanted}`
    : `\`${name}\` ${wanted}; given was ${quotedArgument(typeof given === 'string' ? given : (JSON.stringify(given) ?? '?'))}`
export const argumentMustBe = (what: string) => `must be ${what}`
export const argumentsMustBeObject = 'the arguments must be an object'
export const oneOf = (values: readonly unknown[]) =>
  `${values.length > 1 ? 'one of ' : ''}${values.map((value) => `\`${value}\``).join(', ')}`
export function aNumber(whole: boolean, least: number | undefined, most: number | undefined): string {
  const range =
    least !== undefined && most !== undefined
      ? ` from ${least} to ${most}`
      : least !== undefined
        ? ` of at least ${least}`
        : most !== undefined
          ? ` of at most ${most}`
          : ''
  return `a ${whole ? 'whole ' : ''}number${range}`
}
export const trueOrFalse = '`true` or `false`'
export const aList = (least: number, most: number | undefined) =>
  `a list${least > 0 ? ` of at least ${least}` : ''}${most === undefined ? '' : `${least > 0 ? ' and' : ' of'} at most ${most}`}`
export const aText = (least: number, most: number | undefined) =>
  `text${least > 0 || most !== undefined ? ` of ${least > 0 ? `${least} to ` : 'at most '}${most ?? 'more'} characters` : ''}`
export function unknownArgument(name: string, nearest: string | undefined, known: readonly string[]): string {
  const there = known.length === 0 ? 'it takes no arguments' : `there are ${oneOf(known).replace('one of ', '')}`
  return `there is no argument ${quotedArgument(name)}${nearest ? `; did you mean \`${nearest}\`?` : `; ${there}`}`
}
export const lineIsTooLong = (most: number) => `it is longer than ${most} characters`
export const invisibleCharacters = 'it holds characters that cannot be seen'
export const quoteNotClosed = 'a quote is not closed, or a word follows it without a blank'
export const argumentRepeated = (name: string) => `\`${name}\` is there twice`
export const flagNeedsValue = (name: string) => `\`--${name}\` needs a value`
export function tooManyArguments(most: number, extra: string): string {
  return `it ${most === 0 ? 'takes no words' : `takes ${most}`}, and ${quotedArgument(extra)} is one too many`
}
export const unknownFlag = (name: string, nearest: string | undefined) =>
  `there is no ${quotedArgument(`--${name}`)}${nearest ? ` (did you mean \`--${nearest}\`?)` : ''}`

/** Text of the sender in a reply: short, and nothing in it is markup. */
function quotedArgument(text: string): string {
  return `\`${firstCharacters(text, 40).replaceAll('`', "'")}\``
}

function exampleList(examples: readonly string[], prefix: string): string {
  return examples.map((example) => `\`${withPrefix(example, prefix)}\``).join(', ')
}
