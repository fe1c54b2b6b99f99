/** The tool by which an agent hands in its proposals. */

import { type Proposal, proposalsShape } from '../../domain/proposals.ts'
import type { Tool, ToolAnswer } from './serve.ts'

/** Where the tool stores the proposals. */
export interface ProposalDesk {
  /** How many are taken. */
  most: number
  /** Saves them. They replace earlier ones. @throws {LeaseLost} */
  save(proposals: Proposal[]): Promise<void>
  /** Gets the problem of a call that did not fit. */
  onRefused(problem: string): void
}

/** `submit_proposals`. The last call that fits counts, however often it is called. */
export function proposalTool(desk: ProposalDesk): Tool {
  const args = proposalsShape(desk.most)
  return {
    name: 'submit_proposals',
    description:
      'Hands in your proposals: one for each piece of work that is worth doing. Call it once, at the end; an empty list is a good answer.',
    args,
    run: async (given): Promise<ToolAnswer> => {
      const parsed = args.safeParse(given)
      if (!parsed.success) {
        const list = parsed.error.issues.map((issue) => `- ${issue.path.join('.') || 'arguments'}: ${issue.message}`)
        const text = `Nothing was taken. Mend these and call submit_proposals again:\n${list.slice(0, 20).join('\n')}`
        desk.onRefused(text)
        return { text, refused: true }
      }
      await desk.save(parsed.data.proposals)
      return { text: 'Taken. End your turn now.' }
    },
  }
}
