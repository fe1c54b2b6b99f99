/** A roadmap over several repositories: where the app is, where the asker may write, and where neither is so. */

import { expect, test } from 'vitest'
import type { IssueRecord as Issue, RepositoryRecord as Repository } from '../../src/playground/github/model.ts'
import { byBot } from '../support/facts.ts'
import { openWorld, plainSettings, type World } from '../support/world.ts'

const script = (...lines: string[]) => ['```tutti-script', ...lines, '```'].join('\n')
const settings = { 'README.md': '# It\n', '.github/tutti.yml': plainSettings }

function untilPull(world: World, repository: Repository, issue: Issue): Promise<Issue> {
  const isOurs = (one: Issue) => one.pull !== undefined && (one.body ?? '').includes(`Closes #${issue.number}\n`)
  return world.github.until(() => [...repository.issues.values()].find(isOurs), `the pull of #${issue.number}`, 60_000)
}

test('parts elsewhere are queued where the app is and the asker may write; edges across repositories hold', async () => {
  const world = await openWorld({ collaborators: { planner: 'write' } })
  const { github, maintainer, repository } = world
  const planner = github.as('planner')
  const make = (name: string, collaborators: Record<string, 'admin' | 'write' | 'read'>, more = {}) =>
    github.createRepository({
      owner: 'acme',
      name,
      files: settings,
      collaborators: { maintainer: 'admin', ...collaborators },
      ...more,
    })
  const library = await make('library', { planner: 'write' })
  const guarded = await make('guarded', { planner: 'read' })
  const foreign = await make('foreign', { planner: 'write' })
  await maintainer.removeFromInstallation(foreign)
  const [here, there, secret, outside, waiting] = [
    await maintainer.createIssue(repository, { title: 'Here', body: script('write src/here.txt: here') }),
    await maintainer.createIssue(library, { title: 'There', body: script('write src/there.txt: there') }),
    await maintainer.createIssue(guarded, { title: 'Secret', body: script('write src/secret.txt: secret') }),
    await maintainer.createIssue(foreign, { title: 'Outside' }),
    await maintainer.createIssue(repository, { title: 'Waiting', body: script('write src/waiting.txt: waiting') }),
  ]
  const body = [
    `- [ ] #${here.number} (depends on: acme/library#${there.number})`,
    `- [ ] acme/guarded#${secret.number}`,
    `- [ ] https://github.example/acme/foreign/issues/${outside.number}`,
    '- [ ] #9999',
  ].join('\n')
  const roadmap = await planner.createIssue(repository, { title: 'All of it', body })
  await planner.addSubIssue(repository, roadmap.number, there.number, library)
  await maintainer.addBlockedBy(repository, waiting.number, there.number, library)
  await maintainer.addLabels(repository, waiting.number, ['tutti'])
  await planner.addLabels(repository, roadmap.number, ['roadmap'])

  const reported = await world.untilStatus(roadmap, 'planner may not write to acme/guarded')
  expect(reported).toContain(`acme/guarded#${secret.number}`)
  expect(reported).toMatch(
    /installed where these are[^\n]*acme\/foreign#1|cannot be seen from here: [^\n]*acme\/foreign#1/,
  )
  expect(reported).toContain('#9999')
  const pull = await untilPull(world, library, there)
  await world.untilStatus(waiting, `it depends on acme/library#${there.number}`)
  expect([...repository.issues.values()].some((one) => one.pull)).toBe(false)
  await maintainer.review(library, pull.number, { state: 'APPROVED' })
  await maintainer.comment(library, pull.number, '/merge')
  await untilPull(world, repository, here)
  await untilPull(world, repository, waiting)
  expect([...guarded.issues.values()].some((one) => one.pull)).toBe(false)
  expect(byBot(secret)).toEqual([])
  expect(roadmap.state).toBe('open')

  // A link across repositories that is added and taken away while its issue waits.
  const late = await maintainer.createIssue(repository, { title: 'Late', body: script('write src/late.txt: late') })
  const blocker = await maintainer.createIssue(library, { title: 'Blocker' })
  await maintainer.addBlockedBy(repository, late.number, blocker.number, library)
  await maintainer.addLabels(repository, late.number, ['tutti'])
  await world.untilStatus(late, `it depends on acme/library#${blocker.number}, which is open`)
  await maintainer.removeBlockedBy(repository, late.number, blocker.number, library)
  await untilPull(world, repository, late)
  expect(github.unknown).toEqual([])
})
