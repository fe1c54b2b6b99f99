/**
 * Every queue, with what its jobs carry. A job says "act on row N"; everything else is read from the row. A queue is
 * named for what it does, or for what it reacts to (`on-…`). `jobs.ts` lists who handles each.
 */

export interface JobPayloads {
  'process-delivery': { deliveryIds: string[] }
  triage: { workItemId: number }
  /** `asked`: a person waits for an answer about it. */
  'sync-roadmap': { workItemId: number; from: 'issue' | 'file'; asked?: boolean }
  schedule: Record<never, never>
  /** Asked for on an issue; `key` tells one request from the next. */
  garden: { repositoryId: number; workItemId?: number; issueNumber: number; key: string }
  'run-agent': { runId: number }
  'run-gates': { runId: number }
  /** `resetAt`: when a provider's limit ends, in ISO 8601. */
  'after-run': { runId: number; resetAt?: string }
  'on-plan-submitted': { runId: number }
  'open-pull-request': { workItemId: number }
  'merge-pull-request': { pullRequestId: number }
  'clean-up': { workItemId: number }
  'publish-effects': Record<never, never>
  'on-goal-issue-created': { effectId: number }
  'on-line-issue-created': { effectId: number }
  'on-part-issue-created': { effectId: number }
  'on-commit-created': { effectId: number }
  'on-pull-request-opened': { effectId: number }
  'on-pull-request-merged': { effectId: number }
}

export type QueueName = keyof JobPayloads

/** A job of one queue: its name and what it carries. */
export type JobOf<Name extends QueueName> = { queue: Name } & JobPayloads[Name]

/** A job of any queue. */
export type Job = { [Name in QueueName]: JobOf<Name> }[QueueName]
