/** Opening, changing and merging pull requests. */

import { countCommits, mergeBase } from '../commits.ts'
import {
  type ActingAccount,
  ApiRefusal,
  type IssueRecord,
  invalid,
  isPull,
  type Pull,
  type PullIssue,
  type RepositoryRecord,
} from '../model.ts'
import { userBody } from '../payloads/accounts.ts'
import type { ObjectId } from '../sha.ts'
import { accountOf, type World } from '../world.ts'
import { emitIssue } from './issue-history.ts'
import { editIssue, newIssue } from './issues.ts'
import { setHead } from './refs.ts'

export interface NewPull {
  title: string
  head: string
  base: string
  body?: string | null
  draft?: boolean
}

/**
 * Opens a pull request between two branches of the repository.
 * @throws {ApiRefusal} 422 when a branch is missing, there is nothing to merge, or one is open for the same two branches.
 */
export async function createPull(
  world: World,
  actor: ActingAccount,
  repository: RepositoryRecord,
  wanted: NewPull,
): Promise<PullIssue> {
  // One at a time with pushes, so that the sizes and the head belong together, and two requests cannot both be first.
  return repository.lock(async () => {
    const head = await checkEnds(world, repository, wanted)
    const base = repository.refs.get(`refs/heads/${wanted.base}`) ?? head.sha
    const issue = newIssue(world, actor, repository, wanted)
    const pull: Pull = {
      id: world.nextId(),
      headRef: head.branch,
      headSha: head.sha,
      baseRef: wanted.base,
      baseSha: base,
      draft: wanted.draft ?? false,
      mergedAt: null,
      mergedBy: null,
      mergeCommitSha: null,
      reviews: [],
      reviewComments: [],
      resolvedThreads: new Set(),
      requestedReviewers: [],
      size: { commits: 0, additions: 0, deletions: 0, changedFiles: 0 },
      unknownAnswers: 0,
    }
    const opened: PullIssue = Object.assign(issue, { pull })
    await setHead(world, repository, opened, head.sha)
    emitIssue({ world, actor, repository }, opened, 'opened')
    return opened
  })
}

async function checkEnds(
  world: World,
  repository: RepositoryRecord,
  { head, base }: NewPull,
): Promise<{ branch: string; sha: ObjectId }> {
  const [owner, name] = head.includes(':') ? head.split(':', 2) : [repository.owner.login, head]
  const branch = name ?? ''
  const sha = owner === repository.owner.login ? repository.refs.get(`refs/heads/${branch}`) : undefined
  if (!sha) throw invalid('PullRequest', 'head', 'invalid')
  const baseSha = repository.refs.get(`refs/heads/${base}`)
  if (!baseSha) throw invalid('PullRequest', 'base', 'invalid')
  const same = (issue: IssueRecord): boolean =>
    issue.state === 'open' && issue.pull?.headRef === branch && issue.pull.baseRef === base
  if ([...repository.issues.values()].some(same))
    throw custom(`A pull request already exists for ${repository.owner.login}:${branch}.`)
  if (!(await mergeBase(world.git, repository.path, baseSha, sha)))
    throw custom(`The ${branch} branch has no history in common with ${base}`)
  if ((await countCommits(world.git, repository.path, baseSha, sha)) === 0)
    throw custom(`No commits between ${base} and ${branch}`)
  return { branch, sha }
}

function custom(message: string): ApiRefusal {
  return new ApiRefusal(422, 'Validation Failed', [{ resource: 'PullRequest', code: 'custom', message }])
}

/** Changes title, body, state or base. @throws {ApiRefusal} 422 for a base that is no branch. */
export async function editPull(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: PullIssue,
  edit: { title?: string; body?: string | null; state?: 'open' | 'closed'; base?: string },
): Promise<void> {
  const { base, ...rest } = edit
  if (base !== undefined && base !== issue.pull.baseRef)
    await repository.lock(async () => {
      if (!repository.refs.has(`refs/heads/${base}`)) throw invalid('PullRequest', 'base', 'invalid')
      const from = { ref: { from: issue.pull.baseRef }, sha: { from: issue.pull.baseSha } }
      issue.pull.baseRef = base
      await setHead(world, repository, issue, issue.pull.headSha)
      emitIssue({ world, actor, repository }, issue, 'edited', { changes: { base: from } })
    })
  editIssue({ world, actor }, repository, issue, rest)
}

/** Ends a draft; one that is none stays as it is. */
export function markReady(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: PullIssue,
): void {
  if (!issue.pull.draft) return
  issue.pull.draft = false
  emitIssue({ world, actor, repository }, issue, 'ready_for_review')
}

/** Asks people for a review; those who are asked already are not asked again. */
export function requestReviewers(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: PullIssue,
  logins: string[],
): void {
  for (const login of logins) {
    const account = accountOf(world, login)
    if (account.id === issue.user.id) throw new ApiRefusal(422, 'Review cannot be requested from pull request author.')
    if (issue.pull.requestedReviewers.includes(account)) continue
    issue.pull.requestedReviewers.push(account)
    emitIssue({ world, actor, repository }, issue, 'review_requested', { requested_reviewer: userBody(world, account) })
  }
}

/** Takes requests for a review back. */
export function unrequestReviewers(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: PullIssue,
  logins: string[],
): void {
  const { pull } = issue
  for (const account of pull.requestedReviewers.filter((one) => logins.includes(one.login))) {
    pull.requestedReviewers = pull.requestedReviewers.filter((one) => one !== account)
    const more = { requested_reviewer: userBody(world, account) }
    emitIssue({ world, actor, repository }, issue, 'review_request_removed', more)
  }
}

/** Every pull request of the repository, newest first. */
export function pullsOf(repository: RepositoryRecord): PullIssue[] {
  return [...repository.issues.values()].filter(isPull).reverse()
}
