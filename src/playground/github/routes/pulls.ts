/** Pull requests: opening, reading, changing, merging. */
import { z } from 'zod'
import { computeMergeability, mergePull, updateBranch } from '../acts/merge.ts'
import { createPull, editPull, pullsOf, requestReviewers, unrequestReviewers } from '../acts/pulls.ts'
import { paged } from '../api/pages.ts'
import {
  created,
  noContent,
  numberParam,
  ok,
  parseBody,
  type RepositoryCall,
  type Route,
  repositoryRoute,
} from '../api/route.ts'
import { readCommits } from '../commits.ts'
import { diffFiles } from '../diffs.ts'
import { ApiRefusal, asPull, type PullIssue } from '../model.ts'
import { userBody } from '../payloads/accounts.ts'
import { commitBody, fileBody } from '../payloads/commits.ts'
import { pullBody, pullListBody, pullUrl } from '../payloads/pulls.ts'
import { issueOf } from '../world.ts'
import { sorted } from './issues.ts'

const NewPull = z.object({
  title: z.string(),
  head: z.string(),
  base: z.string(),
  body: z.string().nullish(),
  draft: z.boolean().optional(),
})
const PullEdit = z.object({
  title: z.string().optional(),
  body: z.string().nullish(),
  state: z.enum(['open', 'closed']).optional(),
  base: z.string().optional(),
})
const Merge = z.object({
  commit_title: z.string().optional(),
  commit_message: z.string().optional(),
  sha: z.string().optional(),
  merge_method: z.enum(['merge', 'squash', 'rebase']).optional(),
})
const Reviewers = z.object({ reviewers: z.array(z.string()).default([]) })

export const pullRoutes: Route[] = [
  repositoryRoute('GET', '/pulls', 'pull_requests:read', listPulls),
  repositoryRoute('POST', '/pulls', 'pull_requests:write', async (call) => {
    const issue = await createPull(call.world, call.actor, call.repository, parseBody(call, NewPull))
    return created(pullBody(call.world, call.repository, issue))
  }),
  repositoryRoute('GET', '/pulls/{pull_number}', 'pull_requests:read', async (call) => {
    const issue = pullFor(call)
    await computeMergeability(call.world, call.repository, issue)
    return ok(pullBody(call.world, call.repository, issue))
  }),
  repositoryRoute('PATCH', '/pulls/{pull_number}', 'pull_requests:write', async (call) => {
    const issue = pullFor(call)
    await editPull({ world: call.world, actor: call.actor }, call.repository, issue, parseBody(call, PullEdit))
    return ok(pullBody(call.world, call.repository, issue))
  }),
  repositoryRoute('GET', '/pulls/{pull_number}/files', 'pull_requests:read', async (call) => {
    const { baseSha, headSha } = pullFor(call).pull
    const files = await diffFiles(call.world.git, call.repository.path, baseSha, headSha)
    return paged(call, files, (file) => fileBody(call.world, call.repository, headSha, file))
  }),
  repositoryRoute('GET', '/pulls/{pull_number}/commits', 'pull_requests:read', async (call) => {
    const { baseSha, headSha } = pullFor(call).pull
    // GitHub lists no more than 250 commits of a pull request.
    const range = ['--max-count=250', `${baseSha}..${headSha}`]
    const commits = await readCommits(call.world.git, call.repository.path, range)
    return paged(call, commits, (commit) => commitBody(call.world, call.repository, commit))
  }),
  repositoryRoute('GET', '/pulls/{pull_number}/merge', 'pull_requests:read', (call) => {
    if (!pullFor(call).pull.mergedAt) throw new ApiRefusal(404, 'Not Found')
    return noContent
  }),
  repositoryRoute('PUT', '/pulls/{pull_number}/merge', 'contents:write', async (call) => {
    const { commit_title, commit_message, sha, merge_method } = parseBody(call, Merge)
    const merged = await mergePull({ world: call.world, actor: call.actor }, call.repository, pullFor(call), {
      method: merge_method,
      sha,
      title: commit_title,
      message: commit_message,
    })
    return ok({ sha: merged, merged: true, message: 'Pull Request successfully merged' })
  }),
  repositoryRoute('PUT', '/pulls/{pull_number}/update-branch', 'pull_requests:write', async (call) => {
    const { expected_head_sha } = parseBody(call, z.object({ expected_head_sha: z.string().optional() }))
    const issue = pullFor(call)
    await updateBranch({ world: call.world, actor: call.actor }, call.repository, issue, expected_head_sha)
    const url = pullUrl(call.world, call.repository, issue)
    return { status: 202, body: { message: 'Updating pull request branch.', url } }
  }),
  repositoryRoute('GET', '/pulls/{pull_number}/requested_reviewers', 'pull_requests:read', (call) => {
    const users = pullFor(call).pull.requestedReviewers.map((account) => userBody(call.world, account))
    return ok({ users, teams: [] })
  }),
  repositoryRoute('POST', '/pulls/{pull_number}/requested_reviewers', 'pull_requests:write', (call) => {
    const issue = pullFor(call)
    requestReviewers(
      { world: call.world, actor: call.actor },
      call.repository,
      issue,
      parseBody(call, Reviewers).reviewers,
    )
    return created(pullListBody(call.world, call.repository, issue))
  }),
  repositoryRoute('DELETE', '/pulls/{pull_number}/requested_reviewers', 'pull_requests:write', (call) => {
    const issue = pullFor(call)
    unrequestReviewers(
      { world: call.world, actor: call.actor },
      call.repository,
      issue,
      parseBody(call, Reviewers).reviewers,
    )
    return ok(pullListBody(call.world, call.repository, issue))
  }),
]

/** The pull request the address names. */
export function pullFor(call: RepositoryCall): PullIssue {
  return asPull(issueOf(call.repository, numberParam(call, 'pull_number')))
}

function listPulls(call: RepositoryCall) {
  const { query, repository } = call
  const state = query.get('state') ?? 'open'
  const head = query.get('head')
  const base = query.get('base')
  const owner = repository.owner.login
  const pulls = pullsOf(repository)
    .filter((issue) => state === 'all' || issue.state === state)
    // GitHub passes over a `head` without owner.
    .filter((issue) => !head?.includes(':') || head === `${owner}:${issue.pull.headRef}`)
    .filter((issue) => !base || base === issue.pull.baseRef)
  return paged(call, sorted(pulls, query), (issue) => pullListBody(call.world, repository, issue))
}
