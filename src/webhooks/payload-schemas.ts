/**
 * The parts of webhook payloads that are read, and nothing else of them. Types are no proof: every field that is used is
 * checked here. `check` holds the schemas to GitHub's own description of its payloads (`@octokit/webhooks`).
 */

import { z } from 'zod'
import type {
  CheckCompleted,
  CommentCreated,
  IssueSnapshot,
  PullRequestSnapshot,
  RepositoryIdentity,
} from '../domain/events.ts'
import type { Actor } from '../domain/github.ts'
import { labelIdsOf, openSubIssuesOf } from '../github/read/issues.ts'
import { sha } from '../lib/ids.ts'
import type { AppIdentity } from './webhook-handler.ts'

/**
 * Checks a value that came from outside.
 * @param value of the type that GitHub describes. Where a field is of another kind in that description, or may be null
 * where the schema has no room for null, this does not compile; whether a field is there at all is seen at run time.
 * @throws {z.ZodError} when the value lacks what is needed.
 */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  value: Partial<z.input<Schema>> | undefined,
): z.output<Schema> {
  return schema.parse(value)
}

/** Whether an actor is the app itself: its own acts and comments trigger nothing. */
export function isOwnAct(actor: Actor, self: AppIdentity): boolean {
  return actor.type === 'Bot' && actor.login === self.botLogin
}

/** What the conclusion of a check means for a merge. */
export function verdictOf(conclusion: string | null | undefined): CheckCompleted['verdict'] {
  if (conclusion === 'success') return 'success'
  return conclusion === 'neutral' || conclusion === 'skipped' ? 'neutral' : 'failure'
}

const openOrClosed = z.string().pipe(z.enum(['open', 'closed']))
/** Free of what the database cannot hold; see `parseStorable`. */
const text = z.string()
/** Names that are parts of keys: no server has longer ones, and an index holds no text of any length. */
const name = text.max(1_000)
const optionalText = text.nullish().transform((value) => value ?? '')
const id = z.number().int().nonnegative()
/** GitHub's numbers of issues and pull requests count from 1; more than this is none, and no column holds it. */
const number = z.int32().positive()
const count = z.int32().nonnegative()
const time = z.iso.datetime({ offset: true }).transform((value) => new Date(value))
const commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
/** GitHub's names are plain; anything else must not come near a path or a URL. */
const fullName = z.string().regex(/^(?!\.{1,2}\/)[\w.-]+\/(?!\.{1,2}$)[\w.-]+$/)

const types = ['User', 'Bot', 'Organization', 'Mannequin'] as const
/** A deleted account is GitHub's ghost, who may nothing. */
const ghost: Actor = { id: 0, login: 'ghost', type: 'User' }

/** GitHub's description says only that it is text. Whoever is of no known type may nothing. */
const actorType = z
  .unknown()
  .optional()
  .transform((value): Actor['type'] => types.find((type) => type === value) ?? 'Mannequin')

const actorSchema = z
  .object({ id, login: name, type: actorType })
  .nullish()
  .transform((value): Actor => value ?? ghost)

const repository = z.object({
  id,
  full_name: fullName,
  private: z.boolean(),
  clone_url: z.string(),
  default_branch: name,
})

/** What every payload about one repository has. */
export const envelopeSchema = z
  .object({ repository, installation: z.object({ id }).nullish(), sender: actorSchema })
  .transform(({ repository: of, installation, sender }) => ({
    sender,
    repository: {
      githubId: of.id,
      fullName: of.full_name,
      private: of.private,
      installationId: installation?.id ?? 0,
      cloneUrl: of.clone_url,
      defaultBranch: of.default_branch,
    } satisfies RepositoryIdentity,
  }))

/** By GitHub's description a label may be its name alone, without a name, or null. */
const labels = z.array(z.union([text, z.object({ id: id.optional(), name: text.optional() }), z.null()])).default([])
const labelNames = (all: z.output<typeof labels>) =>
  all.flatMap((label) => (typeof label === 'string' ? label : (label?.name ?? [])))

export const issueSchema = z
  .object({
    number,
    title: text,
    body: optionalText,
    html_url: text,
    state: openOrClosed,
    labels,
    user: actorSchema,
    pull_request: z.unknown().optional(),
    issue_dependencies_summary: z.object({ total_blocked_by: count.optional() }).nullish().catch(null),
    sub_issues_summary: z.object({ total: count, completed: count }).nullish().catch(null),
    updated_at: time,
  })
  .transform((of) => ({
    at: of.updated_at,
    issue: {
      number: of.number,
      title: of.title,
      body: of.body,
      url: of.html_url,
      state: of.state,
      labels: labelNames(of.labels),
      labelIds: labelIdsOf(of.labels),
      author: of.user,
      isPullRequest: of.pull_request !== undefined && of.pull_request !== null,
      nativeBlockers: of.issue_dependencies_summary?.total_blocked_by ?? null,
      openParts: openSubIssuesOf(of.sub_issues_summary),
    } satisfies IssueSnapshot,
  }))

export const labelSchema = z.object({ name })
export const renamedLabelSchema = z.object({
  label: z.object({ id, name }),
  changes: z.object({ name: z.object({ from: text }).optional() }).optional(),
})

export const commentSchema = z.object({
  id,
  body: optionalText,
  user: actorSchema,
  created_at: time,
  updated_at: time.nullish(),
})

/** A comment on a line, and where that is. */
export const lineCommentSchema = commentSchema
  .extend({
    in_reply_to_id: id.nullish(),
    pull_request_review_id: id.nullish(),
    path: text,
    line: count.nullish(),
    original_line: count.nullish(),
    diff_hunk: optionalText,
    commit_id: commit.nullish(),
  })
  .transform((of) => ({
    comment: of,
    on: {
      threadId: of.in_reply_to_id ?? of.id,
      reviewId: of.pull_request_review_id ?? null,
      path: of.path,
      line: of.line ?? of.original_line ?? null,
      hunk: of.diff_hunk,
      sha: of.commit_id ?? null,
    } satisfies CommentCreated['on'],
  }))

const end = z.object({ ref: name, sha: commit, repo: z.object({ full_name: fullName }).nullish() })

export const pullRequestSchema = z
  .object({
    number,
    html_url: text,
    title: text,
    body: optionalText,
    state: openOrClosed,
    // Absent in the short form that reviews carry.
    merged: z.boolean().nullish(),
    merged_at: z.string().nullish(),
    merge_commit_sha: commit.nullish(),
    head: end,
    base: z.object({ ref: name }),
    draft: z.boolean().nullish(),
    user: actorSchema,
    updated_at: time,
  })
  .transform((of) => ({
    at: of.updated_at,
    pull: {
      number: of.number,
      url: of.html_url,
      title: of.title,
      body: of.body,
      state: of.state,
      merged: of.merged ?? (of.merged_at !== null && of.merged_at !== undefined),
      mergeCommitSha: of.merge_commit_sha ?? null,
      headSha: sha(of.head.sha),
      headBranch: of.head.ref,
      headRepository: of.head.repo?.full_name ?? null,
      baseBranch: of.base.ref,
      draft: of.draft ?? false,
      author: of.user,
    } satisfies PullRequestSnapshot,
  }))

export const reviewSchema = z.object({
  id,
  body: optionalText,
  user: actorSchema,
  state: z.string().transform((value) => value.toLowerCase()),
  commit_id: commit.nullish(),
  submitted_at: time.nullish(),
})

const paths = z.array(z.string()).default([])
export const pushSchema = z.object({
  ref: name,
  after: name,
  deleted: z.boolean(),
  commits: z
    .array(z.object({ id: commit.optional(), message: optionalText, added: paths, modified: paths, removed: paths }))
    .default([]),
})

export const deletedRefSchema = z.object({ ref: name, ref_type: z.string() })

const app = z.object({ id: id.nullish() }).nullish()
export const checkRunSchema = z.object({
  id,
  name,
  head_sha: commit,
  conclusion: z.string().nullish(),
  html_url: z.string().nullish(),
  check_suite: z.object({ id: id.optional() }).nullish(),
  app,
})
export const checkSuiteSchema = z.object({ id, head_sha: commit, conclusion: z.string().nullish(), app })
export const statusSchema = z.object({
  id,
  sha: commit,
  state: z.string(),
  context: name,
  target_url: z.string().nullish(),
  updated_at: time.optional(),
})

export const dependencySchema = z.object({
  blocked_issue: z.object({ number }),
  blocking_issue: z.object({ number, state: openOrClosed }),
  blocking_issue_repo: z.object({ full_name: fullName }),
})

export const subIssueSchema = z.object({
  parent_issue: issueSchema,
  sub_issue: issueSchema,
  sub_issue_repo: z.object({ full_name: fullName }),
})

export const installationSchema = z.object({ installation: z.object({ id }) })
export const removedRepositoriesSchema = z.object({ repositories_removed: z.array(z.object({ id })).default([]) })
export const renameSchema = z.object({
  changes: z.object({ repository: z.object({ name: z.object({ from: text }) }).optional() }).optional(),
})
export const editSchema = z.object({
  changes: z.object({ base: z.unknown().optional(), title: z.unknown().optional(), body: z.unknown().optional() }),
})

export const mergeGroupSchema = z.object({ head_sha: commit, head_ref: text, base_sha: commit })

export const dequeuedSchema = z.object({ reason: z.string().max(100).nullish() })
