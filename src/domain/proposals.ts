/** What an agent that proposes work hands in, and which of it is new. */

import { z } from 'zod'
import { storableText } from './storable-text.ts'

const source = z.strictObject({
  kind: z
    .enum(['gate', 'learning', 'roadmap', 'code'])
    .describe(
      'Where you have it from: findings of gates, what the crew has learned, lines of a roadmap, the code itself',
    ),
  text: storableText(300).describe('Which finding, learning, line or file'),
})

const proposal = z.strictObject({
  title: storableText(120).describe('The title of its issue'),
  why: storableText(2_000).describe(
    'What is missing or wrong, and what it would be good for; all that a reader of the issue needs',
  ),
  source,
  size: z.enum(['S', 'M', 'L', 'XL']).describe('About 1, 2, 4 or 8 hours of an agent'),
  risk: z.enum(['low', 'medium', 'high']).describe('How much could go wrong'),
  dependsOn: z
    .array(z.number().int().positive().max(1e9))
    .max(10)
    .default([])
    .describe('Numbers of open issues of the list that must be done before it'),
})

/** The arguments of the tool `submit_proposals`. @param most proposals that are taken. */
export function proposalsShape(most: number) {
  return z.strictObject({
    proposals: z.array(proposal).max(most, `at most ${most} proposals: name the ones that matter most`),
  })
}

export type Proposal = z.output<typeof proposal>
export type ProposalSource = z.output<typeof source>

/** No round has more, whatever its settings said. */
const mostStored = 20

/** Reads proposals that were stored with their run; undefined when there are none. */
export function storedProposals(submission: unknown): Proposal[] | undefined {
  const parsed = proposalsShape(mostStored).safeParse(submission)
  return parsed.success ? parsed.data.proposals : undefined
}

/**
 * The proposals whose title is not that of a known issue, each title once; they depend on known issues alone.
 * @param known open issues, and issues that earlier proposals have become.
 */
export function newProposals(
  proposals: readonly Proposal[],
  known: readonly { issueNumber: number; title: string }[],
): Proposal[] {
  const words = (title: string) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim()
  const seen = new Set(known.map(({ title }) => words(title)))
  const numbers = new Set(known.map(({ issueNumber }) => issueNumber))
  return proposals.flatMap((one) => {
    const title = words(one.title)
    if (seen.has(title)) return []
    seen.add(title)
    return [{ ...one, dependsOn: [...new Set(one.dependsOn)].filter((number) => numbers.has(number)) }]
  })
}

/** Days between two rounds by the clock. */
export const proposalDays = { daily: 1, weekly: 7, monthly: 30 } as const
