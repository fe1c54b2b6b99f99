/** `commits: { verified, signoff }`: GitHub makes and signs the commits, with exactly the judged tree. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { branchLog, expectMergedOnce, untilMerged } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

test('modes, links, binaries, deletions and renames arrive in one verified commit, and another on top of it', async () => {
  const world = await openWorld({
    settings: `${plainSettings}commits: { verified: true, signoff: true }\n`,
    files: { 'src/old.txt': 'kept as it is\n', 'src/gone.txt': 'gone\n', '.gitignore': 'dist/\n' },
  })
  const { github, maintainer, repository } = world
  await maintainer.setPushRules(repository, { signatures: true })
  const issue = await world.queued(
    'Everything at once',
    'attempt 1:',
    'write bin/run: #!/bin/sh',
    'run chmod +x bin/run && mkdir dist && echo x > dist/app.js',
    'run mv src/old.txt src/new.txt && rm src/gone.txt && ln -s new.txt src/link',
    "run printf '\\000\\377\\001' > src/data.bin && head -c 100000 /dev/zero | tr '\\0' 'a' > src/large.txt",
    'attempt 2+:',
    'write src/second.txt: asked for',
  )
  const pull = await world.pullRequestOf(issue)
  const head = pull.pull.headSha
  expect(repository.signed.has(head)).toBe(true)
  expect(pull.body).toContain('Not in this pull request because `.gitignore` hides them: `dist/`.')
  const [commit, ...others] = await branchLog(world, pull)
  expect(others).toEqual([])
  expect(commit).toMatchObject({ author: `tutti[bot] <${pull.user.id}+tutti[bot]@users.noreply.github.com>` })
  expect(commit?.body).toContain(`Signed-off-by: tutti[bot] <${pull.user.id}+tutti[bot]@users.noreply.github.com>`)
  const { stdout } = await promisify(execFile)('git', ['-C', repository.path, 'ls-tree', '-r', head])
  const modes = Object.fromEntries(stdout.split('\n').map((line) => [line.split('\t')[1], line.split(' ')[0]]))
  expect(modes).toMatchObject({ 'bin/run': '100755', 'src/link': '120000', 'src/data.bin': '100644' })
  expect(modes).toHaveProperty(['src/new.txt'])
  for (const path of ['src/old.txt', 'src/gone.txt', 'dist/app.js']) expect(modes).not.toHaveProperty([path])

  await maintainer.review(repository, pull.number, { state: 'CHANGES_REQUESTED', body: 'One more file, please.' })
  const again = await world.pullRequestOf(issue, { notHead: head })
  expect(repository.signed.has(again.pull.headSha)).toBe(true)
  expect(await branchLog(world, again)).toHaveLength(2)
  await untilMerged(world, issue)
  expectMergedOnce(world, issue)
  expect(
    github.gitRequests.filter(({ route }) => route.startsWith('POST') && route.endsWith('receive-pack')).length,
  ).toBe(1)
})

test('only ignored files: the outcome names them', async () => {
  const world = await openWorld({
    settings: plainSettings.replace('limits:', 'limits:\n  retries: 0'),
    files: { '.gitignore': 'dist/\n*.secret\n' },
  })
  const issue = await world.queued('Hidden', 'write dist/app.js: x', 'write key.secret: x')
  const reported = await world.untilStatus(issue, '✋ Held: needs a person')
  expect(reported).toContain('`.gitignore` hides `dist/`, `key.secret`')
})
