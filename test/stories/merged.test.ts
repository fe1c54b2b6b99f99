/** A labelled issue becomes a reviewed, merged pull request. */

import { expect, onTestFinished, test } from 'vitest'
import { byBot } from '../support/facts.ts'
import { openTraceCollector, spanTree } from '../support/trace-collector.ts'
import { openWorld } from '../support/world.ts'

test('label, review, /merge: a comment on each side, one pull request, one trace, few API calls', async () => {
  const collector = await openTraceCollector(() => world.github.changed.dispatchEvent(new Event('change')))
  onTestFinished(() => collector.close())
  const world = await openWorld({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } })
  const { github, repository, maintainer } = world
  const issue = await world.issue('Say hello', 'write src/hello.txt: hello', 'say Added the greeting.')
  // What is asked once at every start is not part of the journey.
  const lists = () => github.calls.filter((call) => call.route === 'GET /repos/{owner}/{repo}/issues')
  // Once for each of the two labels that queue.
  const looked = () => lists().filter((call) => call.status === 200).length >= 2
  await github.until(looked, 'Tutti has looked for what it missed')
  const before = github.counts()

  await maintainer.addLabels(repository, issue.number, ['tutti'])
  const pull = await world.pullRequestOf(issue)
  expect(pull.title).toBe('Say hello')
  expect(pull.body).toContain('Added the greeting.')
  expect(pull.pull.headRef).toBe(`module/issue-${issue.number}`)

  await world.approveAndMerge(pull)
  await world.untilStatus(issue, '▰▰▰▰▰ Done')
  await github.until(() => !repository.refs.has(`refs/heads/${pull.pull.headRef}`), 'the branch is gone')

  expect(issue.state).toBe('closed')
  expect(issue.comments.filter((comment) => comment.user.type === 'Bot')).toHaveLength(1)
  await github.until(() => byBot(pull).length > 0, 'the answer to /merge, where it was given')
  expect(byBot(pull).map(({ body }) => body.split('\n', 1)[0])).toEqual(['### Done'])
  const after = github.counts()
  // On a slow machine a comment is edited more often, since the item is longer in each state; `bench -- calls` counts those too.
  const edits = github.calls.filter(({ route }) => route === 'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}')
  expect(after.writes - before.writes - edits.length).toBeLessThanOrEqual(6)
  expect(after.reads - before.reads).toBeLessThanOrEqual(7)
  expect(github.unknown).toEqual([])

  const traced = await github.until(() => collector.received[0], 'the journey is sent to the collector')
  const spans = spanTree(traced.spans)
  const top = `acme/app#${issue.number}`
  expect(spans.filter((one) => one.startsWith(' > '))).toEqual([` > ${top}`])
  const parts = [`${top} > webhook issues.labeled`, 'running > build attempt 1', 'checking > gate command']
  expect(spans, spans.join('\n')).toEqual(expect.arrayContaining([...parts, 'merging > GitHub merge']))
})
