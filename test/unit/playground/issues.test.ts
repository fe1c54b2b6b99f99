/** Issues, comments, labels, reactions, people and links between issues. */

import type { ProbotOctokit } from 'probot'
import { expect, test } from 'vitest'
import type { RepositoryRecord as Repository } from '../../../src/playground/github/model.ts'
import type { PlaygroundGitHub as GitHub } from '../../../src/playground/github/server.ts'
import { failure, type Inbox, inbox, installationClient, playground } from '../../support/playground.ts'

const at = { owner: 'acme', repo: 'demo' }

async function start(): Promise<{ github: GitHub; hooks: Inbox; repository: Repository; octokit: ProbotOctokit }> {
  const github = await playground()
  const repository = await github.createRepository({
    owner: 'acme',
    name: 'demo',
    collaborators: { keeper: 'maintain', sorter: 'triage', banned: 'none' },
  })
  const octokit = await installationClient(github)
  return { github, hooks: await inbox(github), repository, octokit }
}

test('issues are made, changed, closed and found by the app', async () => {
  const { github, hooks, octokit } = await start()
  const { data: issue } = await octokit.rest.issues.create({
    ...at,
    title: 'One',
    body: 'text',
    labels: ['bug', 'Bug'],
  })
  expect(issue).toMatchObject({
    number: 1,
    state: 'open',
    user: { login: 'tutti[bot]' },
    performed_via_github_app: { id: github.app.id },
  })
  expect(issue.labels).toMatchObject([{ name: 'bug' }])
  await octokit.rest.issues.create({ ...at, title: 'Two' })
  await octokit.rest.issues.update({ ...at, issue_number: 1, title: 'First', body: 'text', labels: ['bug', 'tutti'] })
  await octokit.rest.issues.update({ ...at, issue_number: 2, state: 'closed', state_reason: 'not_planned' })
  const numbers = async (query: object): Promise<number[]> =>
    (await octokit.rest.issues.listForRepo({ ...at, ...query })).data.map(({ number }) => number)
  expect(await numbers({})).toEqual([1])
  expect(await numbers({ state: 'all' })).toEqual([2, 1])
  expect(await numbers({ state: 'all', direction: 'asc' })).toEqual([1, 2])
  expect(await numbers({ state: 'closed' })).toEqual([2])
  expect(await numbers({ labels: 'tutti,bug' })).toEqual([1])
  expect(await numbers({ labels: 'tutti,other' })).toEqual([])
  expect(await numbers({ state: 'all', since: new Date(Date.now() + 60_000).toISOString() })).toEqual([])
  expect((await octokit.rest.issues.get({ ...at, issue_number: 2 })).data).toMatchObject({
    state: 'closed',
    state_reason: 'not_planned',
  })
  await octokit.rest.issues.update({ ...at, issue_number: 2, state: 'open' })
  await github.until(() => hooks.received.length === 9, 'nine webhooks')
  expect(hooks.names()).toEqual([
    'label.created',
    'issues.opened',
    'issues.labeled',
    'issues.opened',
    'issues.edited',
    'label.created',
    'issues.labeled',
    'issues.closed',
    'issues.reopened',
  ])
})

test('labels are set, added and removed one by one', async () => {
  const { github, hooks, repository, octokit } = await start()
  await github.as('outsider').createIssue(repository, { title: 'One', labels: ['from-template'] })
  const issue = { ...at, issue_number: 1 }
  await octokit.rest.issues.addLabels({ ...issue, labels: ['tutti', 'FROM-template'] })
  await octokit.rest.issues.setLabels({ ...issue, labels: ['tutti', 'running'] })
  const { data: left } = await octokit.rest.issues.removeLabel({ ...issue, name: 'running' })
  expect(left.map(({ name }) => name)).toEqual(['tutti'])
  expect(await failure(octokit.rest.issues.removeLabel({ ...issue, name: 'running' }))).toMatchObject({
    status: 404,
    response: { data: { message: 'Label does not exist' } },
  })
  expect((await octokit.rest.issues.listLabelsOnIssue(issue)).data.map(({ name }) => name)).toEqual(['tutti'])
  await octokit.rest.issues.createLabel({ ...at, name: 'extra', color: '#ff0000' })
  expect(await failure(octokit.rest.issues.createLabel({ ...at, name: 'EXTRA' }))).toMatchObject({ status: 422 })
  expect((await octokit.rest.issues.getLabel({ ...at, name: 'Extra' })).data.color).toBe('ff0000')
  expect((await octokit.rest.issues.listLabelsForRepo(at)).data).toHaveLength(4)
  await github.until(() => hooks.names().filter((name) => name === 'label.created').length === 4, 'four new labels')
  const changes = hooks.received.filter(({ action }) => action?.includes('labeled'))
  expect(changes.map(({ action, payload }) => `${action} ${payload.label.name} by ${payload.sender.login}`)).toEqual([
    'labeled from-template by outsider',
    'labeled tutti by tutti[bot]',
    'unlabeled from-template by tutti[bot]',
    'labeled running by tutti[bot]',
    'unlabeled running by tutti[bot]',
  ])
  await github.as('outsider').renameLabel(repository, 'tutti', 'robots')
  expect((await octokit.rest.issues.listLabelsOnIssue(issue)).data.map(({ name }) => name)).toEqual(['robots'])
  await github.until(() => hooks.names().includes('label.edited'), 'the rename')
  const renamed = hooks.received.find(({ event, action }) => event === 'label' && action === 'edited')
  expect(renamed?.payload).toMatchObject({ label: { name: 'robots' }, changes: { name: { from: 'tutti' } } })
})

test("an issue's events say who labelled, closed and reopened it", async () => {
  const { github, repository, octokit } = await start()
  const keeper = github.as('keeper')
  await github.as('outsider').createIssue(repository, { title: 'One', labels: ['tutti'] })
  await octokit.rest.issues.removeLabel({ ...at, issue_number: 1, name: 'tutti' })
  await keeper.addLabels(repository, 1, ['Tutti'])
  await keeper.closeIssue(repository, 1)
  await keeper.closeIssue(repository, 1)
  await octokit.rest.issues.update({ ...at, issue_number: 1, state: 'open' })
  const { data: events } = await octokit.rest.issues.listEvents({ ...at, issue_number: 1 })
  expect(events).toMatchObject([
    { event: 'labeled', actor: { login: 'outsider' }, label: { name: 'tutti' }, performed_via_github_app: null },
    { event: 'unlabeled', actor: { login: 'tutti[bot]' }, performed_via_github_app: { id: github.app.id } },
    { event: 'labeled', actor: { login: 'keeper' } },
    { event: 'closed', actor: { login: 'keeper' } },
    { event: 'reopened', actor: { login: 'tutti[bot]' } },
  ])
  expect(events[3]).not.toHaveProperty('label')
  expect((await octokit.rest.issues.listEvents({ ...at, issue_number: 1, per_page: 2, page: 3 })).data).toHaveLength(1)
})

test('comments are made, changed, deleted and listed', async () => {
  const { github, hooks, repository, octokit } = await start()
  const keeper = github.as('keeper')
  await keeper.createIssue(repository, { title: 'One' })
  const theirs = await keeper.comment(repository, 1, '/status')
  const { data: mine } = await octokit.rest.issues.createComment({ ...at, issue_number: 1, body: 'Queued.' })
  await octokit.rest.issues.updateComment({ ...at, comment_id: mine.id, body: 'Running.' })
  await octokit.rest.issues.updateComment({ ...at, comment_id: mine.id, body: 'Running.' })
  await keeper.editComment(repository, theirs.id, '/help')
  const { data: listed } = await octokit.rest.issues.listComments({ ...at, issue_number: 1 })
  expect(listed.map(({ body, user }) => [user?.login, body])).toEqual([
    ['keeper', '/help'],
    ['tutti[bot]', 'Running.'],
  ])
  expect((await octokit.rest.issues.listCommentsForRepo(at)).data).toHaveLength(2)
  await octokit.rest.issues.deleteComment({ ...at, comment_id: mine.id })
  await keeper.deleteComment(repository, theirs.id)
  expect(await failure(octokit.rest.issues.getComment({ ...at, comment_id: mine.id }))).toMatchObject({ status: 404 })
  await github.until(() => hooks.received.length === 7, 'seven webhooks')
  const reported = hooks.received.slice(1)
  expect(reported.map(({ action, payload }) => [action, payload.comment.body, payload.changes?.body.from])).toEqual([
    ['created', '/status', undefined],
    ['created', 'Queued.', undefined],
    ['edited', 'Running.', 'Queued.'],
    ['edited', '/help', '/status'],
    ['deleted', 'Running.', undefined],
    ['deleted', '/help', undefined],
  ])
  expect(reported[0]?.payload.comment).toMatchObject({ author_association: 'COLLABORATOR', user: { login: 'keeper' } })
})

test('the same reaction exists once', async () => {
  const { github, repository, octokit } = await start()
  await github.as('keeper').createIssue(repository, { title: 'One' })
  const comment = await github.as('keeper').comment(repository, 1, 'hello')
  const wish = { ...at, comment_id: comment.id, content: 'eyes' as const }
  const { status, data } = await octokit.rest.reactions.createForIssueComment(wish)
  expect([status, data.user?.login, data.content]).toEqual([201, 'tutti[bot]', 'eyes'])
  expect((await octokit.rest.reactions.createForIssueComment(wish)).status).toBe(200)
  await github.as('keeper').react(repository, { comment: comment.id }, 'eyes')
  expect((await octokit.rest.reactions.listForIssueComment({ ...at, comment_id: comment.id })).data).toHaveLength(2)
  expect((await octokit.rest.issues.getComment({ ...at, comment_id: comment.id })).data.reactions).toMatchObject({
    eyes: 2,
    total_count: 2,
  })
  expect((await octokit.rest.reactions.createForIssue({ ...at, issue_number: 1, content: '+1' })).status).toBe(201)
  await octokit.rest.reactions.deleteForIssueComment({ ...at, comment_id: comment.id, reaction_id: data.id })
  expect((await octokit.rest.reactions.listForIssueComment({ ...at, comment_id: comment.id })).data).toHaveLength(1)
})

test('the permission of everyone comes with login, with the number of the account', async () => {
  const { github, repository, octokit } = await start()
  github.as('stranger')
  const ask = async (username: string) => {
    const { data } = await octokit.rest.repos.getCollaboratorPermissionLevel({ ...at, username })
    return [data.permission, data.role_name]
  }
  expect(await ask('acme')).toEqual(['admin', 'admin'])
  expect(await ask('keeper')).toEqual(['write', 'maintain'])
  expect(await ask('sorter')).toEqual(['read', 'triage'])
  expect(await ask('stranger')).toEqual(['read', 'read'])
  expect(await ask('banned')).toEqual(['none', 'none'])
  expect(await failure(ask('nobody'))).toMatchObject({ status: 404 })
  const keeper = github.as('keeper')
  await keeper.renameAccount('keeper2')
  const { data } = await octokit.rest.repos.getCollaboratorPermissionLevel({ ...at, username: 'keeper2' })
  expect(data.user?.id).toBe(keeper.account.id)
  expect(github.as('keeper').account.id).not.toBe(keeper.account.id)
  expect(await ask('keeper')).toEqual(['read', 'read'])
  await github.as('acme').setCollaborator(repository, 'keeper2', 'read')
  expect(await ask('keeper2')).toEqual(['read', 'read'])
  const { data: user } = await octokit.request('GET /user/{account_id}', { account_id: keeper.account.id })
  expect(user).toMatchObject({ login: 'keeper2', type: 'User' })
  expect((await octokit.rest.users.getByUsername({ username: 'tutti[bot]' })).data.type).toBe('Bot')
})

test('people are assigned', async () => {
  const { github, hooks, repository, octokit } = await start()
  await github.as('keeper').createIssue(repository, { title: 'One' })
  const issue = { ...at, issue_number: 1 }
  await octokit.rest.issues.addAssignees({ ...issue, assignees: ['keeper', 'unheard-of'] })
  expect((await octokit.rest.issues.listForRepo({ ...at, assignee: 'keeper' })).data).toHaveLength(1)
  await octokit.rest.issues.removeAssignees({ ...issue, assignees: ['keeper'] })
  expect((await octokit.rest.issues.listForRepo({ ...at, assignee: 'none' })).data).toHaveLength(1)
  await github.until(() => hooks.received.length === 3, 'three webhooks')
  expect(hooks.names()).toEqual(['issues.opened', 'issues.assigned', 'issues.unassigned'])
  expect(await octokit.rest.issues.checkUserCanBeAssigned({ ...at, assignee: 'sorter' })).toMatchObject({ status: 204 })
  expect(await failure(octokit.rest.issues.checkUserCanBeAssigned({ ...at, assignee: 'banned' }))).toMatchObject({
    status: 404,
  })
})

test('issues have parents, and wait for one another', async () => {
  const { github, hooks, repository, octokit } = await start()
  const keeper = github.as('keeper')
  const [one, two, three] = [
    await keeper.createIssue(repository, { title: 'One' }),
    await keeper.createIssue(repository, { title: 'Two' }),
    await keeper.createIssue(repository, { title: 'Three' }),
  ]
  await octokit.rest.issues.addSubIssue({ ...at, issue_number: 1, sub_issue_id: two.id })
  await keeper.addSubIssue(repository, 1, 3)
  expect(
    (await octokit.rest.issues.listSubIssues({ ...at, issue_number: 1 })).data.map(({ number }) => number),
  ).toEqual([2, 3])
  expect((await octokit.rest.issues.getParent({ ...at, issue_number: 2 })).data.number).toBe(1)
  const cycle = octokit.rest.issues.addSubIssue({ ...at, issue_number: 2, sub_issue_id: one.id })
  expect(await failure(cycle)).toMatchObject({ status: 422 })
  const second = octokit.rest.issues.addSubIssue({ ...at, issue_number: 2, sub_issue_id: three.id })
  expect(await failure(second)).toMatchObject({ status: 422 })
  await keeper.closeIssue(repository, 3)
  expect((await octokit.rest.issues.get({ ...at, issue_number: 1 })).data.sub_issues_summary).toEqual({
    total: 2,
    completed: 1,
    percent_completed: 50,
  })
  await octokit.rest.issues.removeSubIssue({ ...at, issue_number: 1, sub_issue_id: three.id })
  expect(await failure(octokit.rest.issues.getParent({ ...at, issue_number: 3 }))).toMatchObject({ status: 404 })

  await octokit.rest.issues.addBlockedByDependency({ ...at, issue_number: 2, issue_id: one.id })
  await keeper.addBlockedBy(repository, 2, 3)
  const blockers = await octokit.rest.issues.listDependenciesBlockedBy({ ...at, issue_number: 2 })
  expect(blockers.data.map(({ number }) => number)).toEqual([1, 3])
  const blocked = await octokit.rest.issues.listDependenciesBlocking({ ...at, issue_number: 1 })
  expect(blocked.data.map(({ number }) => number)).toEqual([2])
  expect(blocked.data[0]?.issue_dependencies_summary).toEqual({
    blocked_by: 1,
    total_blocked_by: 2,
    blocking: 0,
    total_blocking: 0,
  })
  await octokit.rest.issues.removeDependencyBlockedBy({ ...at, issue_number: 2, issue_id: three.id })
  expect(
    await failure(octokit.rest.issues.removeDependencyBlockedBy({ ...at, issue_number: 2, issue_id: three.id })),
  ).toMatchObject({ status: 404 })
  const names = (event: string): (string | undefined)[] =>
    hooks.received.filter((one) => one.event === event).map(({ action }) => action)
  await github.until(() => names('issue_dependencies').length === 6, 'six changes of dependencies')
  expect(names('sub_issues')).toEqual([
    ...['sub_issue_added', 'parent_issue_added', 'sub_issue_added', 'parent_issue_added'],
    ...['sub_issue_removed', 'parent_issue_removed'],
  ])
  expect(names('issue_dependencies')).toEqual([
    ...['blocked_by_added', 'blocking_added', 'blocked_by_added', 'blocking_added'],
    ...['blocked_by_removed', 'blocking_removed'],
  ])
  const added = hooks.received.find(({ action }) => action === 'blocked_by_added')
  expect(added?.payload).toMatchObject({
    blocked_issue: { number: 2 },
    blocking_issue: { number: 1 },
    blocking_issue_id: one.id,
  })
})
