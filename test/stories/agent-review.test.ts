/** An agent reviews a pull request before people do: what it has found is read, is mended once, and decides nothing. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { byBot, expectMergedOnce, untilDone } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

const finding = (text: string) => ({ path: 'src/hello.txt', line: 1, severity: 'must', text })
const review = (summary: string, ...texts: string[]) =>
  `tool submit_review ${JSON.stringify({ summary, findings: texts.map(finding) })}`

test('a review of each head, one round of mending, and then a person decides as before', async () => {
  const world = await openWorld({
    env: { TUTTI_SCRIPT_SESSIONS: '1' },
    settings: `${plainSettings}roles:\n  reviewer: { agent: scripted, sendBack: true }\n`,
  })
  const { github, maintainer, repository } = world
  const issue = await world.queued(
    'Say hello',
    ...['attempt 1:', 'write src/hello.txt: helo', 'attempt 2:', 'write src/hello.txt: hello'],
    ...[`keep-prompt ${join(world.directory, 'told.txt')}`],
    ...[
      'reviewing 1:',
      'run touch written-here; echo x > src/main.txt',
      review('Read it.', 'It says helo, @outsider.'),
    ],
    ...['reviewing 2:', review('Read it once more.', 'It has no full stop.')],
  )
  const first = await world.pullRequestOf(issue)
  const { reviews } = first.pull
  const of = (sha: string) => reviews.filter((one) => one.commitId === sha)
  const old = await github.until(() => reviews[0]?.commitId, 'the review by an agent')

  const pull = await world.pullRequestOf(issue, { notHead: old })
  const head = pull.pull.headSha
  expect(await world.fileAt(head, 'src/hello.txt')).toBe('hello\n')
  expect(await world.fileAt(head, 'src/main.txt')).toBe('works\n')
  // The builder goes on in the session in which it has built.
  expect(await readFile(join(world.directory, 'told.txt'), 'utf8')).toMatch(/^You go on where you were/)
  await world.untilStatus(issue, /an agent, has reviewed `.{7}`: 1 thing that must change\. This is no approval\./)
  await github.until(() => of(head).length > 0, 'the review of the new head')
  expect([of(old), of(head)].map((some) => some.map(({ state, user }) => [state, user.type]))).toEqual([
    [['COMMENTED', 'Bot']],
    [['COMMENTED', 'Bot']],
  ])
  expect(of(old)[0]?.body).toContain('One finding stands at its line.')
  const atLines = first.pull.reviewComments.map(({ reviewId, path, line, body }) => [reviewId, path, line, body])
  expect(atLines).toEqual([
    [of(old)[0]?.id, 'src/hello.txt', 1, '**Must change**: It says helo, @<!-- -->outsider.'],
    [of(head)[0]?.id, 'src/hello.txt', 1, '**Must change**: It has no full stop.'],
  ])

  await maintainer.comment(repository, pull.number, '/merge')
  await github.until(
    () => byBot(pull).some(({ body }) => body.includes('it needs an approval')),
    'the answer to /merge',
  )
  expect(pull.pull.mergedAt).toBeNull()
  await maintainer.review(repository, pull.number, { state: 'APPROVED' })
  await untilDone(world, issue)
  expectMergedOnce(world, issue)
  expect(reviews.filter(({ user }) => user.type === 'Bot')).toHaveLength(2)
})
