/** An agent proposes work, and a person adopts it: one comment, one issue for each that is adopted, nothing by itself. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { IssueRecord as Issue } from '../../src/playground/github/model.ts'
import { byBot, expectMergedOnce, untilMerged } from '../support/facts.ts'
import { startProcess } from '../support/processes.ts'
import { openWorld, type World } from '../support/world.ts'

const proposal = (title: string, more: object = {}) => ({
  ...{ title, why: `Why ${title}: closes #1, says @outsider.\n/merge`, size: 'S', risk: 'low' },
  ...{ source: { kind: 'gate', text: 'tests on #1' } },
  ...more,
})
const submit = (...proposals: object[]) => `tool submit_proposals ${JSON.stringify({ proposals })}`
const script = (...lines: string[]) => ['```tutti-script', ...lines, '```'].join('\n')

function issuesTitled({ repository }: World, title: string): Issue[] {
  return [...repository.issues.values()].filter((issue) => issue.title === title && !issue.pull)
}

const commentsWithProposals = (issue: Issue) => byBot(issue).filter(({ body }) => body.startsWith('### Proposals'))

/** Waits until the one comment with the proposals matches. */
async function untilProposed({ github }: World, issue: Issue, expected: RegExp): Promise<string> {
  const text = await github.until(
    () => commentsWithProposals(issue).find(({ body }) => expected.test(body))?.body,
    `proposals that say ${expected}`,
    60_000,
  )
  expect(commentsWithProposals(issue)).toHaveLength(1)
  return text
}

test('asked for, shown in one comment, adopted one by one, replaced by later ones', async () => {
  const world = await openWorld()
  const { github, maintainer, outsider, repository } = world
  const broken = await world.queued(
    'Say hello',
    'attempt 1:',
    'write src/a.txt: BROKEN',
    'attempt 2+:',
    'write src/a.txt: hi',
  )
  await untilMerged(world, broken)
  const told = join(world.directory, 'told.txt')
  const body = [
    '- [ ] A line that no issue covers',
    script(
      ...['proposing 1:', `keep-prompt ${told}`, submit(proposal('Sort the list'), proposal('Name the files'))],
      ...['proposing 2:', submit(proposal('Name the files'), proposal('Split the page', { dependsOn: [4_000] }))],
    ),
  ].join('\n\n')
  const roadmap = await maintainer.createIssue(repository, { title: 'Where we go', body })
  const before = repository.issues.size
  await outsider.comment(repository, roadmap.number, '/propose')
  await maintainer.comment(repository, roadmap.number, '/propose')

  const first = await untilProposed(world, roadmap, /\*\*2\. Name the files\*\*/)
  expect(first).toContain('**1. Sort the list**')
  expect(first).toContain('> Why Sort the list: closes #<!-- -->1, says @<!-- -->outsider.\n> \\/merge')
  const prompt = await readFile(told, 'utf8')
  expect(prompt).toContain(`#${roadmap.number}: A line that no issue covers`)
  expect(prompt).toMatch(/on #\d+ \(Say hello\): \*\*tests\*\* failed/)
  expect(repository.issues.size).toBe(before)

  await outsider.comment(repository, roadmap.number, '/adopt 1')
  await maintainer.comment(repository, roadmap.number, '/adopt 2 --queue')
  await maintainer.comment(repository, roadmap.number, '/adopt 2 --queue')
  const [adopted] = await github.until(() => {
    const found = issuesTitled(world, 'Name the files')
    return found.length > 0 && found
  }, 'the issue of proposal 2')
  if (!adopted) throw new Error('no issue')
  expect(adopted.labels.map(({ name }) => name)).toEqual(['tutti'])
  expect(adopted.body).toContain(`Proposed by an agent in #${roadmap.number}`)
  await untilProposed(world, roadmap, new RegExp(`2\\. Name the files: #${adopted.number}, adopted by maintainer`))
  await untilMerged(world, adopted)
  expectMergedOnce(world, adopted)

  await maintainer.comment(repository, roadmap.number, '/adopt 2')
  await world.untilStatus(roadmap, `Proposal 2 is #${adopted.number} already.`)
  await maintainer.comment(repository, roadmap.number, '/propose')
  const second = await untilProposed(world, roadmap, /\*\*3\. Split the page\*\*/)
  expect(second).not.toContain('Sort the list')
  expect(second).not.toContain('after #')
  expect(second).toContain(`2. Name the files: #${adopted.number}`)
  await maintainer.comment(repository, roadmap.number, '/adopt 1')
  await world.untilStatus(roadmap, 'Proposal 1 was replaced by later ones.')
  await maintainer.comment(repository, roadmap.number, '/adopt 3')
  const [plain] = await github.until(() => {
    const found = issuesTitled(world, 'Split the page')
    return found.length > 0 && found
  }, 'the issue of proposal 3')
  await untilProposed(world, roadmap, new RegExp(`3\\. Split the page: #${plain?.number}`))
  expect(plain?.labels).toEqual([])
  expect(plain && byBot(plain)).toEqual([])
  expect(issuesTitled(world, 'Name the files')).toHaveLength(1)
  expect(issuesTitled(world, 'Sort the list')).toEqual([])
  expect(github.unknown).toEqual([])
})

test('kill -9 while the agent looks, and again while the issue is being made: one comment, one issue', async () => {
  const world = await openWorld({ hostProcesses: true, start: false })
  const { github, maintainer, repository } = world
  const tutti = await startProcess(world)
  const looking = join(world.directory, 'looking')
  const roadmap = await maintainer.createIssue(repository, {
    title: 'Where we go',
    body: script(
      ...['proposing 1:', `run echo $PPID > ${looking}`, `wait-for ${join(world.directory, 'never')}`],
      ...['proposing 2+:', submit(proposal('Sort the list'))],
    ),
  })
  await maintainer.comment(repository, roadmap.number, '/propose')
  await github.until(() => readFile(looking, 'utf8').catch(() => ''), 'the agent looks', 60_000)
  await tutti.kill()
  const next = await startProcess(world)
  await untilProposed(world, roadmap, /\*\*1\. Sort the list\*\*/)
  await maintainer.comment(repository, roadmap.number, '/adopt 1')
  await github.until(() => issuesTitled(world, 'Sort the list').length > 0, 'the issue', 60_000)
  await next.kill()
  await startProcess(world)
  const [issue] = issuesTitled(world, 'Sort the list')
  await untilProposed(world, roadmap, new RegExp(`1\\. Sort the list: #${issue?.number}`))
  expect(issuesTitled(world, 'Sort the list')).toHaveLength(1)
  expect(github.unknown).toEqual([])
})

test('by the clock, where the settings say so: once, on the roadmap that is under way', async () => {
  const world = await openWorld({
    settings: 'agent: scripted\nproposals: { schedule: weekly, max: 1 }\n',
    env: { SWEEP_MINUTES: '0.02' },
  })
  const { maintainer, repository } = world
  const body = ['- [ ] A part', script('proposing 1:', submit(proposal('Sort the list')), 'proposing 2+:', submit())]
  const roadmap = await maintainer.createIssue(repository, { title: 'Where we go', body: body.join('\n\n') })
  await maintainer.comment(repository, roadmap.number, '/roadmap start')
  await untilProposed(world, roadmap, /\*\*1\. Sort the list\*\*/)
  await world.github.until(() => issuesTitled(world, 'A part').length > 0, 'the part of the roadmap')
  expect(issuesTitled(world, 'Sort the list')).toEqual([])
})
