/** The words after a command's name, and which argument each of them is. */

import { z } from 'zod'
import { didYouMean } from '../../lib/did-you-mean.ts'
import type { Command } from '../command.ts'

type Problem = { problem: string }
interface Word {
  text: string
  /** Written in quotes: never a flag. */
  quoted: boolean
}

/** Longest line of arguments, in characters: a goal in a few sentences. */
const longest = 4_000
/** What cannot be seen but changes what is read: control characters, direction marks, zero-width blanks. */
const invisible =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/

/** Splits at blanks; `"two words"` is one, with `\"` for a quote in it. */
export function splitWords(text: string): { words: Word[] } | Problem {
  if (text.length > longest) return { problem: `it is longer than ${longest} characters` }
  if (invisible.test(text)) return { problem: 'it holds characters that cannot be seen' }
  const words: Word[] = []
  const next = /["“]((?:\\.|[^"”\\])*)["”](?=[ \t]|$)|[^ \t"“][^ \t]*/sy
  const rest = text.trimEnd()
  for (let at = blanks(rest, 0); at < rest.length; at = blanks(rest, next.lastIndex)) {
    next.lastIndex = at
    const match = next.exec(rest)
    if (!match) return { problem: 'a quote is not closed, or a word follows it without a blank' }
    const [whole, inner] = match
    words.push(inner === undefined ? { text: whole, quoted: false } : { text: unescaped(inner), quoted: true })
  }
  return { words }
}

/** The first place from `at` on that is no blank. */
function blanks(text: string, at: number): number {
  let end = at
  while (text[end] === ' ' || text[end] === '\t') end++
  return end
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, '$1')
}

/**
 * Gives each word to an argument: `--name`, `--name value`, `--name=value`, and plain words in the order of
 * `command.words`; one that is a list takes every word from its place on. Where a command takes no plain words, `all` is
 * the same as `--all`.
 * @returns values by argument, not yet checked.
 */
export function argumentsOf(command: Command, words: readonly Word[]): { args: Record<string, unknown> } | Problem {
  const types = argumentTypes(command)
  const args: Record<string, unknown> = {}
  const places = [...command.words]
  const queue = [...words]
  for (let word = queue.shift(); word; word = queue.shift()) {
    const flag = flagIn(word, places.length === 0 ? types : undefined)
    const list = flag ? undefined : listAt(places, types)
    if (list !== undefined) {
      append(args, list, word.text)
      continue
    }
    const name = flag?.name ?? places.shift()
    if (name === undefined) return { problem: tooMany(command, word.text) }
    const type = types.get(name)
    if (type === undefined) return { problem: unknownFlag(name, types) }
    if (name in args) return { problem: `\`${name}\` is there twice` }
    const value = flag ? flagValue(flag, type, queue) : word.text
    if (value === undefined) return { problem: `\`--${name}\` needs a value` }
    const read = readAs(type, value)
    if (read === undefined) return { problem: `\`${name}\` must be a ${type}` }
    args[name] = read
  }
  return { args }
}

/** The argument whose turn it is, when it is a list. */
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
 * Gives each word to an argument where one of them takes text: flags (`--drop`, `--name=value`) come first, then the
 * plain words in the order of `command.words`, and all that is left, with the lines below, is the text. Text that is
 * quoted as a whole, or as a whole line, loses its quotes.
 * @returns values by argument, not yet checked.
 */
export function textArguments(
  command: Command,
  name: string,
  line: string,
  below: string,
): { args: Record<string, unknown> } | Problem {
  const types = argumentTypes(command)
  const flags = new Map([...types].filter(([known]) => known !== name && !command.words.includes(known)))
  const args: Record<string, unknown> = {}
  let rest = line.trim()
  // Where there is no flag, two dashes are text.
  const next = () => (flags.size === 0 ? null : leadingFlag.exec(rest))
  for (let match = next(); match; match = next()) {
    const [whole, flag = '', value] = match
    const type = flags.get(flag)
    if (type === undefined) return { problem: unknownFlag(flag, flags) }
    const read = readAs(type, value ?? true)
    if (read === undefined) return { problem: `\`${flag}\` must be a ${type}` }
    args[flag] = read
    rest = rest.slice(whole.length)
  }
  for (const word of command.words) {
    const [first = ''] = rest.split(/\s/, 1)
    if (first !== '') args[word] = first
    rest = rest.slice(first.length).trimStart()
  }
  const text = unquoted(`${rest}\n${below}`.trim()) ?? `${unquoted(rest) ?? rest}\n${below}`.trim()
  if (text !== '') args[name] = text
  return { args }
}

/** What stands between quotes, when nothing else is there. */
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

/** @param bare the argument types, where a boolean may be said without dashes. */
function flagIn({ text, quoted }: Word, bare: Map<string, string> | undefined): Flag | undefined {
  if (quoted) return undefined
  if (bare?.get(text) === 'boolean') return { name: text }
  const match = /^--([a-z][a-zA-Z0-9-]*)(?:=(.*))?$/s.exec(text)
  return match?.[1] === undefined ? undefined : { name: match[1], value: match[2] }
}

function flagValue(flag: Flag, type: string, following: Word[]): string | true | undefined {
  if (flag.value !== undefined) return flag.value
  return type === 'boolean' ? true : following.shift()?.text
}

/** A value of the argument's JSON type; undefined when the text is none. */
function readAs(type: string, value: string | true): unknown {
  if (type === 'boolean') return value === true || value === 'true' ? true : value === 'false' ? false : undefined
  if (type !== 'number' && type !== 'integer') return value
  return value !== true && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : undefined
}

function tooMany(command: Command, text: string): string {
  const takes = command.words.length === 0 ? 'takes no words' : `takes ${command.words.length}`
  return `it ${takes}, and ${shown(text)} is one too many`
}

function unknownFlag(name: string, types: Map<string, string>): string {
  const meant = didYouMean(name, types.keys())
  return `there is no ${shown(`--${name}`)}${meant ? ` (did you mean \`--${meant}\`?)` : ''}`
}

/** The sender's word in the reply: short, and nothing in it is markup. */
function shown(text: string): string {
  return `\`${text.slice(0, 40).replaceAll('`', "'")}\``
}
