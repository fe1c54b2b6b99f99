/** A goal that is too large becomes issues, once, with their links and their order; goals that are said become issues. */

import { expect, test } from 'vitest'
import type { IssueRecord as Issue } from '../../src/playground/github/model.ts'
import { byBot } from '../support/facts.ts'
import { startProcess } from '../support/processes.ts'
import { openWorld, type World } from '../support/world.ts'

const item = (key: string, more: object = {}) => ({
  key,
  title: `Do ${key}`,
  body: ['Do it.', '', '```tutti-script', `write src/${key}.txt: ${key}`, '```'].join('\n'),
  paths: [`src/${key}.txt`],
  effort: 'S',
  ...more,
})

const breakdown = {
  summary: 'A store, and pages on it.',
  features: [
    { title: 'The store', body: 'Keeps notes.', items: [item('table'), item('queries', { dependsOn: ['table'] })] },
    { title: 'The pages', items: [item('page', { dependsOn: ['queries'], module: 'web', effort: 2 })] },
  ],
  risk: 'medium',
  confidence: 0.95,
}

const titled = ({ repository }: World, title: string) =>
  [...repository.issues.values()].filter((issue) => issue.title === title && !issue.pull)

test('a large goal is taken apart: issues once, under it and in order, also over a lost answer and kill -9', async () => {
  const world = await openWorld({ start: false })
  const { github, repository, maintainer } = world
  const tutti = await startProcess(world)
  const goal = await world.queued(
    'Build a notes platform',
    'planning:',
    `  tool submit_breakdown ${JSON.stringify(breakdown)}`,
  )
  await world.untilStatus(goal, 'this becomes several issues')
  const shown = await github.until(
    () => byBot(goal).find((comment) => comment.body.includes('### Breakdown'))?.body,
    'the breakdown',
  )
  for (const words of ['**The store**', '`queries` Do queries', 'after table', 'makes an issue of each line'])
    expect(shown).toContain(words)
  expect(repository.issues.size).toBe(1)

  // The second issue is made, its answer is never heard, and Tutti dies waiting for it.
  const route = 'POST /repos/{owner}/{repo}/issues'
  const lost = github.faults.api({ route, nth: 2, fault: { kind: 'apply-then-hang' } })
  await maintainer.comment(repository, goal.number, '/approve')
  await github.until(() => lost.fired, 'the second issue is made')
  await tutti.kill()
  lost.remove()
  await startProcess(world)

  const one = (title: string) =>
    github.until(() => titled(world, title)[0], `the issue ${title}`, 60_000) as Promise<Issue>
  const [store, table, queries, page] = await Promise.all(['The store', 'Do table', 'Do queries', 'Do page'].map(one))
  await github.until(() => page?.parent === goal && store?.parent === goal && queries?.parent === store, 'the links')
  await github.until(() => queries?.blockedBy[0] === table && page?.blockedBy[0] === queries, 'the order')
  expect(page?.labels.map(({ name }) => name).toSorted()).toEqual(['effort:M', 'module:web', 'tutti'])

  for (const issue of [table, queries, page]) {
    const pull = await world.pullRequestOf(issue as Issue)
    await world.approveAndMerge(pull)
  }
  await github.until(() => goal.state === 'closed' && store?.state === 'closed', 'the goal is reached', 60_000)
  for (const title of ['The store', 'Do table', 'Do queries', 'Do page']) expect(titled(world, title)).toHaveLength(1)
  expect(github.unknown).toEqual([])
})

test('/build makes an issue of a goal and builds it; /orchestrate build shows how first, and asks', async () => {
  const world = await openWorld()
  const { github, repository, maintainer } = world
  const place = await maintainer.createIssue(repository, { title: 'Talk' })
  await maintainer.comment(repository, place.number, '/build "Say hello"')
  const [hello] = await github.until(
    () => titled(world, 'Say hello').length > 0 && titled(world, 'Say hello'),
    'the issue',
  )
  expect(hello?.body).toContain(`Asked for by maintainer in #${place.number}`)
  await world.pullRequestOf(hello as Issue)
  await maintainer.comment(repository, place.number, '/build Say hello')
  await github.until(
    () => byBot(place).some(({ body }) => body.includes(`That goal is #${hello?.number} already`)),
    'reported',
  )

  const bug = await world.issue('Fix the error in the hello page', 'write src/fixed.txt: fixed')
  await maintainer.comment(repository, bug.number, '/orchestrate build')
  const asked = await world.untilStatus(bug, /Shall it be built like this[\s\S]*`\/approve` goes on/)
  for (const words of [
    '**Goal:** Fix the error',
    '**Complexity:** small',
    '`build_only`',
    '(scripted)',
    '85 %',
    '“fix”',
  ])
    expect(asked).toContain(words)
  await maintainer.comment(repository, bug.number, '/approve')
  await world.pullRequestOf(bug)

  await maintainer.comment(repository, place.number, '/orchestrate build "Implement a hello system"')
  const [repo] = await github.until(
    () => titled(world, 'Implement a hello system').length > 0 && titled(world, 'Implement a hello system'),
    'the issue',
  )
  const large = await world.untilStatus(repo as Issue, '`decompose_first`')
  expect(large).toContain('**Complexity:** large')
  await maintainer.comment(repository, repo?.number ?? 0, '/reject')
  await world.untilStatus(repo as Issue, 'Cancelled')
  await maintainer.comment(repository, place.number, '/orchestrate bulid')
  await github.until(() => byBot(place).some(({ body }) => body.includes('must be `build`')), 'reported')
})
