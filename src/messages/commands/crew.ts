/** Replies of `/crew` and `/message`. */

import { singleLine } from '../../lib/sanitise.ts'
import type { CommandRefusal } from './common.ts'
import { typed } from './typed.ts'

/** One member of the crew, as `/crew` shows it. */
export interface CrewRow {
  name: string
  handle: string | null
  role: string
  /** The kind of agent; '' for Tutti itself. */
  agent: string
  busy: boolean
  /** Issues that it has finished. */
  finished: number
}

/** People who have a handle, under the crew. */
export function handleList(people: readonly { login: string; handle: string }[]): string {
  if (people.length === 0) return ''
  return `People: ${people.map(({ login, handle }) => `**${singleLine(handle, 40)}** (${singleLine(login, 40)})`).join(', ')}.`
}

export function crewList(crew: readonly CrewRow[]): string {
  if (crew.length === 0) return 'No agent has worked in this repository yet; each gets a name with its first run.'
  const rows = crew.map(({ name, handle, role, agent, busy, finished }) => {
    const also = handle ? ` (${singleLine(handle, 40)})` : ''
    const state = role === 'orchestrator' ? 'Tutti itself' : busy ? 'at work' : 'free'
    return `| **${singleLine(name, 40)}**${also} | ${role} | ${agent ? `\`${agent}\`` : '–'} | ${state} | ${role === 'orchestrator' ? '–' : finished} |`
  })
  return ['| name | role | kind | now | finished issues |', '|---|---|---|---|---|', ...rows].join('\n')
}

export const messageMissing = (prefix: string): CommandRefusal => [
  'There is no text in that message.',
  `Say it like this: ${typed(prefix, 'message @Aria Use the new parser')}.`,
]
export const crewLists = (prefix: string) => `${typed(prefix, 'crew')} lists them.`
export const noReader = (prefix: string): CommandRefusal => [
  'No agent is at work here now, so none would read it.',
  `Write to one by its name: it gets the message with its next run. ${crewLists(prefix)}`,
]
export const messageSent = (readers: readonly string[]) =>
  `On its way to ${readers.map((name) => singleLine(name, 40)).join(', ')}. This comment shows when it was read.`
export const postedTo = (channel: string) => `Posted in ${singleLine(channel, 60)}.`
export const messageCount = (messages: number, channel: string) =>
  `${messages === 1 ? 'One message' : `${messages} messages`} in ${singleLine(channel, 60)}.`
export const polled = (name: string, messages: number) =>
  `${messages === 1 ? 'One message' : `${messages} messages`} for ${singleLine(name, 40)}.`
export const acknowledged = (messages: number) =>
  `${messages === 1 ? 'One message was' : `${messages} messages were`} acknowledged.`

/** `set-handle`, `route` */
export const noSuchMember = (name: string) => `There is no agent called ${singleLine(name, 40)} here.`
export const handleIsSet = (name: string, handle: string) =>
  `${singleLine(name, 40)} is written to as @${singleLine(handle, 40)} too.`
export const programsHaveNoHandle: CommandRefusal = [
  'A program has no handle of its own.',
  'Name the member of the crew whose handle it is, in `name`.',
]
export const handleIsTaken = (handle: string, taken: readonly string[]): CommandRefusal => [
  `@${singleLine(handle, 40)} is taken.`,
  `Taken are: ${[...taken, 'people', 'all'].map((one) => singleLine(one, 40)).join(', ')}.`,
]
