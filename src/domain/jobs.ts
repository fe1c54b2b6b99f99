/**
 * Every queue, with the payload of its jobs. A job means "act on row N"; everything else is read from the row. A queue
 * is named after its task, or after the event that it reacts to (`on-…`). `src/jobs.ts` lists the handlers.
 */

export interface JobPayloads {
  'process-delivery': { deliveryIds: string[] }
  triage: { workItemId: number }
  /** `asked`: a person waits for an answer about it. */
  'sync-roadmap': { workItemId: number; from: 'issue' | 'file'; asked?: boolean }
  schedule: Record<never, never>
  /** Requested on an issue; `key` identifies the request. */
  garden: { repositoryId: number; workItemId?: number; issueNumber: number; key: string }
  'run-agent': { runId: number }
  'run-gates': { runId: number }
  /** `resetAt`: when a provider's limit ends, in ISO 8601. */
  'after-run': { runId: number; resetAt?: string }
  'on-plan-submitted': { runId: number }
  /** `sha`: the head of its pull request. */
  'start-review': { workItemId: number; sha: string }
  'on-agent-review': { runId: number }
  /** `roundId`: of proposals that were asked for. */
  'start-proposals': { roundId: number }
  'on-proposals-submitted': { runId: number }
  'open-pull-request': { workItemId: number }
  /** `sha`: the commit that the gates are at. */
  'open-draft': { workItemId: number; sha: string }
  'show-failed-work': { workItemId: number }
  /** `turn`: the merge queue has proved it on top of its base. */
  'merge-pull-request': { pullRequestId: number; turn?: boolean }
  /** Something in the merge queue of a base branch has changed. */
  'advance-merge-queue': { repositoryId: number; baseBranch: string }
  'test-merge-batch': { batchId: number }
  'update-branch': { pullRequestId: number }
  /** A base branch, or the branch of a pull request, has moved. */
  'find-conflicts': { repositoryId: number }
  /** `now`: without waiting for another check: those of a suite have all ended, or nothing has come for long. */
  'read-checks': { workItemId: number; sha: string; now?: boolean }
  'clean-up': { workItemId: number }
  'publish-effects': Record<never, never>
  'on-goal-issue-created': { effectId: number }
  'on-line-issue-created': { effectId: number }
  'on-part-issue-created': { effectId: number }
  'on-proposal-issue-created': { effectId: number }
  'on-commit-created': { effectId: number }
  'on-pull-request-opened': { effectId: number }
  'on-pull-request-merged': { effectId: number }
  'on-merge-enqueued': { effectId: number }
  'on-checks-rerun': { effectId: number }
  prune: Record<never, never>
  'on-reviewers-requested': { effectId: number }
  'capture-learnings': { runId: number }
  /** A message that was sent: has its reader acknowledged it by now? */
  'watch-delivery': { deliveryId: number }
  /** A person is needed. `fact`: since when, in which state. `reminder`: 0 for the first call. */
  'notify-people': { workItemId: number; fact: string; reminder: number }
  'send-notification': { notificationId: number }
  /** Copies to NATS, where it is configured. */
  'publish-crew-events': Record<never, never>
}

export type QueueName = keyof JobPayloads

/** A job of one queue: its name and its payload. */
export type JobOf<Name extends QueueName> = { queue: Name } & JobPayloads[Name]

/** A job of any queue. */
export type Job = { [Name in QueueName]: JobOf<Name> }[QueueName]
