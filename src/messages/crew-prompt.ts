/** What an agent reads about itself and its crew at the beginning of a run. */

import type { ContextPart } from '../domain/context-budget.ts'
import type { CrewRole } from '../domain/crew.ts'

/** Everything that this part of a prompt can say. */
export interface CrewForAgent {
  name: string
  role: CrewRole
  /** Members of the crew that are at work now, besides itself. */
  others: readonly string[]
  /** What it is reminded of. */
  memory: readonly ContextPart[]
  /** Messages that wait for it. */
  messages: readonly string[]
  /** What earlier attempts have named. */
  checkpoints: readonly string[]
  /** Whether it can call tools. */
  hasTools: boolean
  /** Rounds of questions that it may ask; undefined where it asks in another way. */
  questionsLeft: number | undefined
}

/** A checkpoint for the agent that goes on. */
export function checkpointForAgent({
  name,
  text,
  headSha,
}: {
  name: string
  text: string
  headSha: string | null
}): string {
  return `${name}${headSha ? ` (the branch was at ${headSha.slice(0, 7)})` : ''}: ${text}`
}

/** The crew's parts of a prompt. */
export function crewForAgent(crew: CrewForAgent): ContextPart[] {
  const { name, role, others, memory, messages } = crew
  const company = others.length > 0 ? ` At work on other issues now: ${others.join(', ')}.` : ''
  const who = `You are **${name}**, ${role === 'architect' ? 'an' : 'a'} ${role} in the crew of this repository.${company}`
  const text = crew.hasTools ? `${who}\n\n${toolsSentence(crew)}` : who
  return [
    { pool: 'reserved', heading: 'Who you are', entries: [{ text }] },
    ...memory,
    {
      ...{ pool: 'working', heading: 'Checkpoints of earlier attempts', untrusted: true },
      entries: crew.checkpoints.map((one) => ({ text: one })),
    },
    { pool: 'working', heading: 'Messages for you', untrusted: true, entries: messages.map((one) => ({ text: one })) },
  ]
}

function toolsSentence({ questionsLeft }: CrewForAgent): string {
  const ask =
    questionsLeft === undefined
      ? ''
      : questionsLeft > 0
        ? 'Where the answer of a person would change the result and the repository cannot say it, call `ask_question` and end your turn.'
        : 'No questions can be asked any more: decide yourself.'
  const hand = questionsLeft === undefined ? '' : 'At the end, hand in your summary with `finish`.'
  return [
    'Tools of the MCP server `tutti`: `read_messages` between the steps of a long task, `send_message` to answer people and other agents, `ask_agent` where you cannot go on without what another agent knows, `record_insight` for what you have learned about this repository.',
    ask,
    hand,
  ]
    .filter(Boolean)
    .join(' ')
}
