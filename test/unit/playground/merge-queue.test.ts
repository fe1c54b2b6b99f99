/** The merge queue of the playground, and branches that must be up to date: as GitHub has them. */

import { expect, test } from 'vitest'
import { asPull, type PullIssue, type RepositoryRecord } from '../../../src/playground/github/model.ts'
import { manifest } from '../../../src/playground/manifest.ts'
import { failure, inbox, installationClient, playground } from '../../support/playground.ts'

const at = { owner: 'acme', repo: 'demo' }

const idOf = `query ($owner: String!, $repo: String!, $number: Int!) {
  repository(owner: $owner, name: $repo) { pullRequest(number: $number) { id isInMergeQueue } } }`
const mutation = `mutation ($pull: ID!, $head: GitObjectID!) {
  enqueuePullRequest(input: {pullRequestId: $pull, expectedHeadOid: $head}) { clientMutationId } }`

/** Pull requests that each change one file, with their approvals. */
async function stage(rules: object, ...files: string[]) {
  const github = await playground({ app: manifest() })
  const collaborators = { keeper: 'write' as const, reviewer: 'write' as const }
  const repository = await github.createRepository({ ...at, name: 'demo', files: { 'a.txt': 'a\n' }, collaborators })
  const [hooks, octokit, keeper] = [await inbox(github), await installationClient(github), github.as('keeper')]
  const pulls: PullIssue[] = []
  for (const [place, file] of files.entries()) {
    await keeper.push(repository, `topic-${place}`, { [file]: `${place}\n` }, `Change ${file}`)
    const wish = { head: `topic-${place}`, base: 'main', title: `Topic ${place}`, body: '' }
    const issue = await keeper.createPullRequest(repository, wish)
    await github.as('reviewer').review(repository, issue.number, { state: 'APPROVED' })
    pulls.push(asPull(issue))
  }
  await github.as('acme').protectBranch(repository, 'main', rules)
  const enqueue = async (number: number, head?: string) => {
    const answer = await octokit.graphql<Answer>(idOf, { ...at, number })
    const { id, isInMergeQueue } = answer.repository.pullRequest
    expect(isInMergeQueue).toBe(false)
    await octokit.graphql(mutation, { pull: id, head: head ?? pulls[number - 1]?.pull.headSha })
  }
  const left = (number: number, reason: string) =>
    github.until(
      () =>
        hooks.received.some(
          ({ event, payload }) =>
            event === 'pull_request' &&
            payload.action === 'dequeued' &&
            payload.number === number &&
            payload.reason === reason,
        ),
      `#${number} left: ${reason}`,
    )
  return { github, repository, hooks, octokit, keeper, pulls, enqueue, left }
}

interface Answer {
  repository: { pullRequest: { id: string; isInMergeQueue: boolean } }
}

const groupOf = (repository: RepositoryRecord, number: number) =>
  repository.mergeQueue.find(({ issue }) => issue.number === number)?.group

test('it is the only way in, takes approved heads alone, and merges what is green on top of the base', async () => {
  const { github, repository, hooks, octokit, keeper, pulls, enqueue, left } = await stage(
    { requiredChecks: ['ci'], mergeQueue: true },
    'b.txt',
    'c.txt',
  )
  const refused = await failure(octokit.rest.pulls.merge({ ...at, pull_number: 1 }))
  expect(refused).toMatchObject({ status: 405, message: expect.stringContaining('through the merge queue') })
  await expect(enqueue(1)).rejects.toThrow('Required status check "ci" is expected.')
  const ci = async (sha = '', conclusion: 'success' | 'failure' = 'success') =>
    keeper.createCheckRun(repository, { name: 'ci', head_sha: sha as never, conclusion })
  for (const { pull } of pulls) await ci(pull.headSha)
  await expect(enqueue(1, pulls[1]?.pull.headSha)).rejects.toThrow('head of the pull request')
  await enqueue(1)
  await enqueue(2)

  const first = await github.until(() => groupOf(repository, 1), 'the first group')
  expect(groupOf(repository, 2)).toBeUndefined()
  const asked = await github.until(
    () => hooks.received.find(({ event, payload }) => event === 'merge_group' && payload.action === 'checks_requested'),
    'its webhook',
  )
  expect(asked.payload.merge_group).toMatchObject({
    head_sha: first.sha,
    base_ref: 'refs/heads/main',
    head_ref: first.ref,
  })
  await ci(first.sha)
  await left(1, 'MERGE')
  expect(pulls[0]?.pull.mergeCommitSha).toBe(first.sha)
  expect(repository.refs.get('refs/heads/main')).toBe(first.sha)

  const second = await github.until(() => groupOf(repository, 2), 'the second group')
  expect(second.base).toBe(first.sha)
  await ci(second.sha, 'failure')
  await left(2, 'CI_FAILURE')
  expect(pulls[1]).toMatchObject({ state: 'open', pull: { mergedAt: null } })
  expect([...repository.refs.keys()].filter((ref) => ref.includes('gh-readonly-queue'))).toEqual([])
  expect(github.unknown).toEqual([])
})

test('a conflict, a push, a person and a base that moves take it out or make its group again', async () => {
  const rules = { requiredApprovals: 0, requiredChecks: [], mergeQueue: true }
  const { github, repository, keeper, enqueue, left } = await stage(rules, 'a.txt', 'd.txt', 'e.txt')
  await keeper.push(repository, 'main', { 'a.txt': 'other\n' }, 'Change the same file')
  await enqueue(1)
  await left(1, 'MERGE_CONFLICT')

  await github.as('acme').protectBranch(repository, 'main', { ...rules, requiredApprovals: 1, requiredChecks: [] })
  await enqueue(2)
  await left(2, 'MERGE')

  await github.as('acme').protectBranch(repository, 'main', { ...rules, requiredChecks: ['ci'] })
  const waiting = repository.issues.get(3)
  await keeper.createCheckRun(repository, {
    name: 'ci',
    head_sha: asPull(waiting as never).pull.headSha,
    conclusion: 'success',
  })
  await enqueue(3)
  const before = await github.until(() => groupOf(repository, 3), 'the group')
  await keeper.push(repository, 'main', { 'x.txt': 'x\n' }, 'Move the base')
  await github.until(() => groupOf(repository, 3) && groupOf(repository, 3)?.base !== before.base, 'another group')
  await keeper.leaveMergeQueue(repository, 3)
  await left(3, 'MANUAL')
  await keeper.createCheckRun(repository, {
    name: 'ci',
    head_sha: asPull(waiting as never).pull.headSha,
    conclusion: 'success',
  })
  await enqueue(3)
  const pushed = await keeper.push(repository, 'topic-2', { 'e.txt': 'more\n' }, 'Push meanwhile')
  await left(3, 'BRANCH_PROTECTIONS')
  expect(asPull(waiting as never).pull.headSha).toBe(pushed)
})

test('where heads must be up to date, one that is behind says so and is not merged', async () => {
  const { github, repository, octokit, keeper } = await stage({ requiredChecks: [], upToDate: true }, 'f.txt')
  await keeper.push(repository, 'main', { 'x.txt': 'x\n' }, 'Move the base')
  const pull = { ...at, pull_number: 1 }
  const state = async () => (await octokit.rest.pulls.get(pull)).data.mergeable_state
  expect(await state()).toBe('behind')
  expect(await failure(octokit.rest.pulls.merge(pull))).toMatchObject({
    status: 405,
    message: expect.stringContaining('out of date'),
  })
  await octokit.rest.pulls.updateBranch(pull)
  expect(await state()).toBe('clean')
  await octokit.rest.pulls.merge(pull)
  expect(github.unknown).toEqual([])
})
