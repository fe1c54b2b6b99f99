/** What agents and people read of the memory of the crew. */

import type { ContextPart } from '../domain/context-budget.ts'
import type { MemoryDomain, MemoryKind } from '../domain/crew.ts'
import { counted } from '../lib/counted.ts'
import { singleLine } from '../lib/sanitise.ts'

/** One memory as it is shown. */
export interface ShownMemory {
  kind: MemoryKind
  domain: MemoryDomain
  about: string
  text: string
  source: 'agent' | 'gate' | 'person'
  issueNumber: number | null
  fromMistake: boolean
}

/** The memories for the prompt of an agent, by who stands for them. They are fenced there: information, and no order. */
export function memoryForAgent(memories: readonly (ShownMemory & { ageDays: number })[]): ContextPart[] {
  const entries = (some: typeof memories) =>
    some.map((one) => ({ text: `- ${headOf(one)}${one.text.replace(/\s*\n\s*/g, ' / ')}`, ageDays: one.ageDays }))
  return [
    {
      ...{ pool: 'learnings', heading: 'What is known here from earlier work', untrusted: true },
      lead: 'Confirmed by the checks of this repository or by its people.',
      entries: entries(memories.filter(({ source }) => source !== 'agent')),
    },
    {
      ...{ pool: 'learnings', heading: 'What agents have noted here before', untrusted: true },
      lead: 'Confirmed by no one: check it before you rely on it.',
      entries: entries(memories.filter(({ source }) => source === 'agent')),
    },
  ]
}

function headOf({ kind, about, issueNumber, fromMistake }: ShownMemory): string {
  const what = fromMistake ? 'learned from a mistake' : kind
  const from = issueNumber ? `, in #${issueNumber}` : ''
  return `(${what}${about ? `, about ${about}` : ''}${from}) `
}

/** Learned from the record of an item, when its result has passed the gates. */
export const gateCommandWorks = (name: string, run: string) =>
  `The check "${name}" is \`${run}\`; it passes in a clean checkout.`
/** @param lines the telling lines of its log. @param paths what the change touched that passes. */
export function gateFailedFirst(summary: string, lines: string, paths: readonly string[]): string {
  const what = lines ? `${summary} It printed: ${lines.replaceAll('\n', ' / ')}.` : summary
  return `A check failed at first: ${what}${paths.length > 0 ? ` The change that passes touches ${paths.join(', ')}.` : ''}`
}
export const reviewerAsked = (body: string, path: string | null) =>
  `In review, a person asked for this${path ? ` in ${path}` : ''}, and it was done: ${body}`
export const questionAnswered = (asked: readonly string[], answer: string) => `${asked.join(' ')} Answer: ${answer}`
export const planRejected = (why: string) => `A plan was rejected: ${why}`

/** A list for people, with the number that a command names each by. */
export function memoryList(
  memories: readonly (ShownMemory & { id: number; seen: number; used: number })[],
  { shown, prefix }: { shown: number; prefix: string },
): string {
  if (memories.length === 0)
    return `Nothing is remembered here yet. \`${prefix}/memory add <text>\` teaches the agents something.`
  const rows = memories.slice(0, shown).map((one) => {
    const from = one.source === 'agent' ? '❔ by an agent' : one.source === 'gate' ? 'by the gates' : 'by a person'
    const facts = [one.domain, from, one.issueNumber ? `#${one.issueNumber}` : '', `given ${counted(one.used, 'time')}`]
    return `| ${one.id} | ${singleLine(one.text, 300)} | ${facts.filter(Boolean).join(', ')} |`
  })
  const more = memories.length > shown ? [`\n… and ${memories.length - shown} more; name a topic to see fewer.`] : []
  return ['| | what | |', '|---|---|---|', ...rows, ...more].join('\n')
}
