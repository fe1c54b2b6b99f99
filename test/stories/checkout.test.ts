/** A person takes work over in a clone of their own, and gives it back. */

import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { expectMergedOnce } from '../support/facts.ts'
import { openWorld, plainSettings, type World } from '../support/world.ts'

const program = fileURLToPath(new URL('../../src/tutti.js', import.meta.url))

/** Runs `tutti …` in a folder. @returns its exit code, and all that it said. */
async function tutti({ env: { PATH, DATA_DIR = '' } }: World, folder: string, ...args: string[]) {
  const env = { PATH, DATA_DIR, NODE_NO_WARNINGS: '1' }
  const ended = await promisify(execFile)(process.execPath, [program, ...args], { env, cwd: folder }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
  return { code: ended.code, said: ended.stdout + ended.stderr }
}

async function git(folder: string, ...args: string[]): Promise<string> {
  const identity = ['-c', 'user.name=maintainer', '-c', 'user.email=maintainer@localhost']
  return (await promisify(execFile)('git', [...identity, ...args], { cwd: folder })).stdout.trim()
}

test('the branch is checked out while no agent works on it; what is pushed is judged, reviewed and merged', async () => {
  const settings = plainSettings.replace('idleMinutes: 0.2', 'idleMinutes: 10')
  const world = await openWorld({ settings })
  const { github, maintainer } = world
  const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
  const { headSha } = (await world.pullRequestOf(issue)).pull
  const early = await world.queued('Say bye', 'wait-for never')
  await world.untilStatus(early, /is working|Working/i)

  const url = new URL('acme/app.git', github.url)
  Object.assign(url, { username: 'x-access-token', password: maintainer.token })
  const clone = join(world.directory, 'clone')
  await git(world.directory, 'clone', '-q', url.href, clone)
  const other = join(world.directory, 'other')
  await mkdir(other)
  expect(await tutti(world, other, 'checkout', 'acme/app#1')).toMatchObject({ code: 2, said: /no clone of a git/ })
  expect(await tutti(world, clone, 'checkout', 'acme/other#1')).toMatchObject({ code: 2, said: /no remote of this/ })
  expect(await tutti(world, clone, 'checkout', `acme/app#${early.number}`)).toMatchObject({
    code: 3,
    said: expect.stringContaining('Nothing of it is on GitHub yet'),
  })
  expect(world.status(issue)).not.toMatch(/paused/i)
  expect(world.status(early)).not.toMatch(/paused/i)

  const taken = await tutti(world, clone, 'checkout', 'acme/app#1')
  expect(taken).toEqual({ code: 0, said: expect.stringContaining('On module/issue-1 now.') })
  await world.untilStatus(issue, /paused/i)
  expect(await git(clone, 'rev-parse', 'HEAD')).toBe(headSha)
  // A second time nothing is different.
  expect(await tutti(world, clone, 'checkout', 'acme/app#1')).toEqual(taken)

  await writeFile(join(clone, 'src/hello.txt'), 'hello, by hand\n')
  await git(clone, 'commit', '-qam', 'Say it by hand')
  const mine = await git(clone, 'rev-parse', 'HEAD')
  expect(await tutti(world, clone, 'checkout', 'acme/app#1')).toMatchObject({
    code: 1,
    said: expect.stringContaining('has commits that origin/module/issue-1 does not have'),
  })
  expect(await git(clone, 'rev-parse', 'HEAD')).toBe(mine)
  await git(clone, 'push', '-q', 'origin', 'module/issue-1')
  expect(await tutti(world, clone, 'resume', 'acme/app#1')).toMatchObject({ code: 0 })

  const judged = await world.pullRequestOf(issue, { notHead: headSha })
  expect(judged.pull.headSha).toBe(mine)
  await world.approveAndMerge(judged)
  await github.until(() => issue.state === 'closed', 'the issue is closed')
  expect(await world.fileAt('main', 'src/hello.txt')).toBe('hello, by hand\n')
  expectMergedOnce(world, issue)
})
