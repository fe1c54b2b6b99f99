/**
 * What a planning agent submits: a plan, a breakdown into several items, or questions. The run that receives a
 * submission and the planning folder that acts on it share these schemas.
 */

import { z } from 'zod'
import { didYouMean } from '../lib/did-you-mean.ts'
import { effortHours } from '../lib/effort-hours.ts'
import { firstCharacters } from '../lib/sanitise-text.ts'
import { storable, storableText } from './storable-text.ts'

/** Steps of one plan, at most. No person reads more before an approval. */
const maxSteps = 200
/** Items of one breakdown, at most: GitHub allows 100 sub-issues for each parent. */
const maxItems = 100

const list = (max: number, of: z.ZodType<string>) => z.array(of).max(max).default([])

/** A file, a folder with a slash at its end, or a pattern; always inside the repository. */
const path = storable()
  .trim()
  .min(1)
  .max(300)
  .refine((value) => !/^(?:[/\\~]|[A-Za-z]:)/.test(value), 'must be relative to the repository, not absolute')
  .refine((value) => !value.split(/[/\\]/).includes('..'), 'must not lead out of the repository with ".."')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern refuses control characters
  .refine((value) => !/[\u0000-\u001f\u007f]/.test(value), 'must not hold control characters')

const effort = z
  .union([z.enum(['S', 'M', 'L', 'XL']), z.number().positive().max(2_000)], {
    error: 'must be S, M, L or XL, or a number of hours',
  })
  .describe('S, M, L or XL (about 1, 2, 4 and 8 hours of an agent), or hours as a number')

const common = {
  summary: storableText(4_000).describe('What will be done and why, for the person who approves it'),
  outOfScope: list(50, storableText(500)).describe('What is left out on purpose'),
  risk: z.enum(['low', 'medium', 'high']).describe('How much could go wrong'),
  risks: list(20, storableText(500)).describe('What could go wrong'),
  confidence: z
    .number()
    .min(0)
    .max(1)
    .describe('0 to 1: how sure you are that this is what is wanted and that it works'),
}

const plan = z.strictObject({
  ...common,
  steps: z
    .array(storableText(1_000))
    .min(1, 'needs at least one step')
    .max(maxSteps, `at most ${maxSteps} steps: join small ones, or hand in a breakdown`)
    .describe('What is done, in this order'),
  inScope: list(50, storableText(500)).describe('What belongs to it'),
  paths: list(200, path).describe(
    'Files and folders that will change, relative to the repository; patterns may be used',
  ),
  effort,
})

const key = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be lower-case words joined by dashes, at most 40 characters')

const item = z.strictObject({
  key: key.describe('A short name for it, unique here; `dependsOn` uses it'),
  title: storableText(200).describe('The title of its issue'),
  body: storableText(10_000).describe('All that a reader needs who sees nothing but this issue'),
  paths: list(200, path).describe('Files and folders that will change'),
  effort,
  module: key.optional().describe('The module of the repository that it belongs to'),
  dependsOn: list(50, key).describe('Keys of the items that must be done before it'),
})

const feature = z.strictObject({
  title: storableText(200),
  body: storable().trim().max(10_000).default(''),
  items: z.array(item).min(1, 'needs at least one item').max(maxItems),
})

const breakdown = z
  .strictObject({
    ...common,
    features: z.array(feature).min(1, 'needs at least one feature').max(30),
  })
  .superRefine(({ features }, context) => {
    const problem = graphProblem(features.flatMap(({ items }) => items))
    if (problem) context.addIssue({ code: 'custom', path: ['features'], message: problem })
  })

const questions = z.strictObject({
  questions: z
    .array(storableText(1_000))
    .min(1, 'needs at least one question')
    .max(5, 'at most 5 questions at a time: ask what matters most')
    .describe('Each a whole sentence that can be answered without knowing the code'),
})

/** The schemas of the planning tools, by the name of the tool. */
export const planShapes = { submit_plan: plan, submit_breakdown: breakdown, ask: questions } as const

export type Plan = z.output<typeof plan>
export type Breakdown = z.output<typeof breakdown>
export type BreakdownItem = z.output<typeof item>
/** What a planning agent submitted. */
export type Submission =
  | ({ kind: 'plan' } & Plan)
  | ({ kind: 'breakdown' } & Breakdown)
  | ({ kind: 'questions' } & z.output<typeof questions>)

/**
 * Reads a submission.
 * @returns the submission with every default filled in, or one sentence for each problem.
 */
export function readSubmission(
  tool: keyof typeof planShapes,
  given: unknown,
): { submission: Submission } | { problems: string[] } {
  const parsed = planShapes[tool].safeParse(given)
  if (!parsed.success) return { problems: problemsIn(parsed.error, tool) }
  const kind = tool === 'ask' ? 'questions' : tool === 'submit_plan' ? 'plan' : 'breakdown'
  return { submission: { kind, ...parsed.data } as Submission }
}

/** Reads a stored result of `readSubmission`; undefined for anything else. */
export function storedSubmission(stored: Record<string, unknown> | null): Submission | undefined {
  const { kind, ...rest } = stored ?? {}
  const tool = kind === 'questions' ? 'ask' : kind === 'plan' ? 'submit_plan' : 'submit_breakdown'
  const read = readSubmission(tool, rest)
  return 'submission' in read ? read.submission : undefined
}

/** Agent hours that a plan, or all items of a breakdown together, will take. */
export function hoursOf(of: Submission): number {
  if (of.kind === 'plan') return hoursFor(of.effort)
  if (of.kind === 'questions') return 0
  return of.features.flatMap(({ items }) => items).reduce((sum, one) => sum + hoursFor(one.effort), 0)
}

/** The agent hours of an effort. */
export function hoursFor(effort: Plan['effort']): number {
  return typeof effort === 'number' ? effort : effortHours[effort]
}

/** The first problem of the graph of all items: a duplicate key, an unknown dependency, or a cycle. */
function graphProblem(items: readonly BreakdownItem[]): string | undefined {
  if (items.length > maxItems) return `at most ${maxItems} items; ${items.length} were given`
  const byKey = new Map(items.map((one) => [one.key, one]))
  const twice = items.find((one, at) => items.findIndex((other) => other.key === one.key) !== at)
  if (twice) return `the key ${twice.key} stands twice`
  for (const { key, dependsOn } of items) {
    const unknown = dependsOn.find((other) => !byKey.has(other))
    if (unknown !== undefined) {
      const meant = didYouMean(unknown, byKey.keys())
      return `${key} depends on ${unknown}, which is no item${meant ? `; did you mean ${meant}?` : ''}`
    }
  }
  const cycle = findCycle(byKey)
  return cycle && `these depend on each other in a circle: ${cycle.join(' → ')}`
}

function findCycle(byKey: ReadonlyMap<string, BreakdownItem>): string[] | undefined {
  const visited = new Set<string>()
  const visit = (key: string, path: string[]): string[] | undefined => {
    const start = path.indexOf(key)
    if (start !== -1) return [...path.slice(start), key]
    if (visited.has(key)) return undefined
    for (const next of byKey.get(key)?.dependsOn ?? []) {
      const found = visit(next, [...path, key])
      if (found) return found
    }
    visited.add(key)
    return undefined
  }
  for (const key of byKey.keys()) {
    const found = visit(key, [])
    if (found) return found
  }
  return undefined
}

/** Problems listed at most: more are of no use to an agent at once. */
const shownProblems = 20

function problemsIn(error: z.ZodError, tool: keyof typeof planShapes): string[] {
  const all = error.issues.flatMap((issue) => {
    const at = issue.path.join('.')
    if (issue.code !== 'unrecognized_keys') return [`\`${at || 'the whole'}\`: ${issue.message}`]
    return issue.keys.map((unknown) => {
      const meant = didYouMean(unknown, fieldsAt(tool, issue.path))
      const where = [...issue.path, unknown].join('.')
      return `unknown field \`${firstCharacters(where, 100)}\`${meant ? `; did you mean \`${meant}\`?` : ''}`
    })
  })
  const more = all.length - shownProblems
  return more > 0 ? [...all.slice(0, shownProblems), `… and ${more} more problems`] : all
}

interface JsonNode {
  properties?: Record<string, JsonNode>
  items?: JsonNode
}

function fieldsAt(tool: keyof typeof planShapes, path: readonly PropertyKey[]): string[] {
  let node = z.toJSONSchema(planShapes[tool], { io: 'input' }) as JsonNode | undefined
  for (const step of path) node = typeof step === 'number' ? node?.items : node?.properties?.[String(step)]
  return Object.keys(node?.properties ?? {})
}

/** A plan or a breakdown, without the questions. */
export type PlanOrBreakdown = Exclude<Submission, { kind: 'questions' }>

/** A stored plan: the agent's submission and the changes by people. */
export interface StoredPlan {
  id: number
  version: number
  /** As the agent submitted it, validated. */
  content: Record<string, unknown>
  /** The text of a person who rewrote the plan. It replaces the plan; '' when there is none. */
  rewritten: string
  /** What a person added with their approval. It outranks the plan. */
  amendment: string
  state: 'pending' | 'approved' | 'rejected' | 'void'
  decidedBy: string | null
  /** Why it was rejected, or no longer counts. */
  why: string
}

/** One round of questions, and the answer. */
export interface QuestionRound {
  round: number
  asked: string[]
  answer: string | null
}

/** The submission of a plan. @throws when it cannot be read: a defect. */
export function contentOf(plan: Pick<StoredPlan, 'id' | 'content'>): PlanOrBreakdown {
  const content = storedSubmission(plan.content)
  if (!content || content.kind === 'questions') throw new Error(`plan ${plan.id} cannot be read`)
  return content
}
