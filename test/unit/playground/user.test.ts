/** The person of the demo: a user of the API like any other, with a personal token. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { signIn } from '../../../src/playground/demo/user.ts'
import { startGitHub } from '../../../src/playground/github/server.ts'

async function open() {
  const directory = await mkdtemp(join(tmpdir(), 'tutti-user-'))
  const github = await startGitHub({ directory })
  onTestFinished(async () => {
    await github.close()
    await rm(directory, { recursive: true, force: true })
  })
  const files = { 'a.txt': 'a\n' }
  const collaborators = { maintainer: 'admin' as const }
  const repository = await github.createRepository({ owner: 'acme', name: 'app', files, collaborators })
  const user = (login: string) =>
    signIn({ apiUrl: github.apiUrl, token: github.as(login).token, repository: 'acme/app' })
  return { github, repository, user }
}

test('writes, labels and comments under their own name, and is not counted as the app', async () => {
  const { github, repository, user } = await open()
  const maintainer = user('maintainer')
  const number = await maintainer.createIssue('Say hello', 'Please.')
  await maintainer.addLabel(number, 'tutti')
  await maintainer.comment(number, '/queue')
  const issue = repository.issues.get(number)
  expect(issue).toMatchObject({ title: 'Say hello', user: { login: 'maintainer' } })
  expect(issue?.labels.map(({ name }) => name)).toEqual(['tutti'])
  expect(issue?.comments.map(({ body, user }) => [body, user.login])).toEqual([['/queue', 'maintainer']])
  expect(github.counts()).toEqual({ reads: 0, writes: 0 })
})

test('reads a pull request once the comment asks for it and its head is checked, and reviews that commit', async () => {
  const { github, repository, user } = await open()
  const maintainer = user('maintainer')
  const robot = github.as('robot')
  const number = await maintainer.createIssue('Say hello', 'Please.')
  const head = await robot.push(repository, 'hello', { 'b.txt': 'b\n' }, 'Say hello')
  const pull = await robot.createPullRequest(repository, { title: 'Hello', head: 'hello', base: 'main' })
  const run = { name: 'Tutti', status: 'completed', conclusion: 'success' } as const
  await robot.createCheckRun(repository, { ...run, head_sha: head })
  const comment = await robot.comment(repository, number, `Review pull request #${pull.number}.`)

  const found = await maintainer.reviewable(number)
  expect(found).toEqual({ number: pull.number, headSha: head })
  await maintainer.review(found, 'REQUEST_CHANGES', 'One more sentence.')
  expect(pull.pull.reviews).toMatchObject([{ state: 'CHANGES_REQUESTED', commitId: head }])

  const again = maintainer.reviewable(number, head)
  const next = await robot.push(repository, 'hello', { 'b.txt': 'b\nb\n' }, 'Say more')
  await robot.editComment(repository, comment.id, `Still: Review pull request #${pull.number}.`)
  await robot.createCheckRun(repository, { ...run, head_sha: next })
  expect(await again).toEqual({ number: pull.number, headSha: next })

  const closed = maintainer.closed(number)
  await robot.closeIssue(repository, number)
  await closed
})

test('someone without access may comment and may not label, as on GitHub', async () => {
  const { user } = await open()
  const number = await user('maintainer').createIssue('Say hello', 'Please.')
  await user('outsider').comment(number, 'Me too.')
  await expect(user('outsider').addLabel(number, 'tutti')).rejects.toMatchObject({ status: 403 })
})
