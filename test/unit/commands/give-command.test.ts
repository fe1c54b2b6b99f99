/** Commands that programs give: which repository, who may, once for a key. On a real store. */

import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Caller, type CommandCall, giveCommand } from '../../../src/commands/lib/give-command.ts'
import { latestEntries } from '../../../src/db/audit-log.ts'
import { repositoryByName } from '../../../src/db/repositories.ts'
import type { Permission } from '../../../src/domain/github.ts'
import { InvalidArguments, KeyReused, NoSuchThing, NotAllowed } from '../../../src/lib/errors.ts'
import { commands, openPlaces } from '../../support/command-place.ts'
import { FakeGitHub } from '../../support/fake-github.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

const callerWith = (permission: Permission, id = 'token:1'): Caller => ({
  actor: { id: 0, login: 'token:ci', type: 'Token' },
  id,
  permissionIn: async () => permission,
})

/** Gives a command in the repository of a place. */
async function give(name: string, call: Partial<Omit<CommandCall, 'command'>> & { repository: string }) {
  const command = commands.get(name)
  if (!command) throw new Error(`no command ${name}`)
  const github = new FakeGitHub()
  // No settings file: the defaults are in force.
  Object.assign(github, { repository: () => ({ file: async () => undefined }) })
  const services = { store: places.store, github, log: pino({ level: 'silent' }), commands }
  return giveCommand(services, { command, args: {}, caller: callerWith('write'), door: 'rest', ...call })
}

test('reading needs read access, commanding needs what the command says', async () => {
  const { repo } = await places.place()
  const repository = repo.fullName
  const read = await give('get-work-queue', { repository, caller: callerWith('read') })
  expect(read).toMatchObject({ outcome: 'done', data: { totals: { pending: 0 } } })
  const refused = give('pause-orchestrator', { repository, caller: callerWith('read') })
  await expect(refused).rejects.toThrow(NotAllowed)
  await expect(refused).rejects.toThrow(`needs write permission in ${repository}`)
})

test('what is a person’s decision is refused to a token, whatever its role, and changes nothing', async () => {
  const { repo } = await places.place()
  const refused = await give('merge', { repository: repo.fullName, caller: callerWith('admin') })
  expect(refused.outcome).toBe('refused')
  expect(refused.text).toContain("`merge` is a person's decision")
  expect([...commands.values()].filter(({ personal }) => personal).map(({ name }) => name)).toEqual([
    'adopt',
    'approve',
    'merge',
  ])
  const mona: Caller = { ...callerWith('admin'), actor: { id: 9, login: 'mona', type: 'User' } }
  const reply = await give('merge', { repository: repo.fullName, caller: mona })
  expect(reply.text).toContain('There is no pull request to merge here')
})

test('a repository that the caller cannot see does not exist for it', async () => {
  const { repo } = await places.place()
  const hidden = give('get-work-queue', { repository: repo.fullName, caller: callerWith('none') })
  await expect(hidden).rejects.toThrow(NoSuchThing)
  await expect(give('get-work-queue', { repository: 'acme/none' })).rejects.toThrow('no repository `acme/none`')
})

test('a repository is found in any case and by its second half, and must be named where there are several', async () => {
  const { repo } = await places.place()
  const half = repo.fullName.split('/')[1] ?? ''
  for (const repository of [repo.fullName.toUpperCase(), half])
    expect(await give('get-work-queue', { repository })).toMatchObject({ outcome: 'done' })
  await places.place()
  const unnamed = give('get-work-queue', { repository: undefined as unknown as string })
  await expect(unnamed).rejects.toThrow(/There are \d+ repositories/)
})

test('an argument that does not fit is named, with what was given and an example', async () => {
  const { repo } = await places.place()
  const wrong = give('get-work-queue', { repository: repo.fullName, args: { limit: 'many' } })
  await expect(wrong).rejects.toThrow(InvalidArguments)
  await expect(wrong).rejects.toThrow(/`limit` must be a whole number.*given was `many`/)
})

test('the same key acts once, gets the same reply, and cannot ask for something else', async () => {
  const { repo } = await places.place()
  const call = { repository: repo.fullName, key: 'k-1' }
  const first = await give('pause-orchestrator', call)
  const again = await give('pause-orchestrator', call)
  expect(again).toEqual(JSON.parse(JSON.stringify(first)))
  const entries = await latestEntries(places.store.db, repo.id, 10)
  expect(entries.filter(({ what }) => what === '/pause-orchestrator')).toHaveLength(1)
  expect(entries[0]?.detail).toMatchObject({ door: 'rest' })
  await expect(give('resume-orchestrator', call)).rejects.toThrow(KeyReused)
  // The key of another caller is another key.
  await give('resume-orchestrator', { ...call, caller: callerWith('write', 'token:2') })
  expect((await repositoryByName(places.store.db, repo.fullName))?.state).toBe('active')
})

test('two calls with one key at the same moment act once', async () => {
  const { repo } = await places.place()
  const call = { repository: repo.fullName, key: 'k-2' }
  const [one, other] = await Promise.all([give('pause-orchestrator', call), give('pause-orchestrator', call)])
  expect(JSON.parse(JSON.stringify(one))).toEqual(JSON.parse(JSON.stringify(other)))
  const entries = await latestEntries(places.store.db, repo.id, 10)
  expect(entries.filter(({ what }) => what === '/pause-orchestrator')).toHaveLength(1)
})
