/** Messages between agents and people, on a real database; and the rule of when one is given up. */

import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assignMember } from '../../../src/crew/assign.ts'
import { acknowledge, pollMessages, sendMessage, watchDelivery } from '../../../src/crew/route.ts'
import { type CrewMember, getMember, setMemberHandle } from '../../../src/db/crew-members.ts'
import { addRun } from '../../../src/db/runs.ts'
import { crewEvents, messageDeliveries } from '../../../src/db/schema/crew.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { type DeliveryFacts, deliveryBackoffMs, nextDeliveryStep, patienceMs } from '../../../src/domain/delivery.ts'
import { renderStatus } from '../../../src/work-items/status-comment.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

const redact = (text: string) => text.replaceAll('hunter22', '[redacted]')

/** An item with two agents at work, as two attempts of it. */
async function twoAtWork() {
  const here = await places.place()
  await here.say('/queue')
  const item = await here.go('ready', 'running')
  const { store } = places
  const hire = () =>
    store.transaction(async (tx) => {
      const who = await assignMember(tx, undefined, item, { role: 'builder', agent: 'scripted', fresh: true })
      await addRun(tx, item.id, { agent: 'scripted', feedback: '', cleanWorktree: false, ...who })
      return (await getMember(tx.db, who.memberId ?? 0)) as CrewMember
    })
  const [aria, atlas] = [await hire(), await hire()]
  const send = (from: CrewMember | string, to: string, text: string, more: { replyTo?: number } = {}) => {
    const sender = typeof from === 'string' ? { login: from } : { member: from }
    return store.transaction((tx) =>
      sendMessage(tx, { repositoryId: here.repo.id, item, from: sender, to, text, redact, ...more }),
    )
  }
  const poll = (member: CrewMember) =>
    store.transaction(async (tx) => (await pollMessages(tx, member.id)).map(({ message }) => message))
  const ack = (member: CrewMember, ids?: number[]) => store.transaction((tx) => acknowledge(tx, member.id, ids))
  const states = async () =>
    (await store.db.select().from(messageDeliveries).orderBy(messageDeliveries.id)).slice(-2).map(({ state }) => state)
  const end = () => store.db.update(runs).set({ stage: 'ended' }).where(eq(runs.workItemId, item.id))
  const status = () => renderStatus(store.db, item.id)
  return { ...here, item, aria, atlas, send, poll, ack, states, end, status }
}

const idOf = (sent: Awaited<ReturnType<typeof sendMessage>>) => ('message' in sent ? sent.message.id : -1)

test('a message is pending, then delivered once, then acknowledged; its secret is taken out; the issue shows all of it', async () => {
  const { send, poll, ack, aria, atlas, status } = await twoAtWork()
  const sent = await send(aria, '@atlas', 'The key is hunter22')
  expect(await status()).toContain('**Aria** → Atlas: The key is [redacted] <sub>⏳ not read yet</sub>')
  expect(await poll(aria)).toEqual([])
  expect(await poll(atlas)).toMatchObject([{ id: idOf(sent), fromName: 'Aria', text: 'The key is [redacted]' }])
  expect(await poll(atlas)).toEqual([])
  expect(await status()).toContain('<sub>📨 delivered</sub>')
  expect(await ack(aria)).toBe(0)
  expect(await ack(atlas, [idOf(sent)])).toBe(1)
  expect(await status()).toContain('<sub>✅ read</sub>')
})

test('all reaches everyone at work but the sender, and the people; a handle is a name; an answer acknowledges', async () => {
  const { send, poll, ack, aria, atlas, states } = await twoAtWork()
  expect(await send(aria, 'all', 'I change the parser')).toMatchObject({ readers: ['Atlas', 'people'] })
  await ack(atlas)
  const [got] = await poll(atlas)
  await send(atlas, 'Aria', 'Then I wait', { replyTo: got?.id ?? 0 })
  expect((await states())[0]).toBe('delivered')
  await places.store.transaction((tx) => setMemberHandle(tx, aria, 'parser-person'))
  expect(await send(atlas, 'PARSER-person', 'Done?')).toMatchObject({ readers: ['Aria'] })
  expect(await poll(aria)).toHaveLength(2)
})

test('/message reaches an agent by name; what it has said to the people counts as read then', async () => {
  const { say, send, poll, aria, status } = await twoAtWork()
  await send(aria, 'people', 'Which port?')
  expect((await say('/message @Aria Port 8080\nand no other')).text).toContain('On its way to Aria')
  expect(await poll(aria)).toMatchObject([{ fromName: 'maintainer', text: 'Port 8080\nand no other' }])
  expect(await status()).toContain('**maintainer** → Aria: Port 8080 and no other')
})

test.each([
  ['/message @Nemo hello', 'no agent called @<!-- -->Nemo'],
  ['/message @Conductor hello', 'no agent called'],
  ['/message Aria', 'no text'],
  ['/message people hello', 'way to people'],
])('%s', async (line, reply) => {
  const { say } = await twoAtWork()
  expect((await say(line)).text).toContain(reply)
})

test('an agent that repeats itself, writes nothing or to itself is refused', async () => {
  const { send, aria } = await twoAtWork()
  await send(aria, 'Atlas', 'Hello')
  expect(await send(aria, 'Atlas', 'Hello')).toMatchObject({ refused: expect.stringContaining('sent this before') })
  expect(await send(aria, 'Atlas', ' \u0000 ')).toMatchObject({ refused: expect.stringContaining('needs a text') })
  expect(await send(aria, 'Aria', 'Me')).toMatchObject({ refused: expect.stringContaining('Known: Atlas') })
})

test('a message that is not acknowledged is handed out three times, then it is a dead letter that people see', async () => {
  const { send, poll, atlas, aria, status } = await twoAtWork()
  await send(aria, 'Atlas', 'Are you there?')
  const rows = await places.store.db.select().from(messageDeliveries).where(eq(messageDeliveries.memberId, atlas.id))
  const check = () => watchDelivery({ store: places.store }, { deliveryId: rows[0]?.id ?? 0 })
  for (let time = 0; time < 3; time++) {
    expect(await poll(atlas)).toHaveLength(1)
    await check()
  }
  expect(await poll(atlas)).toHaveLength(0)
  expect(await status()).toContain('⚠️ given up')
  await check()
  expect(await poll(atlas)).toHaveLength(0)
})

test('one whose reader is away waits for its next run, and is given up with the item', async () => {
  const { send, poll, aria, atlas, end, go, states } = await twoAtWork()
  await send(aria, 'Atlas', 'Later')
  await poll(atlas)
  await end()
  const [row] = await places.store.db.select().from(messageDeliveries).where(eq(messageDeliveries.memberId, atlas.id))
  const check = () => watchDelivery({ store: places.store }, { deliveryId: row?.id ?? 0 })
  await check()
  expect(await poll(atlas)).toHaveLength(1)
  await go('cancelled')
  await check()
  expect((await states()).at(-1)).toBe('dead')
})

test('what is said is broadcast on the channel of the issue', async () => {
  const { send, aria } = await twoAtWork()
  await send(aria, 'people', 'Half done')
  const rows = await places.store.db
    .select()
    .from(crewEvents)
    .where(eq(crewEvents.subject, 'orchestrator.channel.item-12'))
  expect(rows.at(-1)?.payload).toMatchObject({
    ...{
      type: 'message',
      agent: 'Aria',
      agent_id: String(aria.id),
      work_stream: 12,
      message: 'Half done',
      to: 'people',
    },
  })
})

describe('what becomes of a delivery', () => {
  const facts: DeliveryFacts = { state: 'delivered', attempts: 1, readerAtWork: true, mayReturn: true, ageMs: 0 }
  test.each([
    ['acknowledged', { state: 'acknowledged' }, 'none'],
    ['given up', { state: 'dead' }, 'none'],
    ['not acknowledged', {}, 'retry'],
    ['never asked for', { state: 'pending', attempts: 0 }, 'retry'],
    ['the third time', { attempts: 3 }, 'dead'],
    ['its reader away', { readerAtWork: false, attempts: 3 }, 'wait'],
    ['its reader away for good', { readerAtWork: false, mayReturn: false }, 'dead'],
    ['its reader away for too long', { readerAtWork: false, ageMs: patienceMs }, 'dead'],
  ] as const)('%s', (_, more, step) => {
    expect(nextDeliveryStep({ ...facts, ...more })).toBe(step)
  })

  test('the waits grow: 1, 5, 25 minutes', () => {
    expect([0, 1, 2, 9].map((attempts) => deliveryBackoffMs(attempts) / 60_000)).toEqual([1, 5, 25, 25])
  })
})
