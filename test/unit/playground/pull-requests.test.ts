/** Pull requests stand on the real repository: heads, diffs, merges and what follows from a push. */
import type { ProbotOctokit } from 'probot'
import { expect, test } from 'vitest'
import type { NewRepository } from '../../../src/playground/github/acts/repositories.ts'
import type { RepositoryRecord as Repository } from '../../../src/playground/github/model.ts'
import type { PlaygroundGitHub as GitHub, GitHubOptions } from '../../../src/playground/github/server.ts'
import { failure, git, type Inbox, inbox, installationClient, playground } from '../../support/playground.ts'

const at = { owner: 'acme', repo: 'demo' }
const pull = { ...at, pull_number: 1 }
const LINES = Array.from({ length: 20 }, (_, line) => `line ${line}\n`)
const withLine = (line: number, text: string): string => LINES.with(line, `${text}\n`).join('')

interface Setting {
  github: GitHub
  hooks: Inbox
  repository: Repository
  octokit: ProbotOctokit
  keeper: ReturnType<GitHub['as']>
}

async function start(options: Partial<GitHubOptions> = {}, wish: Partial<NewRepository> = {}): Promise<Setting> {
  const github = await playground(options)
  const repository = await github.createRepository({
    ...at,
    name: 'demo',
    files: { 'text.txt': LINES.join(''), 'old.txt': LINES.join('') },
    collaborators: { keeper: 'write' },
    ...wish,
  })
  return {
    github,
    repository,
    hooks: await inbox(github),
    octokit: await installationClient(github),
    keeper: github.as('keeper'),
  }
}

async function opened(options: Partial<GitHubOptions> = {}, wish: Partial<NewRepository> = {}): Promise<Setting> {
  const setting = await start(options, wish)
  await setting.keeper.push(setting.repository, 'topic', { 'text.txt': withLine(0, 'topic') }, 'Change the first line')
  await setting.octokit.rest.pulls.create({ ...at, head: 'topic', base: 'main', title: 'Topic', body: 'Fixes #9' })
  return setting
}

function tip(repository: Repository, branch = 'main'): Promise<string> {
  return git(repository.path, 'rev-parse', `refs/heads/${branch}`)
}

test('a pull request is refused without branch, commits, or when one is open', async () => {
  const { octokit, keeper, repository } = await opened()
  const create = (wish: object) =>
    failure(octokit.rest.pulls.create({ ...at, title: 'x', head: 'topic', base: 'main', ...wish }))
  expect(await create({})).toMatchObject({
    status: 422,
    response: {
      data: { message: 'Validation Failed', errors: [{ message: 'A pull request already exists for acme:topic.' }] },
    },
  })
  expect(await create({ head: 'acme:topic' })).toMatchObject({ status: 422 })
  expect(await create({ head: 'nothing' })).toMatchObject({
    status: 422,
    response: { data: { errors: [{ field: 'head', code: 'invalid' }] } },
  })
  expect(await create({ base: 'nothing' })).toMatchObject({
    status: 422,
    response: { data: { errors: [{ field: 'base' }] } },
  })
  await keeper.createBranch(repository, 'same')
  expect(await create({ head: 'same' })).toMatchObject({
    response: { data: { errors: [{ message: 'No commits between main and same' }] } },
  })
  const list = async (query: object) => (await octokit.rest.pulls.list({ ...at, ...query })).data.length
  expect([
    await list({ head: 'acme:topic' }),
    await list({ head: 'acme:other' }),
    await list({ state: 'closed' }),
  ]).toEqual([1, 0, 0])
})

test('files, commits and patches are those of the branch, wherever its base went', async () => {
  const { octokit, keeper, repository } = await start()
  await keeper.push(
    repository,
    'topic',
    { 'text.txt': withLine(3, 'three'), 'new/ä file.txt': 'one\ntwo\n' },
    'First\n\nBody',
  )
  await keeper.push(
    repository,
    'topic',
    { 'moved.txt': LINES.join(''), 'old.txt': null, 'bin.dat': 'a\u0000b' },
    'Second',
  )
  await keeper.push(repository, 'main', { 'elsewhere.txt': 'x\n' }, 'Meanwhile')
  const { data } = await octokit.rest.pulls.create({ ...at, head: 'topic', base: 'main', title: 'Topic' })
  expect(data).toMatchObject({ commits: 2, additions: 3, deletions: 1, changed_files: 4 })
  const { data: files } = await octokit.rest.pulls.listFiles(pull)
  expect(
    files.map((file) => [file.filename, file.status, file.additions, file.deletions, file.previous_filename]),
  ).toEqual([
    ['bin.dat', 'added', 0, 0, undefined],
    ['moved.txt', 'renamed', 0, 0, 'old.txt'],
    ['new/ä file.txt', 'added', 2, 0, undefined],
    ['text.txt', 'modified', 1, 1, undefined],
  ])
  expect(files[0]?.patch).toBeUndefined()
  expect(files[2]?.patch).toBe('@@ -0,0 +1,2 @@\n+one\n+two')
  expect(files[3]?.patch).toContain('-line 3\n+three')
  const { data: commits } = await octokit.rest.pulls.listCommits(pull)
  expect(commits.map(({ commit, author }) => [commit.message, author?.login])).toEqual([
    ['First\n\nBody', 'keeper'],
    ['Second', 'keeper'],
  ])
  const { data: compared } = await octokit.rest.repos.compareCommitsWithBasehead({ ...at, basehead: 'main...topic' })
  expect(compared).toMatchObject({ status: 'diverged', ahead_by: 2, behind_by: 1, files: { length: 4 } })
})

test('mergeability is tried for real', async () => {
  const { octokit, keeper, repository } = await opened({ mergeableUnknownReads: 1 })
  const state = async () => {
    const { data } = await octokit.rest.pulls.get(pull)
    return [data.mergeable, data.mergeable_state]
  }
  expect(await state()).toEqual([null, 'unknown'])
  expect(await state()).toEqual([true, 'clean'])
  await keeper.createStatus(repository, {
    sha: repository.issues.get(1)?.pull?.headSha ?? (await keeper.push(repository, 'x', {}, 'x')),
    state: 'failure',
    context: 'ci',
  })
  expect(await state()).toEqual([true, 'unstable'])
  await keeper.push(repository, 'main', { 'text.txt': withLine(0, 'main') }, 'Conflict')
  expect(await state()).toEqual([false, 'dirty'])
  expect(await failure(octokit.rest.pulls.merge(pull))).toMatchObject({
    status: 405,
    response: { data: { message: 'Pull Request is not mergeable' } },
  })
  const before = await tip(repository)
  expect(await failure(octokit.rest.pulls.merge({ ...pull, merge_method: 'rebase' }))).toMatchObject({ status: 405 })
  expect(await tip(repository)).toBe(before)
})

test('a merge asks for the head it was meant for', async () => {
  const { octokit, keeper, repository, hooks, github } = await opened()
  const old = await tip(repository, 'topic')
  const moved = await keeper.push(repository, 'topic', { 'text.txt': withLine(1, 'more') }, 'More')
  const before = await tip(repository)
  expect(await failure(octokit.rest.pulls.merge({ ...pull, sha: old }))).toMatchObject({
    status: 409,
    response: { data: { message: 'Head branch was modified. Review and try the merge again.' } },
  })
  expect(await tip(repository)).toBe(before)
  const { data } = await octokit.rest.pulls.merge({ ...pull, sha: moved })
  expect(await tip(repository)).toBe(data.sha)
  expect(await git(repository.path, 'rev-list', '--parents', '-1', data.sha)).toBe(`${data.sha} ${before} ${moved}`)
  expect(await git(repository.path, 'log', '-1', '--format=%s|%b|%an|%cn', data.sha)).toBe(
    'Merge pull request #1 from acme/topic|Topic\n|tutti[bot]|GitHub',
  )
  expect((await octokit.rest.pulls.get(pull)).data).toMatchObject({
    merged: true,
    state: 'closed',
    merged_by: { login: 'tutti[bot]' },
    merge_commit_sha: data.sha,
  })
  expect(await failure(octokit.rest.pulls.merge(pull))).toMatchObject({ status: 405 })
  await github.until(() => hooks.names().at(-1) === 'pull_request.closed', 'the last webhook')
  const synchronize = hooks.received.find(({ action }) => action === 'synchronize')
  expect(synchronize?.payload).toMatchObject({ before: old, after: moved, pull_request: { head: { sha: moved } } })
  expect(hooks.names().filter((name) => name === 'pull_request.closed')).toHaveLength(1)
})

test('a squash makes one commit, a rebase makes each again', async () => {
  const { octokit, keeper, repository } = await start()
  await keeper.push(repository, 'one', { 'a.txt': 'a\n' }, 'Add a')
  await keeper.push(repository, 'one', { 'text.txt': withLine(19, 'end') }, 'Change the end')
  await keeper.push(repository, 'two', { 'b.txt': 'b\n' }, 'Add b\n\nwhy')
  await octokit.rest.pulls.create({ ...at, head: 'one', base: 'main', title: 'One' })
  await octokit.rest.pulls.create({ ...at, head: 'two', base: 'main', title: 'Two' })
  const base = await keeper.push(repository, 'main', { 'text.txt': withLine(0, 'start') }, 'Meanwhile')
  const { data: rebased } = await octokit.rest.pulls.merge({ ...pull, merge_method: 'rebase' })
  expect(await git(repository.path, 'log', '--format=%s|%an|%cn', `${base}..${rebased.sha}`)).toBe(
    'Change the end|keeper|GitHub\nAdd a|keeper|GitHub',
  )
  expect(await git(repository.path, 'show', 'main:text.txt')).toBe(
    LINES.with(0, 'start\n').with(19, 'end\n').join('').trim(),
  )
  const { data: squashed } = await octokit.rest.pulls.merge({ ...at, pull_number: 2, merge_method: 'squash' })
  expect(await git(repository.path, 'rev-list', '--parents', '-1', squashed.sha)).toBe(`${squashed.sha} ${rebased.sha}`)
  expect(await git(repository.path, 'log', '-1', '--format=%s|%b|%an', squashed.sha)).toBe(
    'Add b (#2)|why\n|tutti[bot]',
  )
})

test('methods that the repository does not allow are refused, and the head goes when it says so', async () => {
  const { octokit, repository, hooks, github } = await opened(
    {},
    { mergeMethods: { merge: false, rebase: false }, deleteBranchOnMerge: true },
  )
  expect(await failure(octokit.rest.pulls.merge(pull))).toMatchObject({
    status: 405,
    response: { data: { message: 'Merge commits are not allowed on this repository.' } },
  })
  await octokit.rest.pulls.merge({ ...pull, merge_method: 'squash', commit_title: 'Title', commit_message: 'Message' })
  expect(await git(repository.path, 'log', '-1', '--format=%B', 'main')).toBe('Title\n\nMessage')
  expect(await git(repository.path, 'branch', '--list', 'topic')).toBe('')
  expect((await octokit.rest.pulls.get(pull)).data.merged).toBe(true)
  await github.until(() => hooks.names().includes('delete'), 'the branch is deleted')
})

test('closing words of a merged pull request close issues, in the default branch only', async () => {
  const { octokit, keeper, repository } = await start()
  await keeper.createIssue(repository, { title: 'One' })
  await keeper.createIssue(repository, { title: 'Two' })
  await keeper.push(repository, 'side', { 'side.txt': 'x\n' }, 'Side')
  await keeper.push(repository, 'topic', { 'topic.txt': 'x\n' }, 'Topic')
  const wish = { ...at, head: 'topic', title: 'Topic', body: 'Closes #1, and resolved: #2. See #3.' }
  const side = await octokit.rest.pulls.create({ ...wish, base: 'side' })
  const main = await octokit.rest.pulls.create({ ...wish, base: 'main' })
  await octokit.rest.pulls.merge({ ...at, pull_number: side.data.number })
  expect([repository.issues.get(1)?.state, repository.issues.get(2)?.state]).toEqual(['open', 'open'])
  await octokit.rest.pulls.merge({ ...at, pull_number: main.data.number })
  expect([repository.issues.get(1)?.state, repository.issues.get(2)?.state]).toEqual(['closed', 'closed'])
  await keeper.reopenIssue(repository, 2)
  await keeper.push(repository, 'main', { 'y.txt': 'y\n' }, 'Fix #2')
  expect(repository.issues.get(2)?.state).toBe('closed')
})

test('a branch that goes closes its pull request, and one merged by hand counts as merged', async () => {
  const { octokit, keeper, repository } = await opened()
  const head = await tip(repository, 'topic')
  await keeper.deleteBranch(repository, 'topic')
  expect((await octokit.rest.pulls.get(pull)).data).toMatchObject({ state: 'closed', merged: false })
  expect(await failure(octokit.rest.pulls.update({ ...pull, state: 'open' }))).toMatchObject({ status: 422 })
  expect(await git(repository.path, 'rev-parse', 'refs/pull/1/head')).toBe(head)
  await keeper.createBranch(repository, 'topic', repository.issues.get(1)?.pull?.headSha)
  expect((await octokit.rest.pulls.update({ ...pull, state: 'open' })).data.state).toBe('open')
  await keeper.forcePush(
    repository,
    'main',
    repository.issues.get(1)?.pull?.headSha ?? (await keeper.push(repository, 'x', {}, 'x')),
  )
  expect((await octokit.rest.pulls.get(pull)).data).toMatchObject({
    merged: true,
    merged_by: { login: 'keeper' },
    merge_commit_sha: head,
  })
})

test('reviews carry the commit they were made of, and can be dismissed', async () => {
  const { octokit, keeper, repository, github, hooks } = await opened()
  const head = await tip(repository, 'topic')
  await keeper.requestReviewers(repository, 1, ['judge'])
  expect((await octokit.rest.pulls.listRequestedReviewers(pull)).data.users).toMatchObject([{ login: 'judge' }])
  const judge = github.as('judge')
  const approval = await judge.review(repository, 1, { state: 'APPROVED', body: 'fine' })
  expect((await octokit.rest.pulls.listRequestedReviewers(pull)).data.users).toEqual([])
  await keeper.push(repository, 'topic', { 'text.txt': withLine(2, 'two') }, 'Later')
  await judge.review(repository, 1, { state: 'COMMENTED', comments: [{ path: 'text.txt', line: 3, body: 'hm' }] })
  const reviews = async () =>
    (await octokit.rest.pulls.listReviews(pull)).data.map(({ state, commit_id }) => [state, commit_id])
  const now = await tip(repository, 'topic')
  expect(await reviews()).toEqual([
    ['APPROVED', head],
    ['COMMENTED', now],
  ])
  await octokit.rest.pulls.dismissReview({ ...pull, review_id: approval.id, message: 'it moved' })
  expect((await reviews())[0]).toEqual(['DISMISSED', head])
  expect((await octokit.rest.pulls.listReviewComments(pull)).data).toMatchObject([
    { path: 'text.txt', line: 3, body: 'hm', commit_id: now },
  ])
  expect(await failure(octokit.rest.pulls.createReview({ ...pull, event: 'APPROVE' }))).toMatchObject({
    status: 422,
    response: { data: { errors: ['Can not approve your own pull request'] } },
  })
  expect((await octokit.rest.pulls.createReview({ ...pull, event: 'COMMENT', body: 'note' })).data.state).toBe(
    'COMMENTED',
  )
  await github.until(
    () => hooks.names().filter((name) => name.startsWith('pull_request_review')).length === 5,
    'five reviews',
  )
  const states = hooks.received
    .filter(({ event }) => event === 'pull_request_review')
    .map(({ action, payload }) => [action, payload.review.state])
  expect(states).toEqual([
    ['submitted', 'approved'],
    ['submitted', 'commented'],
    ['dismissed', 'dismissed'],
    ['submitted', 'commented'],
  ])
})

test('a protected branch wants its checks and approvals', async () => {
  const { octokit, keeper, repository, github } = await opened()
  const branch = { ...at, branch: 'main' }
  expect(await failure(octokit.rest.repos.getBranchProtection(branch))).toMatchObject({
    status: 404,
    response: { data: { message: 'Branch not protected' } },
  })
  await github.as('acme').protectBranch(repository, 'main', { requiredChecks: ['build'], dismissStaleReviews: true })
  expect((await octokit.rest.repos.getBranchProtection(branch)).data).toMatchObject({
    required_pull_request_reviews: { required_approving_review_count: 1 },
    required_status_checks: { contexts: ['build'] },
  })
  expect((await octokit.rest.repos.getBranch(branch)).data.protected).toBe(true)
  const refusal = async () => {
    const { status, response } = await failure(octokit.rest.pulls.merge(pull))
    return [status, (response?.data as { message: string } | undefined)?.message]
  }
  expect((await octokit.rest.pulls.get(pull)).data.mergeable_state).toBe('blocked')
  expect(await refusal()).toEqual([405, 'Required status check "build" is expected.'])
  const build = async () =>
    keeper.createCheckRun(repository, {
      name: 'build',
      head_sha: repository.issues.get(1)?.pull?.headSha ?? never(),
      conclusion: 'success',
    })
  await build()
  expect((await refusal())[1]).toMatch(/^At least 1 approving review is required/)
  await github.as('outsider').review(repository, 1, { state: 'APPROVED' })
  expect((await refusal())[1]).toMatch(/^At least 1 approving review/)
  await keeper.review(repository, 1, { state: 'APPROVED' })
  await keeper.push(repository, 'topic', { 'text.txt': withLine(5, 'x') }, 'Again')
  await build()
  expect((await refusal())[1]).toMatch(/^At least 1 approving review/)
  await keeper.review(repository, 1, { state: 'CHANGES_REQUESTED', body: 'no' })
  expect((await refusal())[1]).toMatch(/^Changes must be addressed/)
  await keeper.review(repository, 1, { state: 'APPROVED' })
  await keeper.review(repository, 1, { state: 'COMMENTED', body: 'A remark takes nothing back.' })
  expect((await octokit.rest.pulls.merge(pull)).data.merged).toBe(true)
})

function never(): never {
  throw new Error('there is no head')
}

test('of many merges at once, one merges', async () => {
  const { octokit, repository } = await opened()
  const tries = await Promise.allSettled(
    [1, 2, 3, 4].map(() => octokit.rest.pulls.merge({ ...pull, merge_method: 'squash' })),
  )
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(await git(repository.path, 'rev-list', '--count', 'main')).toBe('2')
})

test('pushes at the same time are each reported in the name of who made them', async () => {
  const { github, repository, hooks } = await start()
  const logins = ['pusher-a', 'pusher-b', 'pusher-c', 'pusher-d']
  await Promise.all(logins.map((login) => github.as(login).push(repository, login, { [login]: 'x' }, login)))
  const pushes = () => hooks.received.filter(({ event }) => event === 'push')
  await github.until(() => pushes().length === 4, 'four pushes')
  const reported = pushes().map(({ payload }) => [payload.ref, payload.sender.login, payload.commits.length])
  expect(reported.toSorted()).toEqual(logins.map((login) => [`refs/heads/${login}`, login, 1]))
})

test('a head is brought up to date with its base', async () => {
  const { octokit, keeper, repository } = await opened()
  const head = await tip(repository, 'topic')
  const base = await keeper.push(repository, 'main', { 'other.txt': 'x\n' }, 'Meanwhile')
  const stale = octokit.rest.pulls.updateBranch({ ...pull, expected_head_sha: base })
  expect(await failure(stale)).toMatchObject({ status: 422 })
  await octokit.rest.pulls.updateBranch({ ...pull, expected_head_sha: head })
  const now = await tip(repository, 'topic')
  expect(await git(repository.path, 'rev-list', '--parents', '-1', now)).toBe(`${now} ${head} ${base}`)
  expect((await octokit.rest.pulls.get(pull)).data).toMatchObject({ head: { sha: now }, changed_files: 1 })
})

test('threads are answered and resolved, and an open one blocks where conversations must be resolved', async () => {
  const { github, octokit, repository, keeper } = await opened()
  await keeper.protectBranch(repository, 'main', { requiredApprovals: 0, conversations: true })
  await keeper.review(repository, 1, {
    state: 'COMMENTED',
    comments: [
      { path: 'text.txt', line: 3, body: 'Why?' },
      { path: 'text.txt', line: 4, body: 'How?' },
    ],
  })
  const { data: comments } = await octokit.rest.pulls.listReviewComments(pull)
  const [why, how] = comments.map(({ id }) => id)
  const reply = { ...pull, comment_id: why ?? 0, body: 'Because.' }
  const { data } = await octokit.rest.pulls.createReplyForReviewComment(reply)
  expect(data).toMatchObject({ in_reply_to_id: why, path: 'text.txt', line: 3 })
  await expect(octokit.rest.pulls.createReplyForReviewComment({ ...reply, comment_id: data.id })).rejects.toThrow()

  const query = `query ($owner: String!, $repo: String!, $number: Int!) {
    repository(owner: $owner, name: $repo) { pullRequest(number: $number) { reviewThreads(first: 100) {
      pageInfo { hasNextPage endCursor } nodes { id isResolved comments(first: 1) { nodes { databaseId } } } } } } }`
  const threads = async () => {
    const answer = await octokit.graphql<{
      repository: {
        pullRequest: {
          reviewThreads: { nodes: { id: string; isResolved: boolean; comments: { nodes: { databaseId: number }[] } }[] }
        }
      }
    }>(query, { ...at, number: 1 })
    return answer.repository.pullRequest.reviewThreads.nodes
  }
  const before = await threads()
  expect(before.map(({ comments: { nodes }, isResolved }) => [nodes[0]?.databaseId, isResolved])).toEqual([
    [why, false],
    [how, false],
  ])
  expect(await failure(octokit.rest.pulls.merge(pull))).toMatchObject({ status: 405 })
  const resolve = 'mutation ($t: ID!) { one: resolveReviewThread(input: {threadId: $t}) { clientMutationId } }'
  await octokit.graphql(resolve, { t: before[0]?.id })
  expect((await threads()).map(({ isResolved }) => isResolved)).toEqual([true, false])
  await keeper.resolveThread(repository, how ?? 0)
  await octokit.rest.pulls.merge(pull)
  expect(github.unknown).toEqual([])
})

test('a draft is made ready for review, which only GraphQL can', async () => {
  const { octokit, hooks, github, keeper, repository } = await start()
  await keeper.push(repository, 'topic', { 'text.txt': withLine(0, 'topic') }, 'Change the first line')
  const { data } = await octokit.rest.pulls.create({ ...at, head: 'topic', base: 'main', title: 'Topic', draft: true })
  expect(data.draft).toBe(true)
  const mutation =
    'mutation ($id: ID!) { markPullRequestReadyForReview(input: { pullRequestId: $id }) { pullRequest { isDraft } } }'
  expect(await octokit.graphql(mutation, { id: data.node_id })).toEqual({
    markPullRequestReadyForReview: { pullRequest: { isDraft: false } },
  })
  expect((await octokit.rest.pulls.get(pull)).data.draft).toBe(false)
  await github.until(() => hooks.names().includes('pull_request.ready_for_review'), 'the webhook')
  await expect(octokit.graphql(mutation, { id: 'nothing' })).rejects.toThrow('Could not resolve to a node')
})
