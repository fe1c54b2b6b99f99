/** The tool by which an agent hands in its review. */

import { type AgentReview, reviewShape } from '../../domain/agent-review.ts'
import type { Tool, ToolAnswer } from './serve.ts'

/** Where the tool stores the review. */
export interface ReviewDesk {
  /** Saves a review. It replaces an earlier one. @throws {LeaseLost} */
  save(review: AgentReview): Promise<void>
  /** Gets the problem of a call that did not fit. */
  onRefused(problem: string): void
}

/** `submit_review`. The last call that fits counts, however often it is called. */
export function reviewTool(desk: ReviewDesk): Tool {
  return {
    name: 'submit_review',
    description:
      'Hands in your review: a summary, and one finding for each thing that people should know. Call it once, at the end.',
    args: reviewShape,
    run: async (given): Promise<ToolAnswer> => {
      const parsed = reviewShape.safeParse(given)
      if (!parsed.success) {
        const list = parsed.error.issues.map((issue) => `- ${issue.path.join('.') || 'arguments'}: ${issue.message}`)
        const text = `Nothing was taken. Mend these and call submit_review again:\n${list.slice(0, 20).join('\n')}`
        desk.onRefused(text)
        return { text, refused: true }
      }
      await desk.save(parsed.data)
      return { text: 'Taken. End your turn now.' }
    },
  }
}
