/** One issue from label to merge, with the real client, real git and real webhooks. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { git, inbox, installationClient, playground, temporary } from '../../support/playground.ts'

test('a labelled issue becomes a pull request that is reviewed and merged, and everyone hears of it', async () => {
  const github = await playground()
  const hooks = await inbox(github)
  const repository = await github.createRepository({
    owner: 'acme',
    name: 'demo',
    files: { 'README.md': '# demo\n', 'src/sum.js': 'export const sum = 1\n' },
    collaborators: { maintainer: 'write', outsider: 'none' },
  })
  const at = { owner: 'acme', repo: 'demo' }
  const octokit = await installationClient(github)
  const maintainer = github.as('maintainer')
  const issue = await maintainer.createIssue(repository, { title: 'Add a product', body: 'please' })
  await maintainer.addLabels(repository, issue.number, ['tutti'])

  const listed = await octokit.rest.issues.listForRepo({ ...at, labels: 'tutti' })
  expect(listed.data.map(({ number, title }) => ({ number, title }))).toEqual([{ number: 1, title: 'Add a product' }])
  const { data: permission } = await octokit.rest.repos.getCollaboratorPermissionLevel({
    ...at,
    username: 'maintainer',
  })
  expect(permission).toMatchObject({ permission: 'write', role_name: 'write', user: { id: maintainer.account.id } })
  const { data: sticky } = await octokit.rest.issues.createComment({ ...at, issue_number: 1, body: 'Queued.' })
  expect(sticky.user).toMatchObject({ login: 'tutti[bot]', type: 'Bot' })

  const { token } = (await octokit.auth({ type: 'installation' })) as { token: string }
  const clone = join(await temporary(), 'clone')
  const cloneUrl = (await octokit.rest.repos.get(at)).data.clone_url.replace('//', `//x-access-token:${token}@`)
  await git('/', 'clone', '--quiet', cloneUrl, clone)
  await git(clone, 'switch', '--quiet', '-c', 'module/product')
  await writeFile(join(clone, 'src/product.js'), 'export const product = 2\n')
  await git(clone, 'add', '.')
  await git(clone, 'commit', '--quiet', '-m', 'Add a product')
  await git(clone, 'push', '--quiet', 'origin', 'module/product')
  const head = await git(clone, 'rev-parse', 'HEAD')

  const { data: pull } = await octokit.rest.pulls.create({
    ...at,
    head: 'module/product',
    base: 'main',
    title: 'Add a product',
    body: 'Closes #1',
  })
  expect(pull).toMatchObject({
    number: 2,
    head: { sha: head },
    commits: 1,
    additions: 1,
    deletions: 0,
    changed_files: 1,
  })
  await octokit.rest.checks.create({
    ...at,
    name: 'tutti',
    head_sha: head,
    external_id: 'run-1',
    conclusion: 'success',
  })
  await maintainer.review(repository, 2, { state: 'APPROVED' })
  const { data: reviews } = await octokit.rest.pulls.listReviews({ ...at, pull_number: 2 })
  expect(reviews).toMatchObject([{ state: 'APPROVED', commit_id: head, user: { login: 'maintainer' } }])
  const { data: ready } = await octokit.rest.pulls.get({ ...at, pull_number: 2 })
  expect(ready).toMatchObject({ mergeable: true, mergeable_state: 'clean', merged: false })
  const { data: merged } = await octokit.rest.pulls.merge({ ...at, pull_number: 2, sha: head, merge_method: 'squash' })
  await octokit.rest.git.deleteRef({ ...at, ref: 'heads/module/product' })

  const { data: done } = await octokit.rest.issues.get({ ...at, issue_number: 1 })
  expect(done).toMatchObject({ state: 'closed', state_reason: 'completed', closed_by: { login: 'tutti[bot]' } })
  await git(clone, 'fetch', '--quiet', 'origin', 'main')
  expect(await git(clone, 'rev-parse', 'origin/main')).toBe(merged.sha)
  expect(await git(clone, 'log', '-1', '--format=%s', 'origin/main')).toBe('Add a product (#2)')
  expect(await git(clone, 'show', 'origin/main:src/product.js')).toBe('export const product = 2')

  await github.until(() => github.deliveries.every((one) => one.statusCode === 202), 'all webhooks answered')
  expect(hooks.received.every(({ signed }) => signed)).toBe(true)
  expect(hooks.names()).toEqual([
    'installation.created',
    'issues.opened',
    'label.created',
    'issues.labeled',
    'issue_comment.created',
    'create',
    'push',
    'check_suite.requested',
    'pull_request.opened',
    'check_run.created',
    'check_run.completed',
    'check_suite.completed',
    'pull_request_review.submitted',
    'push',
    'check_suite.requested',
    'pull_request.closed',
    'issues.closed',
    'delete',
    'push',
  ])
  const labeled = hooks.received.find(({ action }) => action === 'labeled')
  expect(labeled?.payload).toMatchObject({
    label: { name: 'tutti' },
    issue: { number: 1, labels: [{ name: 'tutti' }] },
    sender: { login: 'maintainer', id: maintainer.account.id, type: 'User' },
    repository: { full_name: 'acme/demo', clone_url: `${github.url}/acme/demo.git`, default_branch: 'main' },
  })
  expect(labeled?.payload.installation.id).toBeGreaterThan(0)
  const closed = hooks.received.find(({ event, action }) => event === 'pull_request' && action === 'closed')
  expect(closed?.payload.pull_request).toMatchObject({ merged: true, merge_commit_sha: merged.sha })
  expect(github.counts()).toEqual({ reads: 7, writes: 5 })
  expect(github.unknown).toEqual([])
})
