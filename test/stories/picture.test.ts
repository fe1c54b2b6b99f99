/** The roadmap issue carries one picture of its work, edited in place as the work goes on. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { IssueRecord as Issue } from '../../src/playground/github/model.ts'
import { begun, byBot, untilMerged } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

const settings = `${plainSettings}modules:
  auth: { paths: [src/auth/] }
limits: { agents: 2, idleMinutes: 2 }
`.replace('limits:\n  idleMinutes: 0.2\n', '')

test('graph, progress, next, conflicts and who waits for people, in one comment with few edits', async () => {
  const world = await openWorld({ settings })
  const { github, maintainer, repository } = world
  const gate = join(world.directory, 'gate')
  const part = async (title: string, labels: string[], lines: string[], script: string[]): Promise<Issue> => {
    const body = [...lines, '', '```tutti-script', ...script, '```'].join('\n')
    const issue = await maintainer.createIssue(repository, { title, body })
    if (labels.length > 0) await maintainer.addLabels(repository, issue.number, labels)
    return issue
  }
  const model = await part('Data "model" @everyone', [], [], ['write src/model.txt: model'])
  const login = await part('Login', ['module:auth'], [], ['write src/auth/login.txt: x', `wait-for ${gate}`])
  const logout = await part('Logout', ['module:auth'], [], ['write src/auth/logout.txt: x'])
  const report = await part('Report', [], [`Depends on #${model.number}`], ['write src/report.txt: x'])
  const body = [model, login, logout, report].map(({ number }) => `- [ ] #${number}`).join('\n')
  const roadmap = await maintainer.createIssue(repository, { title: 'Roadmap', body })
  // Of two that touch the same files, whichever is looked at first is started.
  await maintainer.addLabels(repository, login.number, ['tutti'])
  await begun(world, login)
  await maintainer.addLabels(repository, roadmap.number, ['roadmap'])

  const first = await world.untilStatus(roadmap, /Next[\s\S]*1\. #3 Logout \(leverage [\d.]+\): #2 is being worked on/)
  expect(first).toContain('0 of 4 done')
  expect(first).toMatch(/```mermaid\ngraph TD\n {2}n0\["[^"]*#35;1 Data #34;model#34; #64;everyone"\]/)
  expect(first).toMatch(/n0 --> n3\n/)
  expect(first).toMatch(/class n0,n3 critical/)
  expect(first).toContain('- #4 waits for #1')
  // More where it was seen already what the agent changes there.
  expect(first).toContain('| #2 | #3 | `src/auth/`')

  await untilMerged(world, model)
  const half = await world.untilStatus(roadmap, /1 of 4 done[\s\S]*- #4: review #\d+/)
  expect(half).toMatch(/n0\["#10003; #35;1 [^\n]*:::done\n/)
  writeFileSync(gate, '')
  for (const issue of [report, login, logout]) await untilMerged(world, issue)
  await github.until(() => roadmap.state === 'closed', 'the roadmap is closed', 60_000)
  const end = await world.untilStatus(roadmap, '4 of 4')
  expect(end).not.toContain('**Next**')
  expect(end).toContain('▰▰▰▰▰ Done')
  const [picture, ...others] = byBot(roadmap)
  // Once it is finished, a report follows.
  expect(others.filter(({ body }) => !body.includes('Orchestration report'))).toEqual([])
  const edits = github.calls.filter(({ method, path }) => method === 'PATCH' && path.endsWith(`/${picture?.id}`))
  expect(edits.length).toBeLessThanOrEqual(10)
})
