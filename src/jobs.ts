/** Every job handler, by its queue. */

import { captureLearningsJob } from './crew/capture-learnings.ts'
import { notifyPeopleJob } from './crew/notify-people.ts'
import { publishCrewEventsJob } from './crew/publish-events.ts'
import { watchDeliveryJob } from './crew/route.ts'
import { sendNotificationJob } from './crew/send-notification.ts'
import type { JobDefinition } from './db/define-job.ts'
import type { Queues } from './db/queues.ts'
import type { QueueName } from './domain/jobs.ts'
import { type ProcessRole, takesJob } from './domain/process-role.ts'
import { testMergeBatchJob } from './gates/batch-tester.ts'
import { runGatesJob } from './gates/gate-runner.ts'
import { publishEffectsJob } from './github/publisher.ts'
import { onPartIssueCreatedJob } from './planning/on-part-issue-created.ts'
import { onPlanSubmittedJob } from './planning/on-plan-submitted.ts'
import { advanceMergeQueueJob } from './pull-requests/advance-merge-queue.ts'
import { onChecksRerunJob } from './pull-requests/ci/on-checks-rerun.ts'
import { readChecksJob } from './pull-requests/ci/read-checks.ts'
import { cleanUpJob } from './pull-requests/clean-up.ts'
import { findConflictsJob } from './pull-requests/find-conflicts.ts'
import { onMergeEnqueuedJob } from './pull-requests/github-merge-queue.ts'
import { mergePullRequestJob } from './pull-requests/merge-pull-request.ts'
import { onAgentReviewJob } from './pull-requests/on-agent-review.ts'
import { onCommitCreatedJob } from './pull-requests/on-commit-created.ts'
import { onPullRequestMergedJob } from './pull-requests/on-pull-request-merged.ts'
import { onPullRequestOpenedJob } from './pull-requests/on-pull-request-opened.ts'
import { onReviewersRequestedJob } from './pull-requests/on-reviewers-requested.ts'
import { openDraftJob } from './pull-requests/open-draft.ts'
import { openPullRequestJob } from './pull-requests/open-pull-request.ts'
import { showFailedWorkJob } from './pull-requests/show-failed-work.ts'
import { updateBranchJob } from './pull-requests/update-branch.ts'
import { pruneJob } from './reconcile/prune.ts'
import { onLineIssueCreatedJob } from './roadmaps/on-line-issue-created.ts'
import { onProposalIssueCreatedJob } from './roadmaps/on-proposal-issue-created.ts'
import { onProposalsSubmittedJob } from './roadmaps/on-proposals-submitted.ts'
import { syncRoadmapJob } from './roadmaps/sync-roadmap.ts'
import { afterRunJob } from './runs/after-run.ts'
import { runAgentJob } from './runs/runner.ts'
import { scheduleJob } from './scheduling/scheduler.ts'
import { startProposalsJob } from './scheduling/start-proposals.ts'
import { startReviewJob } from './scheduling/start-review.ts'
import { processDeliveryJob } from './webhooks/process-delivery.ts'
import { gardenJob } from './work-items/garden.ts'
import { onGoalIssueCreatedJob } from './work-items/on-goal-issue-created.ts'
import { triageJob } from './work-items/triage.ts'

/** The list. A queue of `domain/jobs.ts` that is missing here does not compile. */
export const jobs = {
  'process-delivery': processDeliveryJob,
  triage: triageJob,
  'sync-roadmap': syncRoadmapJob,
  schedule: scheduleJob,
  garden: gardenJob,
  'run-agent': runAgentJob,
  'run-gates': runGatesJob,
  'after-run': afterRunJob,
  'on-plan-submitted': onPlanSubmittedJob,
  'start-review': startReviewJob,
  'on-agent-review': onAgentReviewJob,
  'start-proposals': startProposalsJob,
  'on-proposals-submitted': onProposalsSubmittedJob,
  'open-pull-request': openPullRequestJob,
  'open-draft': openDraftJob,
  'show-failed-work': showFailedWorkJob,
  'merge-pull-request': mergePullRequestJob,
  'advance-merge-queue': advanceMergeQueueJob,
  'test-merge-batch': testMergeBatchJob,
  'update-branch': updateBranchJob,
  'find-conflicts': findConflictsJob,
  'read-checks': readChecksJob,
  'clean-up': cleanUpJob,
  'publish-effects': publishEffectsJob,
  'on-goal-issue-created': onGoalIssueCreatedJob,
  'on-line-issue-created': onLineIssueCreatedJob,
  'on-part-issue-created': onPartIssueCreatedJob,
  'on-proposal-issue-created': onProposalIssueCreatedJob,
  'on-commit-created': onCommitCreatedJob,
  'on-pull-request-opened': onPullRequestOpenedJob,
  'on-pull-request-merged': onPullRequestMergedJob,
  'on-merge-enqueued': onMergeEnqueuedJob,
  'on-checks-rerun': onChecksRerunJob,
  prune: pruneJob,
  'on-reviewers-requested': onReviewersRequestedJob,
  'capture-learnings': captureLearningsJob,
  'watch-delivery': watchDeliveryJob,
  'notify-people': notifyPeopleJob,
  'send-notification': sendNotificationJob,
  'publish-crew-events': publishCrewEventsJob,
} satisfies { [Name in QueueName]: JobDefinition<Name, never> }

/** How the jobs of each queue are taken. */
export const queues = Object.values(jobs)

/** The queues whose jobs run code of a repository. */
export const checkoutQueues = queues.filter(({ needsCheckout }) => needsCheckout).map(({ queue }) => queue)

type ContextOf<Definition> =
  Definition extends JobDefinition<QueueName, infer Context> ? (context: Context) => void : never

/** Everything that the handlers together work with. */
export type JobContext = {
  [Name in QueueName]: ContextOf<(typeof jobs)[Name]>
}[QueueName] extends (context: infer Context) => void
  ? Context
  : never

/** Has the queues of a role handled by this process, from now on. */
export async function handleJobs(queues: Queues, role: ProcessRole, context: JobContext): Promise<void> {
  for (const job of Object.values(jobs).filter(({ needsCheckout }) => takesJob(role, needsCheckout)))
    await queues.handle<QueueName, never>(job as JobDefinition<QueueName, never>, context as never)
}
