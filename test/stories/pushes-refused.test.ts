/** The git server refuses a push: what the agent can mend goes to the agent, the rest to a person, at once. */

import { expect, test } from 'vitest'
import { branchLog, expectMergedOnce, pullsOf, untilMerged } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

/** The token stands in no text of the issue, which the prompt holds. */
const writeToken = `run printf 'ghp%s' _${'a1B2c3D4e5F6'.repeat(3)} > src/key.txt`
const pushes = (requests: { route: string }[]) =>
  requests.filter(({ route }) => route.startsWith('POST') && route.endsWith('git-receive-pack')).length

test('a secret goes back to the agent with the words of GitHub, and the refused commit is in no history', async () => {
  // The server may know a kind of secret that the gate does not.
  const world = await openWorld({ settings: `${plainSettings}  allowSecrets: ['**']\n` })
  const { github, maintainer, repository } = world
  await maintainer.setPushRules(repository, { secrets: true })
  const issue = await world.queued(
    'Regression after fixes #1 [skip ci]',
    'attempt 1:',
    writeToken,
    'run git add -A && git -c user.name=X -c user.email=x@x.x commit -qm "Mine. Closes #1 [skip ci]"',
    'attempt 2+:',
    'write src/key.txt: none',
    'keep-prompt prompt.txt',
  )
  const pull = await world.pullRequestOf(issue)
  expect(pushes(github.gitRequests)).toBe(2)
  expect(world.status(issue)).toContain('The git server refused the push: it found a secret in the change.')
  const prompt = await world.fileAt(pull.pull.headSha, 'prompt.txt')
  expect(prompt).toContain('Push cannot contain secrets')
  expect(prompt).toContain('path: src/key.txt')

  const log = await branchLog(world, pull)
  expect(log).toHaveLength(1)
  expect(log[0]).toMatchObject({
    author: `tutti[bot] <${pull.user.id}+tutti[bot]@users.noreply.github.com>`,
    subject: 'Regression after fixes issue 1 (skip ci)',
  })
  expect(pull.title).toBe('Regression after fixes issue 1 (skip ci)')
  await untilMerged(world, issue)
  expectMergedOnce(world, issue)
})

test('a name in the way and a rule on signatures are said at once, once, with the setting that helps', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  await maintainer.createBranch(repository, 'module')
  const blocked = await world.queued('Blocked', 'write src/one.txt: one')
  const reported = await world.untilStatus(blocked, '✋ Held: needs a person')
  expect(reported).toContain('a branch `module` is in the way of `module/issue-')
  expect(reported).toContain('`branches.prefix`')
  expect(pullsOf(world, blocked)).toEqual([])
  expect(pushes(github.gitRequests)).toBeLessThanOrEqual(1)

  // The way on that is named works, and the work is kept.
  await maintainer.push(
    repository,
    'main',
    { '.github/tutti.yml': `${plainSettings}branches: { prefix: tutti/ }\n` },
    'Another prefix',
  )
  await maintainer.comment(repository, blocked.number, '/retry')
  expect((await world.pullRequestOf(blocked)).pull.headRef).toBe(`tutti/issue-${blocked.number}`)

  await maintainer.setPushRules(repository, { signatures: true })
  const unsigned = await world.queued('Unsigned', 'write src/two.txt: two')
  const why = await world.untilStatus(unsigned, '✋ Held: needs a person')
  expect(why).toContain('Commits must have verified signatures.')
  expect(why).toContain('`commits: { verified: true }`')
})
