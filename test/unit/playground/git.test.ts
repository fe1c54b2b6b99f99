/** Real git against the playground: who may read, who may push, and what a push sets off. */
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { NewRepository } from '../../../src/playground/github/acts/repositories.ts'
import type { Permissions } from '../../../src/playground/github/model.ts'
import type { PlaygroundGitHub as GitHub } from '../../../src/playground/github/server.ts'
import { client, failure, git, inbox, installationClient, playground, temporary } from '../../support/playground.ts'

async function start(wish: Partial<NewRepository> = {}) {
  const github = await playground()
  const repository = await github.createRepository({ owner: 'acme', name: 'demo', files: { 'a.txt': 'a\n' }, ...wish })
  return { github, repository, directory: await temporary() }
}

/** The address with a token of the app in it. */
async function address(github: GitHub, permissions?: Permissions): Promise<string> {
  const app = client(github)
  const { data: installation } = await app.rest.apps.getRepoInstallation({ owner: 'acme', repo: 'demo' })
  const { data } = await app.rest.apps.createInstallationAccessToken({ installation_id: installation.id, permissions })
  return withPassword(github, data.token)
}

function withPassword(github: GitHub, password: string): string {
  return `${github.url.replace('//', `//x-access-token:${password}@`)}/acme/demo.git`
}

async function change(directory: string, path: string): Promise<void> {
  await mkdir(join(directory, path, '..'), { recursive: true })
  await writeFile(join(directory, path), 'changed\n')
  await git(directory, 'add', '.')
  await git(directory, 'commit', '--quiet', '-m', `Change ${path}`)
}

test('what is public can be cloned by anybody and pushed by no one', async () => {
  const { github, directory } = await start()
  await git(directory, 'clone', '--quiet', `${github.url}/acme/demo`, 'clone')
  const clone = join(directory, 'clone')
  await change(clone, 'a.txt')
  expect((await failure(git(clone, 'push', 'origin', 'main'))).message).toMatch(
    /could not read Username|Authentication failed/,
  )
  expect((await failure(git(directory, 'clone', `${github.url}/acme/nothing.git`))).message).toMatch(
    /could not read Username/,
  )
  const wrong = await failure(git(clone, 'push', withPassword(github, 'ghs_1_a.b.c'), 'main'))
  expect(wrong.message).toContain('Authentication failed')
})

test('what is private needs a token with the right to read, and a push the right to write', async () => {
  const { github, directory } = await start({ private: true })
  expect((await failure(git(directory, 'clone', `${github.url}/acme/demo.git`))).message).toMatch(
    /could not read Username/,
  )
  const metadata = await failure(git(directory, 'clone', await address(github, { issues: 'write' }), 'none'))
  expect(metadata.message).toContain('403')
  await git(directory, 'clone', '--quiet', await address(github, { contents: 'read' }), 'clone')
  const clone = join(directory, 'clone')
  await change(clone, 'a.txt')
  expect((await failure(git(clone, 'push', 'origin', 'main'))).message).toContain('403')
  await git(clone, 'push', '--quiet', await address(github, { contents: 'write' }), 'main')
  expect(await git(clone, 'ls-remote', 'origin', 'main')).toContain(await git(clone, 'rev-parse', 'HEAD'))
})

test('people push with their own token, as far as their role goes', async () => {
  const { github, repository, directory } = await start({ collaborators: { keeper: 'write', sorter: 'triage' } })
  const hooks = await inbox(github)
  await git(directory, 'clone', '--quiet', withPassword(github, github.as('keeper').token), 'clone')
  const clone = join(directory, 'clone')
  await change(clone, 'a.txt')
  const denied = await failure(git(clone, 'push', withPassword(github, github.as('sorter').token), 'main'))
  expect(denied.message).toContain('403')
  await git(clone, 'push', '--quiet', 'origin', 'main')
  await github.until(() => hooks.received.length === 2, 'the push')
  expect(hooks.received[0]?.payload).toMatchObject({
    ref: 'refs/heads/main',
    forced: false,
    created: false,
    after: repository.refs.get('refs/heads/main'),
    pusher: { name: 'keeper' },
    sender: { login: 'keeper' },
    commits: [{ message: 'Change a.txt', modified: ['a.txt'], added: [], removed: [] }],
    head_commit: { id: repository.refs.get('refs/heads/main') },
  })
})

test('clients that die before their push was read hold no one else up', async () => {
  const { github, directory } = await start({ collaborators: { keeper: 'write' } })
  const { token } = github.as('keeper')
  await git(directory, 'clone', '--quiet', withPassword(github, token), 'clone')
  const clone = join(directory, 'clone')
  await change(clone, 'a.txt')
  const { hostname, port } = new URL(github.url)
  let begun = 0
  const begin = async (bytes: number) => {
    const head = [
      'POST /acme/demo.git/git-receive-pack HTTP/1.1',
      `Host: ${hostname}:${port}`,
      `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`,
      'Content-Type: application/x-git-receive-pack-request',
      `Content-Length: ${bytes}`,
    ]
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    await new Promise<void>((resolve) => socket.write(`${head.join('\r\n')}\r\n\r\n0094`, () => resolve()))
    begun += 1
    const pushes = () => github.gitRequests.filter(({ route }) => route.endsWith('.git/git-receive-pack'))
    await github.until(() => pushes().length === begun, 'it has begun')
    return socket
  }
  const inTheMiddle = await begin(100_000)
  // It has sent everything, and waits for the first.
  const inTheQueue = await begin(4)
  inTheQueue.resetAndDestroy()
  inTheMiddle.resetAndDestroy()
  await git(clone, 'push', '--quiet', 'origin', 'main')
})

test('one push tells every branch and tag it moved', async () => {
  const { github, repository, directory } = await start()
  await git(directory, 'clone', '--quiet', await address(github), 'clone')
  const clone = join(directory, 'clone')
  await git(clone, 'switch', '--quiet', '-c', 'one')
  await change(clone, 'one/b.txt')
  await git(clone, 'branch', 'two')
  await git(clone, 'tag', '-m', 'first', 'v1')
  const hooks = await inbox(github)
  await git(clone, 'push', '--quiet', 'origin', 'one', 'two', 'v1')
  await github.until(() => hooks.received.length === 7, 'seven webhooks')
  const heads = hooks.received.filter(({ event }) => event !== 'check_suite')
  expect(heads.map(({ event, payload }) => `${event} ${payload.ref}`).toSorted()).toEqual(
    [
      'create one',
      'create two',
      'create v1',
      'push refs/heads/one',
      'push refs/heads/two',
      'push refs/tags/v1',
    ].toSorted(),
  )
  expect(hooks.received.every(({ payload }) => payload.sender.login === 'tutti[bot]')).toBe(true)
  await git(clone, 'reset', '--quiet', '--hard', 'origin/main')
  await change(clone, 'c.txt')
  const before = repository.refs.get('refs/heads/one')
  await git(clone, 'push', '--quiet', '--force', 'origin', 'HEAD:one')
  await git(clone, 'push', '--quiet', 'origin', '--delete', 'two')
  await github.until(() => hooks.names().includes('delete'), 'a deleted branch')
  const pushes = hooks.received.filter(({ event }) => event === 'push').slice(3)
  expect(pushes[0]?.payload).toMatchObject({
    ref: 'refs/heads/one',
    before,
    forced: true,
    commits: [{ added: ['c.txt'] }],
  })
})

test('a push moves the open pull request before it is answered', async () => {
  const { github, directory } = await start()
  const octokit = await installationClient(github)
  await git(directory, 'clone', '--quiet', await address(github), 'clone')
  const clone = join(directory, 'clone')
  await git(clone, 'switch', '--quiet', '-c', 'topic')
  await change(clone, 'b.txt')
  await git(clone, 'push', '--quiet', 'origin', 'topic')
  const at = { owner: 'acme', repo: 'demo' }
  const { data } = await octokit.rest.pulls.create({ ...at, head: 'topic', base: 'main', title: 'Topic' })
  await change(clone, 'c.txt')
  await git(clone, 'push', '--quiet', 'origin', 'topic')
  const { data: now } = await octokit.rest.pulls.get({ ...at, pull_number: data.number })
  expect(now).toMatchObject({ head: { sha: await git(clone, 'rev-parse', 'HEAD') }, commits: 2 })
  expect(await git(clone, 'ls-remote', 'origin', `refs/pull/${data.number}/head`)).toContain(now.head.sha)
  expect((await failure(git(clone, 'push', 'origin', `HEAD:refs/pull/${data.number}/head`))).message).toContain(
    'hidden ref',
  )
})

test('protected branches and workflow files are refused to the app', async () => {
  const { github, repository, directory } = await start()
  await github.as('acme').protectBranch(repository, 'main', {})
  await git(directory, 'clone', '--quiet', await address(github), 'clone')
  const clone = join(directory, 'clone')
  await change(clone, 'b.txt')
  expect((await failure(git(clone, 'push', 'origin', 'main'))).message).toContain(
    'GH006: Protected branch update failed',
  )
  await git(clone, 'push', '--quiet', 'origin', 'HEAD:topic')
  await change(clone, '.github/workflows/ci.yml')
  const refused = await failure(git(clone, 'push', 'origin', 'HEAD:topic'))
  expect(refused.message).toContain(
    'refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml`',
  )
  expect(repository.refs.get('refs/heads/topic')).toBe(await git(clone, 'rev-parse', 'HEAD~'))
})

test('a compressed request is understood', async () => {
  const { github, repository } = await start()
  const line = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text
  const body = gzipSync(`${line(`want ${repository.refs.get('refs/heads/main')}\n`)}0000${line('done\n')}`)
  const headers = { 'content-type': 'application/x-git-upload-pack-request', 'content-encoding': 'gzip' }
  const response = await fetch(`${github.url}/acme/demo.git/git-upload-pack`, { method: 'POST', headers, body })
  expect(response.headers.get('content-type')).toBe('application/x-git-upload-pack-result')
  expect(await response.text()).toMatch(/^0008NAK\nPACK/)
})

test('a large push comes in pieces, without a length', async () => {
  const { github, repository, directory } = await start()
  await git(directory, 'clone', '--quiet', await address(github), 'clone')
  const clone = join(directory, 'clone')
  // More than http.postBuffer: git sends a chunked body without length.
  await writeFile(
    join(clone, 'noise'),
    Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7919 + (at % 251) ** 3) % 256)),
  )
  await git(clone, 'add', '.')
  await git(clone, 'commit', '--quiet', '-m', 'noise')
  await git(clone, '-c', 'http.postBuffer=65536', 'push', '--quiet', 'origin', 'HEAD:noise')
  expect(repository.refs.get('refs/heads/noise')).toBe(await git(clone, 'rev-parse', 'HEAD'))
  expect(github.gitRequests.at(-1)).toMatchObject({ route: 'POST /{owner}/{repo}.git/git-receive-pack', status: 200 })
})

test('any local repository can be served; the original is left alone', async () => {
  const { github, directory } = await start()
  await git(directory, 'init', '--quiet', '-b', 'trunk', 'source')
  const source = join(directory, 'source')
  await change(source, 'one.txt')
  await git(source, 'tag', 'v1')
  const head = await git(source, 'rev-parse', 'HEAD')
  const repository = await github.importRepository({ owner: 'acme', name: 'imported', path: source })
  expect(repository).toMatchObject({ defaultBranch: 'trunk' })
  expect([...repository.refs]).toEqual([
    ['refs/heads/trunk', head],
    ['refs/tags/v1', head],
  ])
  await github.as('keeper').push(repository, 'trunk', { 'two.txt': '2\n' }, 'Two')
  expect(await git(source, 'rev-parse', 'HEAD')).toBe(head)
  await expect(github.importRepository({ owner: 'acme', name: 'imported', path: source })).rejects.toThrow('already')
  await expect(github.importRepository({ owner: 'acme', name: 'empty', path: directory })).rejects.toThrow(
    /not.*a git repository|does not exist/,
  )
})

test('faults reach git only when a rule names its route', async () => {
  const { github, repository, directory } = await start()
  github.faults.api({ fault: { kind: 'status', status: 500 } })
  await git(directory, 'clone', '--quiet', withPassword(github, github.as('acme').token), 'clone')
  const clone = join(directory, 'clone')
  await change(clone, 'b.txt')
  const push = 'POST /{owner}/{repo}.git/git-receive-pack'
  const failing = github.faults.api({
    route: 'GET /{owner}/{repo}.git/info/refs',
    fault: { kind: 'status', status: 503 },
  })
  github.faults.clear()
  github.faults.api({ route: 'GET /{owner}/{repo}.git/info/refs', times: 1, fault: { kind: 'status', status: 503 } })
  expect((await failure(git(clone, 'push', 'origin', 'main'))).message).toContain('503')
  expect(failing.fired).toBe(0)
  github.faults.api({ route: push, times: 1, fault: { kind: 'apply-then-drop' } })
  await failure(git(clone, 'push', 'origin', 'main'))
  expect(repository.refs.get('refs/heads/main')).toBe(await git(clone, 'rev-parse', 'HEAD'))
})
