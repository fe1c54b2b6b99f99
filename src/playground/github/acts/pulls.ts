/** Opening, changing and merging pull requests. */
import type { Sha } from '../../../config/ids.ts'
import { updateRefs } from '../bare.ts'
import { countCommits, mergeBase, readCommits, type Signature } from '../commits.ts'
import { mergeCommit, mergeTree, rebaseCommits, squashCommit } from '../merges.ts'
import {
  type Account,
  type Actor,
  type Issue,
  invalid,
  isPull,
  type Pull,
  type PullIssue,
  Refusal,
  type Repository,
} from '../model.ts'
import { userBody } from '../payloads/accounts.ts'
import { rulesBroken } from '../rules.ts'
import { accountOf, emailOf, nameOf, roleOf, type World } from '../world.ts'
import { editIssue, newIssue, tellIssue } from './issues.ts'
import { changeRefs, finishMerge, setHead } from './refs.ts'

export interface NewPull {
  title: string
  head: string
  base: string
  body?: string | null
  draft?: boolean
}

/**
 * Opens a pull request between two branches of the repository.
 * @throws {Refusal} 422 when a branch is missing, there is nothing to merge, or one is open for the same two branches.
 */
export async function createPull(
  world: World,
  actor: Actor,
  repository: Repository,
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
      requestedReviewers: [],
      size: { commits: 0, additions: 0, deletions: 0, changedFiles: 0 },
      unknownAnswers: 0,
    }
    const opened: PullIssue = Object.assign(issue, { pull })
    await setHead(world, repository, opened, head.sha)
    tellIssue(world, actor, repository, opened, 'opened')
    return opened
  })
}

async function checkEnds(
  world: World,
  repository: Repository,
  { head, base }: NewPull,
): Promise<{ branch: string; sha: Sha }> {
  const [owner, name] = head.includes(':') ? head.split(':', 2) : [repository.owner.login, head]
  const branch = name ?? ''
  const sha = owner === repository.owner.login ? repository.refs.get(`refs/heads/${branch}`) : undefined
  if (!sha) throw invalid('PullRequest', 'head', 'invalid')
  const baseSha = repository.refs.get(`refs/heads/${base}`)
  if (!baseSha) throw invalid('PullRequest', 'base', 'invalid')
  const same = (issue: Issue): boolean =>
    issue.state === 'open' && issue.pull?.headRef === branch && issue.pull.baseRef === base
  if ([...repository.issues.values()].some(same))
    throw custom(`A pull request already exists for ${repository.owner.login}:${branch}.`)
  if (!(await mergeBase(world.git, repository.path, baseSha, sha)))
    throw custom(`The ${branch} branch has no history in common with ${base}`)
  if ((await countCommits(world.git, repository.path, baseSha, sha)) === 0)
    throw custom(`No commits between ${base} and ${branch}`)
  return { branch, sha }
}

function custom(message: string): Refusal {
  return new Refusal(422, 'Validation Failed', [{ resource: 'PullRequest', code: 'custom', message }])
}

/** Changes title, body, state or base. @throws {Refusal} 422 for a base that is no branch. */
export async function editPull(
  world: World,
  actor: Actor,
  repository: Repository,
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
      tellIssue(world, actor, repository, issue, 'edited', { changes: { base: from } })
    })
  editIssue(world, actor, repository, issue, rest)
}

/** Asks people for a review; those who are asked already are not asked again. */
export function requestReviewers(
  world: World,
  actor: Actor,
  repository: Repository,
  issue: PullIssue,
  logins: string[],
): void {
  for (const login of logins) {
    const account = accountOf(world, login)
    if (account.id === issue.user.id) throw new Refusal(422, 'Review cannot be requested from pull request author.')
    if (issue.pull.requestedReviewers.includes(account)) continue
    issue.pull.requestedReviewers.push(account)
    tellIssue(world, actor, repository, issue, 'review_requested', { requested_reviewer: userBody(world, account) })
  }
}

/** Takes requests for a review back. */
export function unrequestReviewers(
  world: World,
  actor: Actor,
  repository: Repository,
  issue: PullIssue,
  logins: string[],
): void {
  const { pull } = issue
  for (const account of pull.requestedReviewers.filter((one) => logins.includes(one.login))) {
    pull.requestedReviewers = pull.requestedReviewers.filter((one) => one !== account)
    const more = { requested_reviewer: userBody(world, account) }
    tellIssue(world, actor, repository, issue, 'review_request_removed', more)
  }
}

/** Tries the merge, unless that was done for these two commits already. */
export async function computeMergeability(world: World, repository: Repository, issue: PullIssue): Promise<void> {
  const { pull } = issue
  const base = repository.refs.get(`refs/heads/${pull.baseRef}`)
  const head = pull.headSha
  if (!base || pull.mergedAt || (pull.mergeability?.head === head && pull.mergeability.base === base)) return
  if (pull.unknownAnswers < world.mergeableUnknownReads) {
    pull.unknownAnswers += 1
    return
  }
  const clean = (await mergeTree(world.git, repository.path, base, head)) !== undefined
  pull.mergeability = { head, base, clean }
}

export interface MergeWish {
  method?: 'merge' | 'squash' | 'rebase'
  /** Only this head may be merged. */
  sha?: string
  title?: string
  message?: string
}

/**
 * Merges the pull request in the real repository; gives the new commit of the base branch.
 * @throws {Refusal} 409 when the head is not `sha`; 405 when it is closed, in conflict, protected, or the method is not allowed.
 */
export async function mergePull(
  world: World,
  actor: Actor,
  repository: Repository,
  issue: PullIssue,
  wish: MergeWish,
): Promise<Sha> {
  const merged = await changeRefs(
    world,
    actor,
    repository,
    () => mergeNow(world, actor, repository, issue, wish),
    (commit) => {
      // A merge commit was noticed as one already; a squash or a rebase cannot be seen in the history.
      if (!issue.pull.mergedAt) finishMerge(world, actor, repository, issue, commit)
    },
  )
  if (repository.deleteBranchOnMerge && repository.refs.has(`refs/heads/${issue.pull.headRef}`))
    await deleteRef(world, actor, repository, `refs/heads/${issue.pull.headRef}`)
  return merged
}

async function mergeNow(
  world: World,
  actor: Actor,
  repository: Repository,
  issue: PullIssue,
  wish: MergeWish,
): Promise<Sha> {
  const { pull } = issue
  const method = wish.method ?? 'merge'
  checkMerge(repository, actor, issue, wish, method)
  const ref = `refs/heads/${pull.baseRef}`
  const base = repository.refs.get(ref)
  if (!base) throw notMergeable('Pull Request is not mergeable')
  const person = signatureOf(world, actor.account)
  const request = {
    base,
    head: pull.headSha,
    message: await messageFor(world, repository, issue, method, wish),
    author: method === 'squash' ? signatureOf(world, issue.user) : person,
    committer: { name: 'GitHub', email: 'noreply@github.com', date: world.now() },
  }
  const make = { merge: mergeCommit, squash: squashCommit, rebase: rebaseCommits }[method]
  const merged = await make(world.git, repository.path, request)
  if (!merged) throw notMergeable('Pull Request is not mergeable')
  await updateRefs(world.git, repository.path, [{ ref, from: base, to: merged }])
  return merged
}

function checkMerge(repository: Repository, actor: Actor, issue: PullIssue, wish: MergeWish, method: string): void {
  const { pull } = issue
  if (pull.mergedAt || issue.state === 'closed') throw notMergeable('Pull Request is not mergeable')
  if (wish.sha !== undefined && wish.sha !== pull.headSha)
    throw new Refusal(409, 'Head branch was modified. Review and try the merge again.')
  if (pull.draft) throw notMergeable('Pull Request is still a draft')
  if (method === 'merge' && !repository.mergeMethods.merge)
    throw notMergeable('Merge commits are not allowed on this repository.')
  if (method === 'squash' && !repository.mergeMethods.squash)
    throw notMergeable('Squash merges are not allowed on this repository.')
  if (method === 'rebase' && !repository.mergeMethods.rebase)
    throw notMergeable('Rebase merges are not allowed on this repository.')
  const { blocking } = rulesBroken(repository, issue)
  const admin = !actor.app && roleOf(repository, actor.account) === 'admin'
  if (blocking && !admin) throw notMergeable(blocking)
}

function notMergeable(message: string): Refusal {
  return new Refusal(405, message)
}

/** GitHub's default texts: "Merge pull request #n from …", or for a squash the only commit's or the pull request's title. */
async function messageFor(
  world: World,
  repository: Repository,
  issue: PullIssue,
  method: 'merge' | 'squash' | 'rebase',
  wish: MergeWish,
): Promise<string> {
  const { pull } = issue
  if (method === 'merge') {
    const title =
      wish.title ?? `Merge pull request #${issue.number} from ${nameOf(repository).split('/')[0]}/${pull.headRef}`
    return `${title}\n\n${wish.message ?? issue.title}\n`
  }
  const range = [`${pull.baseSha}..${pull.headSha}`, '--no-merges']
  const commits = await readCommits(world.git, repository.path, range)
  const [only] = commits
  const alone = commits.length === 1 && only !== undefined
  const subject = alone ? (only.message.split('\n')[0] ?? issue.title) : issue.title
  const text = alone
    ? only.message.split('\n').slice(1).join('\n').trim()
    : commits.map((commit) => `* ${commit.message}`).join('\n\n')
  return `${wish.title ?? `${subject} (#${issue.number})`}\n\n${wish.message ?? text}`.trimEnd().concat('\n')
}

/** How GitHub signs a commit that an account makes on the web. */
export function signatureOf(world: World, account: Account): Signature {
  return { name: account.login, email: emailOf(account), date: world.now() }
}

/** @throws {Refusal} 422 when the ref does not exist. */
export async function deleteRef(world: World, actor: Actor, repository: Repository, ref: string): Promise<void> {
  await changeRefs(world, actor, repository, async () => {
    const from = repository.refs.get(ref)
    if (!from) throw new Refusal(422, 'Reference does not exist')
    await updateRefs(world.git, repository.path, [{ ref, from }])
  })
}

/** Every pull request of the repository, newest first. */
export function pullsOf(repository: Repository): PullIssue[] {
  return [...repository.issues.values()].filter(isPull).reverse()
}
