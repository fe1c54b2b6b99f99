/** Where an agent of the crew sits during one run: what its tools act on. */

import type { z } from 'zod'
import type { CrewMember } from '../../db/crew-members.ts'
import { wrongArguments } from '../../messages/crew-tools.ts'
import type { Attempt } from '../context.ts'
import type { ToolAnswer } from './serve.ts'

/** What the tools of one run need. */
export interface CrewDesk {
  attempt: Pick<Attempt, 'context' | 'lease' | 'run' | 'item' | 'signal'>
  member: CrewMember
  /** Rounds of questions that may still be asked. */
  questionsLeft: number
  /** For how long it may wait for the answer of another agent; 0 or undefined: it cannot ask one. */
  answerSeconds: number | undefined
  /** The head of the branch now. */
  head(): Promise<string | undefined>
  /** What was handed in; the last one counts. */
  result: { summary?: string; asked?: string[] }
}

/** What a tool answers to arguments that do not fit: each problem with its argument. */
export function refuseArguments(tool: string, { issues }: z.ZodError): ToolAnswer {
  const problems = issues.map(({ path, message }) => `\`${path.join('.')}\`: ${message}`)
  return { text: wrongArguments(tool, problems), refused: true }
}
