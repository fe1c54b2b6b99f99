/** Replies of `/memory`. */

import { singleLine } from '../../lib/sanitise.ts'
import type { CommandRefusal } from './common.ts'
import { typed } from './typed.ts'

export const remembered = (id: number) => `Remembered as number ${id}. Agents get it where it fits their task.`
export const rememberedAlready = (id: number) => `That is remembered already, as number ${id}.`
export const memoryChanged = (id: number, what: 'forget' | 'confirm' | 'edit') =>
  what === 'forget'
    ? `Number ${id} is forgotten: no agent gets it any more, and it is not learned again.`
    : what === 'confirm'
      ? `Number ${id} is confirmed: agents get it as a fact.`
      : `Number ${id} has the new text, and is confirmed.`
export const nothingToRemember = (prefix: string): CommandRefusal => [
  'There is nothing to remember in that.',
  `Say it like this: ${typed(prefix, 'memory add Run the formatter last')}.`,
]
export const tooLongToRemember = (length: number, most: number): CommandRefusal => [
  `That has ${length} characters, and one memory holds ${most}.`,
  'Shorten it, or add it in parts.',
]
export const numberMissing = (what: string, prefix: string): CommandRefusal => [
  `\`${what}\` needs the number of a memory.`,
  `${typed(prefix, 'memory')} lists them; then say, for example, ${typed(prefix, `memory ${what} 12`)}.`,
]
export const noSuchMemory = (number: string, prefix: string): CommandRefusal => [
  `No memory here has the number ${number}.`,
  `${typed(prefix, 'memory')} lists them.`,
]
export const noSuchTopic = (topic: string, topics: readonly string[]): CommandRefusal => [
  `There is no topic \`${singleLine(topic, 40).replaceAll('`', "'")}\`.`,
  `Topics: ${topics.map((one) => `\`${one}\``).join(', ')}.`,
]
