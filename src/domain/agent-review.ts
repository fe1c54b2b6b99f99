/** What an agent that reviews hands in: a summary, and findings in three grades. */

import { z } from 'zod'
import { storableText } from './storable-text.ts'

/** No one reads more findings than this of one review. */
const mostFindings = 30

const finding = z.strictObject({
  path: storableText(300).describe('The file, relative to the repository'),
  line: z.number().int().positive().max(1e7).optional().describe('The line in the commit that you review'),
  severity: z
    .enum(['must', 'should', 'note'])
    .describe('must: wrong, it may not be merged like this; should: better otherwise; note: good to know'),
  text: storableText(2_000).describe('What is wrong, why, and how it would be right'),
})

/** The arguments of the tool `submit_review`. */
export const reviewShape = z.strictObject({
  summary: storableText(4_000).describe(
    'What you have checked, and what you think of it, for the people who review next',
  ),
  findings: z
    .array(finding)
    .max(mostFindings, `at most ${mostFindings} findings: name the ones that matter`)
    .default([]),
})

/** As it is stored: `inDiff` says that the line of a finding is shown in the pull request, so that it can be commented on. */
const storedShape = reviewShape.extend({
  findings: z.array(finding.extend({ inDiff: z.boolean().optional() })).default([]),
})

export type AgentReview = z.output<typeof storedShape>
export type ReviewFinding = AgentReview['findings'][number]

/** The findings after which a change may not be merged as it is. */
export function mustsOf(review: AgentReview): ReviewFinding[] {
  return review.findings.filter(({ severity }) => severity === 'must')
}

/** Marks the findings whose line the pull request shows. @param shown the lines of each file, see `shownLines`. */
export function markInDiff(review: AgentReview, shown: ReadonlyMap<string, ReadonlySet<number>>): AgentReview {
  const findings = review.findings.map((one) =>
    one.line !== undefined && shown.get(one.path)?.has(one.line) ? { ...one, inDiff: true } : one,
  )
  return { ...review, findings }
}

/** Reads a review that was stored with its run; undefined when it is none. */
export function storedReview(submission: unknown): AgentReview | undefined {
  const parsed = storedShape.safeParse(submission)
  return parsed.success ? parsed.data : undefined
}

/** Whether what a review has found went back to the agent that built it: what that agent was given stands with the run. */
export function wasSentBack(run: { lesson: string }): boolean {
  return run.lesson !== ''
}
