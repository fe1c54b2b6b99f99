/** A file becomes a roadmap; commands shape the graph; a roadmap that is given up lets go of what no one began. */

import { expect, test } from 'vitest'
import type { IssueRecord as Issue } from '../../src/playground/github/model.ts'
import { byBot, pullsOf, untilMerged } from '../support/facts.ts'
import { openWorld, plainSettings, type World } from '../support/world.ts'

const file = [
  '# Plan',
  '',
  '## Login',
  '- [ ] Add a form [effort:S] [module:auth]',
  '- [ ] Add sessions (depends on: "Add a form") [priority:1]',
  '- [x] Choose a library',
  '- [y] Not understood',
  '## Later',
  '- [ ] Rewrite (depends on: "Rewrite it again")',
  '- [ ] Rewrite it again (depends on: "Rewrite")',
].join('\n')

const issuesOf = ({ repository }: World) => [...repository.issues.values()].filter((issue) => !issue.pull)

async function titled(world: World, title: string): Promise<Issue> {
  return world.github.until(() => issuesOf(world).find((issue) => issue.title === title), `“${title}”`, 60_000)
}

test('ROADMAP.md is imported once, whatever is said again; lines that are wrong are named', async () => {
  const world = await openWorld({ files: { 'ROADMAP.md': file } })
  const { github, maintainer, outsider, repository } = world
  const roadmap = await maintainer.createIssue(repository, { title: 'What is next', body: 'See the file.' })
  await maintainer.comment(repository, roadmap.number, '/roadmap')
  await github.until(
    () => byBot(roadmap).some(({ body }) => body.includes('There is no roadmap here')),
    'how one looks',
  )
  await outsider.comment(repository, roadmap.number, '/roadmap import')
  await maintainer.comment(repository, roadmap.number, '/roadmap import')

  const form = await titled(world, 'Add a form')
  const sessions = await titled(world, 'Add sessions')
  await world.untilStatus(
    roadmap,
    '`ROADMAP.md` was read: 2 new, 0 known, 1 checked off, 2 in a circle, 1 line not understood',
  )
  expect(form.labels.map((label) => label.name)).toEqual(['effort:S', 'module:auth'])
  expect(sessions.body).toContain(`Depends on #${form.number}`)
  expect(form.body).toContain(`Part of #${roadmap.number} (\`ROADMAP.md\`, Plan › Login).`)
  await world.untilStatus(roadmap, '`ROADMAP.md`, line 7: a checkbox is written `- [ ] text`.')
  const reported = await world.untilStatus(roadmap, 'wait for each other in a circle')
  expect(reported).toContain('“Rewrite” → “Rewrite it again” → “Rewrite”')

  const count = issuesOf(world).length
  await maintainer.comment(repository, roadmap.number, '/roadmap import')
  await world.untilStatus(roadmap, '0 new, 2 known')
  const second = await maintainer.createIssue(repository, { title: 'The same again' })
  await maintainer.comment(repository, second.number, '/roadmap import')
  await world.untilStatus(second, /was read: 0 new, 2 known/)
  expect(issuesOf(world)).toHaveLength(count + 1)
  expect(issuesOf(world).some((issue) => issue.title === 'Rewrite')).toBe(false)
  for (const issue of [form, sessions]) await untilMerged(world, issue)
  // What is left waits for a person, so the roadmap does too.
  await maintainer.comment(repository, roadmap.number, '/roadmap')
  await world.untilStatus(roadmap, '2 parts: 2 done. 2 more lines are not an issue yet.')
  expect(roadmap.state).toBe('open')
  expect(github.unknown).toEqual([])
})

test('commands: what waits for what, circles refused, priority and effort, skipped, blocked, assigned', async () => {
  const settings = plainSettings.replace('0.2', '20')
  const world = await openWorld({ settings, env: { MAX_AGENTS: '1' } })
  const { github, maintainer, repository } = world
  const say = (issue: Issue, text: string) => maintainer.comment(repository, issue.number, text)
  const first = await world.queued('First', 'hang')
  await world.untilStatus(first, 'An agent is working')
  const [one, two, three, four] = [
    await world.queued('One', 'write src/one.txt: one'),
    await world.queued('Two', 'write src/two.txt: two'),
    await world.issue('Three', 'write src/three.txt: three'),
    await world.issue('Four'),
  ]
  await maintainer.push(repository, 'hand', { 'hand.txt': 'x' }, 'By hand')
  const wanted = { title: 'By hand', head: 'hand', base: repository.defaultBranch }
  const pull = await maintainer.createPullRequest(repository, wanted)
  await say(one, `/depends #${two.number}`)
  await world.untilStatus(one, `It waits for #${two.number} from now on`)
  await github.until(() => one.blockedBy.includes(two), 'the native link')
  await say(two, `/depends #${one.number}`)
  await world.untilStatus(
    two,
    `circle: #${two.number} waits for #${one.number}, #${one.number} waits for #${two.number}`,
  )
  await say(two, `/depends #${two.number}`)
  await world.untilStatus(two, 'cannot wait for itself')
  await say(two, `/depends #${pull.number}`)
  await world.untilStatus(two, 'is a pull request')
  await say(two, '/depends nobody/nothing#7')
  await world.untilStatus(two, 'nobody/nothing#7 does not exist, or cannot be seen from here')
  await maintainer.closeIssue(repository, four.number)
  await say(two, `/depends #${four.number}`)
  await world.untilStatus(two, 'closed already')

  await say(two, '/priority 0')
  await world.untilStatus(two, 'priority is 0 now')
  await say(two, '/effort s')
  const labels = () => two.labels.map(({ name }) => name).sort()
  await github.until(() => labels().join() === 'effort:S,priority:0,tutti', 'the labels')
  await say(three, `/assign #${one.number} #${three.number} #${four.number} --priority 1`)
  const answer = () => byBot(three).findLast(({ body }) => body.includes('Assigned:'))?.body ?? ''
  await github.until(() => answer(), 'what was assigned')
  expect(answer()).toContain(`Assigned: #${three.number}.`)
  expect(answer()).toContain(`#${one.number}: it waits for #${two.number}`)
  expect(answer()).toContain(`#${four.number}: it is closed`)
  await say(three, `/assign #${four.number}`)
  await world.untilStatus(three, 'None of them can begin')

  await say(three, '/block the key is not there yet')
  await world.untilStatus(three, 'the key is not there yet')
  await say(two, '/skip we do without')
  await world.untilStatus(two, 'we do without')
  await say(first, '/stop')
  await world.pullRequestOf(one)
  expect([two, three].flatMap((issue) => pullsOf(world, issue))).toEqual([])
  await say(three, '/resume')
  await world.pullRequestOf(three)
  await say(one, `/depends --remove #${two.number}`)
  await github.until(() => one.blockedBy.length === 0, 'the native link is gone')
  expect(github.unknown).toEqual([])
})
