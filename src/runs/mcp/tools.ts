/** The tools for agents: one for all, and those of planning agents. */

import { z } from 'zod'
import { planShapes, readSubmission, type Submission } from '../../domain/plan.ts'
import { boundedText } from '../../lib/sanitise-text.ts'
import type { Tool, ToolAnswer } from './serve.ts'

const progressShape = z.strictObject({
  text: z.string().min(1).max(1_000).describe('One line for the people who wait: what you do now'),
})

/** `report_progress`, for every agent. @param onProgress gets one clean line. */
export function progressTool(onProgress: (text: string) => void): Tool {
  return {
    name: 'report_progress',
    description:
      'Shows the people who wait for you what you are doing, in one line. Use it a few times in a long task.',
    args: progressShape,
    run: async (given) => {
      const parsed = progressShape.safeParse(given)
      if (!parsed.success) return { text: '`text` must be one line of at most 1000 characters.', refused: true }
      onProgress(boundedText(parsed.data.text.replace(/\s+/g, ' '), 300))
      return { text: 'Shown.' }
    },
  }
}

/** Where the tools of a planning agent store its submissions. */
export interface PlanningSubmissions {
  /** Rounds of questions that may still be asked. */
  questionsLeft: number
  /** Saves a submission. It replaces an earlier one. @throws {LeaseLost} */
  save(submission: Submission): Promise<void>
  /** Gets the problem of a call that did not fit. It is the feedback for the next attempt when no call fits. */
  onRefused(problem: string): void
}

/** `submit_plan`, `submit_breakdown` and `ask`. The last one that fits counts, however often they are called. */
export function planningTools(submissions: PlanningSubmissions): Tool[] {
  let last = ''
  let asked = false
  const submit = async (name: keyof typeof planShapes, given: unknown): Promise<ToolAnswer> => {
    if (asked && name !== 'ask') return refuse('You have asked questions. End your turn now: the answers come later.')
    const read = readSubmission(name, given)
    if ('problems' in read) {
      const list = read.problems.map((problem) => `- ${problem}`).join('\n')
      return refuse(`Nothing was taken. Mend these and call ${name} again:\n${list}`)
    }
    if (name === 'ask' && submissions.questionsLeft <= 0)
      return refuse('No more questions can be asked. Decide yourself, say in the plan what you assumed, and submit it.')
    const content = JSON.stringify(read.submission)
    if (content === last) return { text: 'This was taken before. End your turn now.' }
    await submissions.save(read.submission)
    const again = last === '' ? '' : ' It replaces what you handed in before.'
    last = content
    asked = name === 'ask'
    return { text: `Taken.${again} End your turn now.` }
  }
  const refuse = (text: string): ToolAnswer => {
    submissions.onRefused(text)
    return { text, refused: true }
  }
  const tool = (name: keyof typeof planShapes, description: string): Tool => ({
    name,
    description,
    args: planShapes[name],
    run: (given) => submit(name, given),
  })
  return [
    tool('submit_plan', 'Hands in the plan for one change that one agent can make. Call it once, at the end.'),
    tool(
      'submit_breakdown',
      'Hands in several items instead of one plan, for a goal that is too large for one change. Each becomes an issue. Call it once, at the end.',
    ),
    tool(
      'ask',
      'Asks the people 1 to 5 questions and ends your turn; you are called again with their answers. Only for what the repository does not say and what would change the plan.',
    ),
  ]
}
