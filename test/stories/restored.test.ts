/** Yesterday's backup in an empty database: what has happened since is found on GitHub, and nothing is made twice. */

import { join } from 'node:path'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { writeBackup } from '../../src/db/backup/dump.ts'
import { restoreBackup } from '../../src/db/backup/restore.ts'
import { openDatabaseSession } from '../../src/db/backup/session.ts'
import { expectMergedOnce, pullsOf } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

const log = pino({ level: 'silent' })

// Two Tuttis after one another, and two items: longer than most stories.

test('merged, opened and asked for since the backup: each is there once', async () => {
  const world = await openWorld()
  const { github, directory, env } = world
  const before = await world.queued('Merged after the backup', 'write src/one.txt: one')
  const pull = await world.pullRequestOf(before)
  await world.stopTutti()
  const file = join(directory, 'yesterday.gz')
  const place = { databaseUrl: env.DATABASE_URL, directory: env.DATA_DIR ?? '', log }
  const session = await openDatabaseSession(place)
  expect((await writeBackup(session, file, '1.2.3')).rows).toBeGreaterThan(5)
  await session.close()

  await world.startTutti()
  await world.approveAndMerge(pull)
  const after = await world.queued('Opened after the backup', 'write src/two.txt: two')
  const second = await world.pullRequestOf(after)
  await world.stopTutti()

  // Another machine: an empty database, and nothing of the data directory.
  const restored = join(directory, 'restored')
  const empty = await openDatabaseSession({ directory: restored, log, databaseUrl: undefined })
  await restoreBackup(empty, file)
  await empty.close()
  await world.startTutti({ DATA_DIR: restored, DATABASE_URL: '' })
  await world.untilStatus(before, /Merged|Done/)
  await github.until(
    () => world.logged.some(({ msg }) => /things? had changed without an event/.test(msg)),
    'the reconcile has seen what happened since',
  )
  expect(pullsOf(world, after).map(({ number }) => number)).toEqual([second.number])
  for (const issue of [before, after])
    expect(issue.comments.filter(({ body }) => body.includes('<!-- tutti:status:'))).toHaveLength(1)
  expectMergedOnce(world, before)
  // The one that was opened since is taken up as it is: no second pull request, and its gates are run again.
  const checked = () => world.logged.filter(({ msg }) => msg === `#${after.number}: checking → reviewing`)
  await github.until(() => checked().length === 2, 'its gates are run again')
  expect((await world.pullRequestOf(after)).number).toBe(second.number)
  expect(pullsOf(world, after)).toHaveLength(1)
  await world.approveAndMerge(second)
  expectMergedOnce(world, after)
})
