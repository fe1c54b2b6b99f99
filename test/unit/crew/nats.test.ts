/** What the crew broadcasts, and its copies on a real NATS server; without one, only what is stored. */

import { connect as dial } from 'node:net'
import { AckPolicy, type JsMsg, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { eq } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openNats } from '../../../src/channels/nats.ts'
import { assignMember } from '../../../src/crew/assign.ts'
import { publishCrewEvents } from '../../../src/crew/publish-events.ts'
import { crewEventsOf } from '../../../src/db/crew-events.ts'
import { addRun } from '../../../src/db/runs.ts'
import { crewEvents } from '../../../src/db/schema/crew.ts'
import { subjectOf, subjectRoot } from '../../../src/domain/crew-subjects.ts'
import { broadcastOf } from '../../../src/domain/lifecycle-broadcast.ts'
import { RetryAfter } from '../../../src/lib/errors.ts'
import { openPlaces } from '../../support/command-place.ts'

const log = pino({ level: 'silent' })
const server = '127.0.0.1:4222'
const there = await new Promise<boolean>((resolve) => {
  const socket = dial(4222, '127.0.0.1')
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  socket.once('connect', () => socket.destroy())
})

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

/** An issue that an agent works on until its result has passed; events of others are put aside. */
async function finishedIssue() {
  const { store } = places
  await store.db.delete(crewEvents)
  const here = await places.place()
  await here.say('/queue')
  const item = await here.go('ready')
  const run = await store.transaction(async (tx) => {
    const member = await assignMember(tx, undefined, item, { role: 'builder', agent: 'scripted', fresh: false })
    return addRun(tx, item.id, { agent: 'scripted', feedback: '', cleanWorktree: false, ...member })
  })
  await here.go('running', 'checking', 'ready', 'running', 'checking', 'reviewing', 'held')
  return { ...here, memberId: run.memberId ?? 0 }
}

test('what happens to an issue is stored as broadcasts about the member that works on it', async () => {
  const { repo, memberId } = await finishedIssue()
  const rows = (await crewEventsOf(places.store.db, repo.id, 20)).toReversed()
  expect(rows.map(({ subject }) => subject.replace(String(memberId), '<id>'))).toEqual([
    'orchestrator.agent.<id>.status',
    'orchestrator.agent.<id>.status',
    'orchestrator.agent.<id>.complete',
    'orchestrator.agent.<id>.status',
    'orchestrator.agent.<id>.status',
    'orchestrator.agent.<id>.complete',
    'orchestrator.agent.<id>.blocker',
  ])
  const common = { agent: 'Aria', agent_id: String(memberId), work_stream: 12, repository: repo.fullName }
  expect(rows[2]?.payload).toMatchObject({ ...common, type: 'task_complete', status: 'failed', verified: false })
  expect(rows[5]?.payload).toMatchObject({ ...common, type: 'task_complete', status: 'success', verified: true })
  expect(rows[6]?.payload).toMatchObject({ ...common, type: 'blocker', blocker: 'Because held.', impact: 'high' })
})

test.skipIf(!there)(
  'NATS gets each once and in order, on orchestrator.agent.*.complete, also after it was away',
  async () => {
    const { repo } = await finishedIssue()
    const name = `tutti-test-${process.pid}-${Date.now()}`
    const connection = await connect({ servers: server })
    const manager = await jetstreamManager(connection)
    const link = openNats({ url: `nats://${server}`, stream: name, prefix: `${name}.`, root: subjectRoot, log })
    onTestFinished(async () => {
      await link.close()
      await manager.streams.delete(name).catch(() => {})
      await connection.close()
    })
    const away = openNats({ url: 'nats://127.0.0.1:1', stream: name, prefix: `${name}.`, root: subjectRoot, log })
    const publish = (nats = link) => publishCrewEvents({ store: places.store, channels: { nats }, log })
    await expect(publish(away)).rejects.toBeInstanceOf(RetryAfter)
    await publish()
    // As if the note that they were sent had been lost.
    await places.store.db.update(crewEvents).set({ publishedAt: null }).where(eq(crewEvents.repositoryId, repo.id))
    await publish()
    expect((await manager.streams.info(name)).state.messages).toBe(7)

    // The consumer of servers before 2.10 has one filter.
    const filter_subject = `${name}.orchestrator.agent.*.complete`
    await manager.consumers.add(name, { durable_name: 'listener', filter_subject, ack_policy: AckPolicy.Explicit })
    const consumer = await jetstream(connection).consumers.get(name, 'listener')
    const completions: JsMsg[] = []
    for await (const message of await consumer.fetch({ max_messages: 2, expires: 5_000 })) completions.push(message)
    expect(completions.map((message) => message.json())).toMatchObject([
      { agent: 'Aria', status: 'failed', at: expect.stringMatching(/^\d{4}-/) },
      { agent: 'Aria', status: 'success', work_stream: 12 },
    ])
  },
)

test('without NATS nothing is sent and nothing fails', async () => {
  await finishedIssue()
  await publishCrewEvents({ store: places.store, channels: {}, log })
})

test.each([
  ['status', { memberId: 7 }, 'orchestrator.agent.7.status'],
  ['blocker', {}, 'orchestrator.blocker'],
  ['message', { channel: 'item-12' }, 'orchestrator.channel.item-12'],
  ['message', { channel: 'a.b >*' }, 'orchestrator.channel.a-b-'],
] as const)('%s of %j goes to %s', (kind, about, subject) => {
  expect(subjectOf(kind, about)).toBe(subject)
})

test('a roadmap begins and ends an orchestration; small steps are not broadcast', () => {
  const epic = { kind: 'epic' as const, title: 'All of it' }
  const task = { kind: 'task' as const, title: 'One' }
  expect(broadcastOf(epic, { from: 'queued', to: 'ready', why: '' })?.facts).toEqual({
    event: 'orchestration_started',
    goal: 'All of it',
  })
  expect(broadcastOf(epic, { from: 'ready', to: 'done', why: '' })?.facts).toMatchObject({
    event: 'orchestration_complete',
  })
  expect(broadcastOf(task, { from: 'queued', to: 'ready', why: '' })).toBeUndefined()
  expect(broadcastOf(task, { from: 'reviewing', to: 'approved', why: '' })).toBeUndefined()
})
