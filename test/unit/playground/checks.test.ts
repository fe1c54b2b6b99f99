/** Check runs, statuses, and what the API tells of the git repository. */
import { expect, test } from 'vitest'
import { failure, git, inbox, installationClient, playground } from '../../support/playground.ts'

const at = { owner: 'acme', repo: 'demo' }

async function start() {
  const github = await playground()
  const files = {
    'README.md': '# demo\n',
    '.github/tutti.yml': 'version: 1\n',
    'run.sh': { content: 'true\n', mode: '100755' as const },
  }
  const repository = await github.createRepository({ ...at, name: 'demo', files })
  const head = repository.refs.get('refs/heads/main')
  if (!head) throw new Error('no commit')
  return { github, repository, head, hooks: await inbox(github), octokit: await installationClient(github) }
}

test('a check run of the app goes from queued to done, with annotations', async () => {
  const { github, repository, head, hooks, octokit } = await start()
  const { data: run } = await octokit.rest.checks.create({
    ...at,
    name: 'tutti',
    head_sha: head,
    external_id: 'run 1',
    status: 'in_progress',
  })
  expect(run).toMatchObject({ status: 'in_progress', conclusion: null, external_id: 'run 1', app: { slug: 'tutti' } })
  const annotation = {
    path: 'README.md',
    start_line: 1,
    end_line: 1,
    annotation_level: 'warning' as const,
    message: 'look',
  }
  const output = { title: 'Gates', summary: 'passed', annotations: Array.from({ length: 50 }, () => annotation) }
  const update = { ...at, check_run_id: run.id, conclusion: 'success' as const, output }
  const { data: done } = await octokit.rest.checks.update(update)
  expect(done).toMatchObject({
    status: 'completed',
    conclusion: 'success',
    output: { annotations_count: 50, title: 'Gates' },
  })
  const many = { ...output, annotations: [...output.annotations, annotation] }
  expect(await failure(octokit.rest.checks.update({ ...update, output: many }))).toMatchObject({ status: 422 })
  expect((await octokit.rest.checks.listAnnotations({ ...at, check_run_id: run.id, per_page: 100 })).data).toHaveLength(
    50,
  )
  const theirs = await github
    .as('keeper')
    .createCheckRun(repository, { name: 'build', head_sha: head, status: 'queued' })
  expect(
    await failure(octokit.rest.checks.update({ ...at, check_run_id: theirs.id, status: 'completed' })),
  ).toMatchObject({ status: 403 })
  await github.as('keeper').updateCheckRun(repository, theirs, { conclusion: 'failure' })
  const list = async (query: object) =>
    (await octokit.rest.checks.listForRef({ ...at, ref: 'main', ...query })).data.check_runs.map(
      ({ name, conclusion }) => [name, conclusion],
    )
  expect(await list({})).toEqual([
    ['build', 'failure'],
    ['tutti', 'success'],
  ])
  expect(await list({ check_name: 'tutti' })).toEqual([['tutti', 'success']])
  expect(await list({ app_id: github.app.id })).toEqual([['tutti', 'success']])
  const { data: suites } = await octokit.rest.checks.listSuitesForRef({ ...at, ref: head })
  expect(
    suites.check_suites.map(({ app, status, conclusion, head_branch }) => [app?.slug, status, conclusion, head_branch]),
  ).toEqual([
    ['tutti', 'completed', 'success', 'main'],
    ['github-actions', 'completed', 'failure', 'main'],
  ])
  await github.as('keeper').rerequestCheckRun(repository, run.id)
  await github.until(() => hooks.names().includes('check_run.rerequested'), 'a request to run again')
  expect(hooks.names()).toEqual([
    'check_run.created',
    'check_run.completed',
    'check_suite.completed',
    'check_run.created',
    'check_run.completed',
    'check_suite.completed',
    'check_run.rerequested',
  ])
  const missing = octokit.rest.checks.create({ ...at, name: 'x', head_sha: '0'.repeat(40) })
  expect(await failure(missing)).toMatchObject({ status: 422 })
})

test('statuses add up to one state', async () => {
  const { github, repository, head, hooks, octokit } = await start()
  const state = async () => (await octokit.rest.repos.getCombinedStatusForRef({ ...at, ref: 'heads/main' })).data
  expect(await state()).toMatchObject({ state: 'pending', total_count: 0 })
  await octokit.rest.repos.createCommitStatus({ ...at, sha: head, state: 'pending', context: 'ci' })
  await github.as('keeper').createStatus(repository, { sha: head, state: 'success', context: 'lint' })
  expect(await state()).toMatchObject({ state: 'pending', total_count: 2 })
  await octokit.rest.repos.createCommitStatus({ ...at, sha: head, state: 'success', context: 'ci' })
  expect(await state()).toMatchObject({ state: 'success', total_count: 2, sha: head })
  await octokit.rest.repos.createCommitStatus({ ...at, sha: head, state: 'error', context: 'lint' })
  expect(await state()).toMatchObject({ state: 'failure' })
  await github.until(() => hooks.received.length === 4, 'four statuses')
  expect(hooks.received[1]?.payload).toMatchObject({
    state: 'success',
    context: 'lint',
    sha: head,
    branches: [{ name: 'main' }],
  })
})

test('refs are read, made, moved and deleted', async () => {
  const { repository, head, octokit } = await start()
  expect((await octokit.rest.git.getRef({ ...at, ref: 'heads/main' })).data.object.sha).toBe(head)
  await octokit.rest.git.createRef({ ...at, ref: 'refs/heads/module/one', sha: head })
  expect(await failure(octokit.rest.git.createRef({ ...at, ref: 'refs/heads/module/one', sha: head }))).toMatchObject({
    status: 422,
  })
  expect(await git(repository.path, 'rev-parse', 'refs/heads/module/one')).toBe(head)
  expect((await octokit.rest.repos.getBranch({ ...at, branch: 'module/one' })).data).toMatchObject({
    name: 'module/one',
    protected: false,
    commit: { sha: head },
  })
  expect((await octokit.rest.repos.listBranches(at)).data.map(({ name }) => name)).toEqual(['main', 'module/one'])
  expect((await octokit.rest.git.listMatchingRefs({ ...at, ref: 'heads/module' })).data).toHaveLength(1)
  await octokit.rest.git.deleteRef({ ...at, ref: 'heads/module/one' })
  expect(await failure(octokit.rest.git.getRef({ ...at, ref: 'heads/module/one' }))).toMatchObject({ status: 404 })
  expect(await failure(octokit.rest.git.deleteRef({ ...at, ref: 'heads/module/one' }))).toMatchObject({ status: 422 })
})

test('files and folders are read at any commit', async () => {
  const { github, repository, head, octokit } = await start()
  await github.as('keeper').push(repository, 'main', { 'README.md': '# changed\n' }, 'Change')
  const read = async (path: string, ref?: string) => (await octokit.rest.repos.getContent({ ...at, path, ref })).data
  const text = (data: unknown): string => Buffer.from((data as { content: string }).content, 'base64').toString('utf8')
  expect(text(await read('README.md'))).toBe('# changed\n')
  expect(text(await read('README.md', head))).toBe('# demo\n')
  expect(text(await read('.github/tutti.yml'))).toBe('version: 1\n')
  const names = (data: unknown): string[] =>
    (data as { type: string; path: string }[]).map(({ type, path }) => `${type} ${path}`)
  expect(names(await read(''))).toEqual(['dir .github', 'file README.md', 'file run.sh'])
  expect(names(await read('.github'))).toEqual(['file .github/tutti.yml'])
  expect(await failure(read('nothing.yml'))).toMatchObject({ status: 404 })
  expect(await failure(read('README.md', 'nothing'))).toMatchObject({ status: 404 })
  const { data: commit } = await octokit.rest.repos.getCommit({ ...at, ref: 'main' })
  expect(commit).toMatchObject({ author: { login: 'keeper' }, stats: { total: 2 }, files: [{ filename: 'README.md' }] })
  expect((await octokit.rest.repos.listCommits(at)).data.map(({ commit }) => commit.message)).toEqual([
    'Change',
    'Initial commit',
  ])
})
