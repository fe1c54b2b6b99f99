/** The parts of webhook payloads that are read, and nothing else of them. */

import { z } from 'zod'
import type { IssueSnapshot, PullRequestSnapshot, RepositoryIdentity } from '../domain/events.ts'
import type { Actor } from '../domain/github.ts'
import { openSubIssuesOf } from '../github/repository.ts'
import { sha } from '../lib/ids.ts'

/** Postgres text holds no NUL. */
const text = z.string().transform((value) => value.replaceAll('\0', ''))
const optionalText = text.nullish().transform((value) => value ?? '')
const id = z.number().int().nonnegative()
const time = z.iso.datetime({ offset: true }).transform((value) => new Date(value))
const commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
/** GitHub's names are plain; anything else must not come near a path or a URL. */
const fullName = z.string().regex(/^(?!\.{1,2}\/)[\w.-]+\/(?!\.{1,2}$)[\w.-]+$/)

const types = ['User', 'Bot', 'Organization', 'Mannequin'] as const
/** A deleted account is GitHub's ghost, who may nothing. */
const ghost: Actor = { id: 0, login: 'ghost', type: 'User' }

export const actor = z
  .object({ id, login: text, type: z.enum(types).catch('Mannequin') })
  .nullish()
  .transform((value): Actor => value ?? ghost)

const repository = z.object({
  id,
  full_name: fullName,
  private: z.boolean(),
  clone_url: z.string(),
  default_branch: text,
})

/** What every payload about one repository has. */
export const envelope = z
  .object({ repository, installation: z.object({ id }).nullish(), sender: actor })
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

export const issue = z
  .object({
    number: id,
    title: text,
    body: optionalText,
    html_url: text,
    state: z.enum(['open', 'closed']),
    labels: z.array(z.object({ name: text })).default([]),
    user: actor,
    pull_request: z.unknown().optional(),
    issue_dependencies_summary: z.object({ total_blocked_by: z.number().int().optional() }).nullish(),
    sub_issues_summary: z.object({ total: z.number().int(), completed: z.number().int() }).nullish().catch(null),
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
      labels: of.labels.map((label) => label.name),
      author: of.user,
      isPullRequest: of.pull_request !== undefined && of.pull_request !== null,
      nativeBlockers: of.issue_dependencies_summary?.total_blocked_by ?? null,
      openParts: openSubIssuesOf(of.sub_issues_summary),
    } satisfies IssueSnapshot,
  }))

export const label = z.object({ name: text })

export const comment = z.object({ id, body: optionalText, user: actor, created_at: time, updated_at: time.nullish() })

const end = z.object({ ref: text, sha: commit, repo: z.object({ full_name: fullName }).nullish() })

export const pull = z
  .object({
    number: id,
    html_url: text,
    title: text,
    body: optionalText,
    state: z.enum(['open', 'closed']),
    // Absent in the short form that reviews carry.
    merged: z.boolean().optional(),
    merged_at: z.string().nullish(),
    merge_commit_sha: commit.nullish(),
    head: end,
    base: z.object({ ref: text }),
    user: actor,
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
      author: of.user,
    } satisfies PullRequestSnapshot,
  }))

export const review = z.object({
  id,
  body: optionalText,
  user: actor,
  state: z.string().transform((value) => value.toLowerCase()),
  commit_id: commit.nullish(),
  submitted_at: time.nullish(),
})

const paths = z.array(z.string()).default([])
export const push = z.object({
  ref: z.string(),
  after: z.string(),
  deleted: z.boolean(),
  commits: z.array(z.object({ added: paths, modified: paths, removed: paths })).default([]),
})

export const deletedRef = z.object({ ref: text, ref_type: z.string() })

const app = z.object({ id }).nullish()
export const checkRun = z.object({
  id,
  name: text,
  head_sha: commit,
  conclusion: z.string().nullish(),
  html_url: z.string().nullish(),
  check_suite: z.object({ id }).nullish(),
  app,
})
export const checkSuite = z.object({ id, head_sha: commit, conclusion: z.string().nullish(), app })
export const status = z.object({
  id,
  sha: commit,
  state: z.string(),
  context: text,
  target_url: z.string().nullish(),
  updated_at: time.optional(),
})

export const blockedBy = z.object({
  blocked_issue: z.object({ number: id }),
  blocking_issue: z.object({ number: id, state: z.enum(['open', 'closed']) }),
  blocking_issue_repo: z.object({ full_name: fullName }),
})

export const subIssue = z.object({
  parent_issue: issue,
  sub_issue: issue,
  sub_issue_repo: z.object({ full_name: fullName }),
})

export const installation = z.object({ installation: z.object({ id }) })
export const removed = z.object({ repositories_removed: z.array(z.object({ id })).default([]) })
export const renamed = z.object({
  changes: z.object({ repository: z.object({ name: z.object({ from: text }) }).optional() }).optional(),
})
export const edited = z.object({
  changes: z.object({ base: z.unknown().optional(), title: z.unknown().optional(), body: z.unknown().optional() }),
})
