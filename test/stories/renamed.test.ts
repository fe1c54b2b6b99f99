/** Names that change hands: a repository, and its default branch. Folders and branches are followed by what stays. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { begun, expectMergedOnce, untilDone } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

test('renamed between two attempts, with another repository under the old name; then the default branch too', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const go = join(world.directory, 'go')
  const issue = await world.queued(
    'Say hello',
    'attempt 1:',
    '  write src/hello.txt: half',
    `  wait-for ${go}`,
    '  crash',
    'attempt 2+:',
    '  append src/hello.txt: whole',
  )
  await begun(world, issue)
  await maintainer.renameRepository(repository, 'tool')
  const files = { 'src/main.txt': 'works\n', '.github/tutti.yml': plainSettings }
  const other = await github.createRepository({
    owner: 'acme',
    name: 'app',
    files,
    collaborators: { maintainer: 'admin' },
  })
  await maintainer.install(other)
  writeFileSync(go, '')
  const pull = await world.pullRequestOf(issue)
  expect(await world.fileAt(pull.pull.headSha, 'src/hello.txt')).toBe('half\nwhole\n')
  expect(world.status(issue)).toContain('crashed')

  // The same number in the other repository: the same module, the same name of a folder.
  const body = ['```tutti-script', 'write src/other.txt: other', '```'].join('\n')
  const twin = await maintainer.createIssue(other, { title: 'Say more', body })
  expect(twin.number).toBe(issue.number)
  await maintainer.addLabels(other, twin.number, ['tutti'])
  await world.untilStatus(twin, /Review pull request #\d+/)

  await maintainer.renameDefaultBranch(repository, 'trunk')
  await world.untilStatus(issue, 'trunk')
  expect(world.status(issue)).not.toContain('Held')
  const next = await world.queued('Say goodbye', 'write src/bye.txt: bye')
  expect((await world.pullRequestOf(next)).pull.baseRef).toBe('trunk')
  await world.approveAndMerge(pull)
  await untilDone(world, issue)
  expectMergedOnce(world, issue)
  expect(await world.fileAt('trunk', 'src/hello.txt')).toBe('half\nwhole\n')
  expect(world.github.unknown).toEqual([])
})
