/** Reads what was typed after a command's name: `acme/app#12 --protected`, with the rules of slash commands. */

import { z } from 'zod'
import { type Command, commandShape } from '../../commands/command.ts'
import { argumentsOf, textArguments } from '../../commands/lib/arguments.ts'
import { commandUsage } from '../../commands/parse.ts'
import { VerbError } from '../exit-codes.ts'
import type { ServerOptions } from './access.ts'
import type { GivenCommand } from './client.ts'

/** What was typed, read. */
export interface TypedCommand extends GivenCommand {
  command: Command
  server: ServerOptions
  json: boolean
}

/**
 * Reads the words after a command's name. The first may say what the command is about: `acme/app#12`, `12`, `acme/app`,
 * or the address of an issue.
 * @throws {VerbError} saying how the command is typed.
 */
export function readWords(command: Command, typed: readonly string[]): TypedCommand {
  const { words, json, on: numbered, ...server } = commonOptions(typed)
  const place = words[0] === undefined ? undefined : placeIn(words[0], command)
  const rest = place ? words.slice(1) : words
  const read = command.text
    ? textArguments(command, command.text, rest.join(' '), '')
    : argumentsOf(
        command,
        rest.map((text) => ({ text, quoted: false })),
      )
  if ('problem' in read) throw new VerbError('usage', read.problem, howToType(command))
  const on = numbered ?? place?.on
  if (on === undefined && command.where !== 'anywhere') {
    const problem = `\`${command.name}\` is about one ${command.where}: say which`
    throw new VerbError('usage', problem, howToType(command))
  }
  return { command, args: read.args, repository: server.repository ?? place?.repository, on, server, json }
}

/** One line: how a command is typed, with its example. */
export function howToType(command: Command): string {
  const [, ...args] = commandUsage(command).split(' ')
  const about = command.where === 'anywhere' ? '[owner/name]' : '<owner/name#number>'
  return ['Usage: tutti run', command.name, about, ...args].join(' ')
}

const valued = ['url', 'token', 'repository', 'on'] as const

function commonOptions(typed: readonly string[]) {
  const found: Partial<Record<(typeof valued)[number], string>> = {}
  const words: string[] = []
  let json = false
  const queue = [...typed]
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    const [, name, value] = /^--([a-z]+)(?:=(.*))?$/s.exec(word) ?? []
    const known = valued.find((one) => one === name)
    if (word === '--json') json = true
    else if (known) {
      const given = value ?? queue.shift()
      if (given === undefined) throw new VerbError('usage', `--${known} needs a value`)
      found[known] = given
    } else words.push(word)
  }
  const { on, ...server } = found
  if (on !== undefined && !/^#?\d{1,9}$/.test(on)) throw new VerbError('usage', `--on is the number of an issue: ${on}`)
  return { words, json, on: on === undefined ? undefined : Number(on.replace('#', '')), ...server }
}

interface Place {
  repository?: string
  on?: number
}

/** What the first word says the command is about; undefined when it is an argument. */
function placeIn(word: string, command: Command): Place | undefined {
  // Such a command takes issues as arguments.
  if (command.where === 'anywhere' && command.names) return undefined
  const url = /^https?:\/\/[^/]+\/([\w.-]+\/[\w.-]+)\/(?:issues|pull)\/(\d+)/.exec(word)
  const [, repository, number] = url ?? /^([\w.-]+\/[\w.-]+)?#(\d+)$/.exec(word) ?? []
  if (number !== undefined) return { ...(repository === undefined ? {} : { repository }), on: Number(number) }
  if (command.where !== 'anywhere' && /^\d{1,9}$/.test(word)) return { on: Number(word) }
  return /^[\w.-]+\/[\w.-]+$/.test(word) && !takesText(command) ? { repository: word } : undefined
}

/** Whether the first plain argument may be any text. */
function takesText({ args, positional, text }: Command): boolean {
  const [first] = positional
  if (first === undefined) return text !== undefined
  const property = z.toJSONSchema(args, { io: 'input' }).properties?.[first]
  return typeof property !== 'object' || !['integer', 'number', 'boolean'].includes(String(property.type))
}

/** Loads one command by its name, with dashes or underscores. @returns undefined when there is none. */
export async function commandNamed(name: string): Promise<Command | undefined> {
  const file = `${name.replaceAll('_', '-').replace(/^\//, '')}`
  if (!(await commandNames()).includes(file)) return undefined
  const { command } = (await import(`../../commands/${file}.ts`)) as { command: unknown }
  return commandShape.parse(command)
}

/** The names of all commands. */
export async function commandNames(): Promise<string[]> {
  const { readdir } = await import('node:fs/promises')
  const files = await readdir(new URL('../../commands/', import.meta.url))
  const others = ['command', 'parse', 'registry']
  return files
    .flatMap((file) => (file.endsWith('.ts') ? [file.slice(0, -3)] : []))
    .filter((one) => !others.includes(one))
}
