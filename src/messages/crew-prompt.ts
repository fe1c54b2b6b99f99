/** What an agent reads about itself and its crew at the beginning of a run. */

import type { CrewRole } from '../domain/crew.ts'

/** Everything that this part of a prompt can say. */
export interface CrewForAgent {
  name: string
  role: CrewRole
  /** Members of the crew that are at work now, besides itself. */
  others: readonly string[]
  /** What it is reminded of; '' when nothing fits. */
  memory: string
  /** Messages that wait for it; '' when none do. */
  messages: string
  /** Whether it can call tools. */
  hasTools: boolean
  /** Rounds of questions that it may ask; undefined where it asks in another way. */
  questionsLeft: number | undefined
}

/** The crew's part of a prompt, as markdown. */
export function crewForAgent(crew: CrewForAgent): string {
  const { name, role, others, memory, messages } = crew
  const company = others.length > 0 ? ` At work on other issues now: ${others.join(', ')}.` : ''
  return [
    `# Who you are\n\nYou are **${name}**, a ${role} in the crew of this repository.${company}`,
    crew.hasTools && toolsSentence(crew),
    memory && `# What is known here from earlier work\n\n${memory}`,
    messages && `# Messages for you\n\n${messages}`,
  ]
    .filter(Boolean)
    .join('\n\n')
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
    'Tools of the MCP server `tutti`: `read_messages` between the steps of a long task, `send_message` to answer people and other agents, `record_insight` for what you have learned about this repository.',
    ask,
    hand,
  ]
    .filter(Boolean)
    .join(' ')
}
