/** Labels change while work is on its way: one comes later, and the one that queues gets another name. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { begun, pullsOf } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

const settings = `${plainSettings.replace('idleMinutes: 0.2', 'idleMinutes: 2\n  agents: 1')}modules:
  auth: { paths: [src/auth/] }
`

test('a module named later keeps agents apart, and a renamed label cancels nothing', async () => {
  const world = await openWorld({ settings })
  const { maintainer, repository } = world
  const gate = join(world.directory, 'gate')
  const login = await world.issue('Login', 'write src/auth/login.txt: login', `wait-for ${gate}`)
  await maintainer.addLabels(repository, login.number, ['module:auth', 'tutti'])
  await begun(world, login)
  const logout = await world.queued('Logout', 'write src/auth/logout.txt: logout')
  await world.untilStatus(logout, 'Waiting')
  await maintainer.addLabels(repository, logout.number, ['module:auth'])
  await world.untilStatus(logout, /touches the same files \(`src\/auth\/`\)/)

  await maintainer.renameLabel(repository, 'tutti', 'robots')
  writeFileSync(gate, '')
  const pull = await world.pullRequestOf(login)
  const guide = await world.issue('Guide', 'write docs/guide.md: guide')
  await maintainer.addLabels(repository, guide.number, ['robots'])
  await world.pullRequestOf(guide)
  expect(pullsOf(world, logout)).toEqual([])

  await world.approveAndMerge(pull)
  const second = await world.pullRequestOf(logout)
  expect(second.pull.headRef).toBe(`module/auth-${logout.number}`)
})
