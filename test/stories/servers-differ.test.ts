/** Servers that speak GitHub's API without all of it: the journey ends in a merge, and the log says once what is missing. */

import { expect, test } from 'vitest'
import { byBot, pullsOf, untilDone } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

const without: [string, string[]][] = [
  ['reactions', ['* /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions*']],
  ['the list of webhook deliveries', ['* /app/hook/deliveries*']],
  ['issue dependencies', ['* /repos/{owner}/{repo}/issues/{issue_number}/dependencies/*']],
  ['check runs', ['* /repos/{owner}/{repo}/check-runs*', '* /repos/{owner}/{repo}/commits/{ref}/check-runs']],
]

test('reactions, deliveries, dependencies and check runs all answer 404', async () => {
  const missing = without.flatMap(([, routes]) => routes)
  missing.push('* /repos/{owner}/{repo}/issues/{issue_number}/sub_issues*')
  const world = await openWorld({ github: { missing } })
  const { github, repository, maintainer } = world
  const first = await world.queued('Say hello', 'write src/hello.txt: hello')
  const second = await maintainer.createIssue(repository, {
    title: 'Say more',
    body: `Depends on #${first.number}\n\n\`\`\`tutti-script\nwrite src/more.txt: more\n\`\`\``,
  })
  await maintainer.comment(repository, second.number, '/queue')
  for (const issue of [first, second]) {
    const pull = await world.pullRequestOf(issue)
    await world.approveAndMerge(pull)
    await untilDone(world, issue)
    expect(byBot(issue)).toHaveLength(1)
    expect(pullsOf(world, issue)).toHaveLength(1)
  }
  const reported = (feature: string) => world.logged.filter((line) => line.feature === feature)
  for (const [feature] of without) expect(reported(feature), feature).toHaveLength(1)
  expect(reported('check runs')[0]?.msg).toBe('this server does not offer check runs; Tutti goes on without')
  expect(github.unknown).toEqual([])
})
