/** Splits the text after a command's name, and assigns its parts to arguments. */

import { z } from 'zod'
import { didYouMean } from '../../lib/did-you-mean.ts'
import * as messages from '../../messages/commands/help.ts'
import type { Command } from '../command.ts'

type Problem = { problem: string }
interface ArgumentPart {
  text: string
  /** Written in quotes: never a flag. */
  quoted: boolean
}

/** Longest line of arguments, in characters: a goal in a few sentences. */
const longest = 4_000
/** Invisible characters that change what a person reads: control characters, direction marks, zero-width blanks. */
const invisible =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it finds
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/

/** Splits at blanks. Text in quotes is one part, with `\"` for a quote in it. */
export function splitArguments(text: string): { parts: ArgumentPart[] } | Problem {
  if (text.length > longest) return { problem: messages.lineIsTooLong(longest) }
  if (invisible.test(text)) return { problem: messages.invisibleCharacters }
  const parts: ArgumentPart[] = []
  const next = /["“]((?:\\.|[^"”\\])*)["”](?=[ \t]|$)|[^ \t"“][^ \t]*/sy
  const rest = text.trimEnd()
  for (let at = blanks(rest, 0); at < rest.length; at = blanks(rest, next.lastIndex)) {
    next.lastIndex = at
    const match = next.exec(rest)
    if (!match) return { problem: messages.quoteNotClosed }
    const [whole, inner] = match
    parts.push(inner === undefined ? { text: whole, quoted: false } : { text: unescaped(inner), quoted: true })
  }
  return { parts }
}

/** The first index from `at` on that is no blank. */
function blanks(text: string, at: number): number {
  let end = at
  while (text[end] === ' ' || text[end] === '\t') end++
  return end
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, '$1')
}

/**
 * Assigns each part to an argument: `--name`, `--name value`, `--name=value`, and plain ones in the order of
 * `command.positional`. An argument that is a list takes all plain ones that are left. Where a command takes no plain ones,
 * `all` is the same as `--all`.
 * @returns values by argument, not yet checked.
 */
export function argumentsOf(
  command: Command,
  parts: readonly ArgumentPart[],
): { args: Record<string, unknown> } | Problem {
  const types = argumentTypes(command)
  const args: Record<string, unknown> = {}
  const places = [...command.positional]
  const queue = [...parts]
  for (let part = queue.shift(); part; part = queue.shift()) {
    const flag = flagIn(part, places.length === 0 ? types : undefined)
    const list = flag ? undefined : listAt(places, types)
    if (list !== undefined) {
      append(args, list, part.text)
      continue
    }
    const name = flag?.name ?? places.shift()
    if (name === undefined) return { problem: messages.tooManyArguments(command.positional.length, part.text) }
    const type = types.get(name)
    if (type === undefined) return { problem: messages.unknownFlag(name, didYouMean(name, types.keys())) }
    if (name in args) return { problem: messages.argumentRepeated(name) }
    const value = flag ? flagValue(flag, type, queue) : part.text
    if (value === undefined) return { problem: messages.flagNeedsValue(name) }
    const read = readAs(type, value)
    // What cannot be read stays as it was written: the schema says what it must be.
    args[name] = read ?? value
  }
  return { args }
}

/** The next argument, when it is a list. */
function listAt(places: readonly string[], types: ReadonlyMap<string, string>): string | undefined {
  const [place] = places
  return place !== undefined && types.get(place) === 'array' ? place : undefined
}

function append(args: Record<string, unknown>, list: string, text: string): void {
  const before = args[list]
  args[list] = [...(Array.isArray(before) ? before : []), text]
}

const leadingFlag = /^--([a-z][a-zA-Z0-9-]*)(?:=(\S*))?(?:\s+|$)/

/**
 * Assigns parts to arguments of a command that takes text: flags (`--drop`, `--name=value`) come first, then plain ones
 * in the order of `command.positional`. The rest, with the lines below, is the text. Text that is quoted as a whole, or as a
 * whole line, loses its quotes.
 * @returns values by argument, not yet checked.
 */
export function textArguments(
  command: Command,
  name: string,
  line: string,
  below: string,
): { args: Record<string, unknown> } | Problem {
  const types = argumentTypes(command)
  const flags = new Map([...types].filter(([known]) => known !== name && !command.positional.includes(known)))
  const args: Record<string, unknown> = {}
  let rest = line.trim()
  // Where there is no flag, two dashes are text.
  const next = () => (flags.size === 0 ? null : leadingFlag.exec(rest))
  for (let match = next(); match; match = next()) {
    const [whole, flag = '', value] = match
    const type = flags.get(flag)
    if (type === undefined) return { problem: messages.unknownFlag(flag, didYouMean(flag, flags.keys())) }
    const read = readAs(type, value ?? true)
    args[flag] = read ?? value
    rest = rest.slice(whole.length)
  }
  for (const positional of command.positional) {
    const [first = ''] = rest.split(/\s/, 1)
    if (first !== '') args[positional] = first
    rest = rest.slice(first.length).trimStart()
  }
  const text = unquoted(`${rest}\n${below}`.trim()) ?? `${unquoted(rest) ?? rest}\n${below}`.trim()
  if (text !== '') args[name] = text
  return { args }
}

/** The text between quotes, when there is nothing outside of them. */
function unquoted(text: string): string | undefined {
  const inner = /^["“]((?:\\.|[^"”\\])*)["”]$/s.exec(text)?.[1]
  return inner === undefined ? undefined : unescaped(inner).trim()
}

function argumentTypes(command: Command): Map<string, string> {
  const { properties = {} } = z.toJSONSchema(command.args, { io: 'input' })
  return new Map(
    Object.entries(properties).map(([name, schema]) => [
      name,
      typeof schema === 'object' && typeof schema.type === 'string' ? schema.type : 'string',
    ]),
  )
}

interface Flag {
  name: string
  value?: string
}

/** @param bare the argument types, where a boolean may be given without dashes. */
function flagIn({ text, quoted }: ArgumentPart, bare: Map<string, string> | undefined): Flag | undefined {
  if (quoted) return undefined
  if (bare?.get(text) === 'boolean') return { name: text }
  const match = /^--([a-z][a-zA-Z0-9-]*)(?:=(.*))?$/s.exec(text)
  return match?.[1] === undefined ? undefined : { name: match[1], value: match[2] }
}

function flagValue(flag: Flag, type: string, following: ArgumentPart[]): string | true | undefined {
  if (flag.value !== undefined) return flag.value
  return type === 'boolean' ? true : following.shift()?.text
}

/** The text as a value of the argument's JSON type; undefined when it is not one. */
function readAs(type: string, value: string | true): unknown {
  if (type === 'boolean') return value === true || value === 'true' ? true : value === 'false' ? false : undefined
  if (type !== 'number' && type !== 'integer') return value
  return value !== true && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : undefined
}
