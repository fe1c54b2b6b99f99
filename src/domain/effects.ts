/** Every kind of write to GitHub. `db/outbox.ts` stores pending ones, `github/effects/` publishes them. */

import type { Annotation } from './annotations.ts'
import type { IssueAddress } from './github.ts'
import type { Job } from './jobs.ts'
import type { MergeMethod } from './merge-refusal.ts'

/** A write to GitHub and its payload. */
export type Effect =
  /** The one status comment of an issue; its text is rendered on publication. */
  | { kind: 'status-comment'; payload: { issueNumber: number } }
  /** The one status comment of a pull request; `issueNumber` is its number. Its text is rendered on publication. */
  | { kind: 'pull-request-comment'; payload: { issueNumber: number } }
  /** A separate comment, for issues that are not work items. */
  | { kind: 'comment'; payload: { issueNumber: number; body: string } }
  /** `line`: to a comment on a line of a diff. */
  | { kind: 'reaction'; payload: { commentId: number; content: '+1' | '-1' | 'eyes' | 'confused'; line?: boolean } }
  /** The answer in a thread of comments on a line. `commentId`: the first comment of the thread. */
  | { kind: 'review-reply'; payload: { pullNumber: number; commentId: number; body: string } }
  /** What an agent has found in a commit, as a review that only comments. */
  | {
      kind: 'agent-review'
      payload: {
        pullNumber: number
        sha: string
        body: string
        /** Comments on lines that the pull request shows; absent in payloads of before there were any. */
        comments?: { path: string; line: number; body: string }[]
        /** The text with everything in it, for a GitHub that refuses one of those lines. */
        whole?: string
      }
    }
  /** Threads whose points are settled; each by its first comment. */
  | { kind: 'resolve-threads'; payload: { pullNumber: number; comments: number[] } }
  | { kind: 'state-label'; payload: { issueNumber: number; label: string | null } }
  | {
      kind: 'pull-request'
      /**
       * `draft`: opened as one; without it, a draft of ours is made ready for review. `another`: the one before is known
       * to be merged, and the issue was queued again.
       */
      payload: {
        branch: string
        base: string
        title: string
        body: string
        sha: string
        draft?: boolean
        another?: boolean
      }
    }
  /**
   * A commit made through GitHub, which signs it. `commit`: the local one with the same tree; `expected`: where the branch
   * is on the server, null where there is none.
   */
  | {
      kind: 'commit'
      payload: {
        branch: string
        commit: string
        tree: string
        parents: string[]
        message: string
        expected: string | null
      }
    }
  | {
      kind: 'check-run'
      payload: {
        sha: string
        name: string
        conclusion: 'success' | 'failure' | 'neutral'
        title: string
        summary: string
        text: string
        /** At most 50: what GitHub takes with one call. */
        annotations?: Annotation[]
      }
    }
  /** Failed checks run once more: the failed jobs of a workflow run, or whatever another app has in its suite. */
  | { kind: 'rerun-checks'; payload: { sha: string; target: 'workflow-run' | 'check-suite'; id: number } }
  /** Into GitHub's own merge queue, at this commit. */
  | { kind: 'enqueue-merge'; payload: { pullNumber: number; sha: string } }
  | {
      kind: 'merge'
      payload: {
        pullNumber: number
        sha: string
        method: MergeMethod
        title: string
        message: string
      }
    }
  /**
   * An issue that is created once: the key and its marker identify it. `origin`: its purpose, which decides the queue
   * that reacts once it exists. `part`: its place in the epic that it is created for. `wantedBy`: the person who asked
   * for it, where it is created for no item. `explicit`: they want to see the routing before it starts.
   */
  | {
      kind: 'create-issue'
      payload: {
        origin: 'goal' | 'roadmap-line' | 'plan-part' | 'proposal'
        title: string
        body: string
        labels: string[]
        part?: { source: 'task-list' | 'roadmap'; position: number; heading: string }
        wantedBy?: { id: number; login: string }
        explicit?: boolean
      }
    }
  /** Adds or removes GitHub's own sub-issue link. `id`: the child's database id, where it is known. */
  | { kind: 'sub-issue'; payload: { parent: number; child: IssueAddress & { id?: number }; wanted?: boolean } }
  /** Adds or removes GitHub's own "blocked by". */
  | { kind: 'blocked-by'; payload: { issueNumber: number; blocker: IssueAddress; wanted: boolean } }
  /** The one label with a prefix, such as `priority:`; null removes it. */
  | { kind: 'scoped-label'; payload: { issueNumber: number; family: string; label: string | null } }
  /** Closes a pull request without a merge. */
  | { kind: 'close-pull-request'; payload: { pullNumber: number } }
  /** Asks people and teams for a review; with `assigneesOf` also those whom that issue is assigned to. */
  | {
      kind: 'request-reviewers'
      payload: { pullNumber: number; people: string[]; teams: string[]; assigneesOf: number | null }
    }
  | { kind: 'close-issue'; payload: { issueNumber: number; reason: 'completed' | 'not_planned' } }

export type EffectKind = Effect['kind']
export type EffectOf<Kind extends EffectKind> = Extract<Effect, { kind: Kind }>

/**
 * Lower goes first: when the write budget is short, merges go before comments and progress goes last. Some of the budget is
 * left for the two lowest; see `domain/call-limits.ts`.
 */
export const effectPriorities: Record<EffectKind, number> = {
  merge: 1,
  'enqueue-merge': 1,
  'close-issue': 2,
  'close-pull-request': 2,
  commit: 3,
  'pull-request': 3,
  'check-run': 4,
  'request-reviewers': 5,
  'rerun-checks': 4,
  'create-issue': 4,
  'sub-issue': 5,
  'blocked-by': 5,
  'scoped-label': 6,
  reaction: 5,
  comment: 5,
  // It answers people who review.
  'pull-request-comment': 5,
  'review-reply': 5,
  'agent-review': 5,
  'resolve-threads': 5,
  'state-label': 6,
  'status-comment': 7,
}

/** Of an answer to a person who waits for it, whatever its kind. */
export const askedPriority = 2

/** The job that follows once an effect is published or has failed; undefined where none follows. */
export function followUpOf(effect: Effect, effectId: number): Job | undefined {
  switch (effect.kind) {
    case 'create-issue':
      return { queue: issueReactions[effect.payload.origin], effectId }
    case 'commit':
      return { queue: 'on-commit-created', effectId }
    case 'pull-request':
      return { queue: 'on-pull-request-opened', effectId }
    case 'enqueue-merge':
      return { queue: 'on-merge-enqueued', effectId }
    case 'merge':
      return { queue: 'on-pull-request-merged', effectId }
    case 'request-reviewers':
      return { queue: 'on-reviewers-requested', effectId }
    case 'rerun-checks':
      return { queue: 'on-checks-rerun', effectId }
    default:
      return undefined
  }
}

const issueReactions = {
  goal: 'on-goal-issue-created',
  'roadmap-line': 'on-line-issue-created',
  'plan-part': 'on-part-issue-created',
  proposal: 'on-proposal-issue-created',
} as const
