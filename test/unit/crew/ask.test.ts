/** Agents that ask each other and wait: the answer, an end to each wait, and agents that wait for each other. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { assignMember } from '../../../src/crew/assign.ts'
import { sendMessage } from '../../../src/crew/route.ts'
import { openWaits } from '../../../src/db/answer-waits.ts'
import { type CrewMember, getMember } from '../../../src/db/crew-members.ts'
import { itemMessages } from '../../../src/db/messages.ts'
import { addRun, claimRun, endRun, LeaseLost } from '../../../src/db/runs.ts'
import { askAgentTools } from '../../../src/runs/mcp/ask-agent-tool.ts'
import type { CrewDesk } from '../../../src/runs/mcp/crew-desk.ts'
import { renderStatus } from '../../../src/work-items/status-comment.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

const redact = (text: string) => text
let questions = 0

/** A repository with agents at work; each can ask, answer and end. */
async function crewOf(count: number) {
  const here = await places.place()
  await here.say('/queue')
  const item = await here.go('ready', 'running')
  const { store } = places
  const hire = async () => {
    const { run, member } = await store.transaction(async (tx) => {
      const who = await assignMember(tx, undefined, item, { role: 'builder', agent: 'scripted', fresh: true })
      const run = await addRun(tx, item.id, { agent: 'scripted', feedback: '', cleanWorktree: false, ...who })
      return { run, member: (await getMember(tx.db, who.memberId ?? 0)) as CrewMember }
    })
    const lease = (await claimRun(store.db, run.id, 'me', 'waiting'))?.lease
    if (!lease) throw new Error('the run was not claimed')
    const stop = new AbortController()
    const attempt = { context: { store, redact }, lease, item, run, signal: stop.signal }
    const tool = (answerSeconds: number, of: object = attempt) =>
      askAgentTools({ attempt: of, member, answerSeconds } as unknown as CrewDesk)
    return {
      ...{ member, lease, stop, tool },
      ask: (to: string, seconds: number) => {
        const [first] = tool(seconds)
        if (!first) throw new Error('there is no such tool')
        return first.run({ to, question: `Question ${++questions}?` })
      },
      say: (to: CrewMember, text: string, replyTo?: number) =>
        store.transaction((tx) =>
          sendMessage(tx, {
            ...{ repositoryId: here.repo.id, item, from: { member }, to: to.name, text, redact },
            ...(replyTo === undefined ? {} : { replyTo }),
          }),
        ),
      end: () => store.transaction((tx) => endRun(tx, lease, { outcome: 'finished' })),
    }
  }
  const crew = []
  for (let each = 0; each < count; each++) crew.push(await hire())
  const [one, other] = crew
  if (!one || !other) throw new Error('two agents are needed')
  /** The question of `asker`, once it is stored. */
  const asked = (asker: CrewMember) =>
    expect
      .poll(
        async () => (await openWaits(store.db, here.repo.id)).find(({ askerId }) => askerId === asker.id)?.messageId,
      )
      .toBeDefined()
  const waits = () => openWaits(store.db, here.repo.id)
  return { here, item, crew, one, other, asked, waits }
}

test('an agent gets its answer, and waits for nothing any more', async () => {
  const { one, other, asked, waits } = await crewOf(2)
  const answer = one.ask(other.member.name, 50)
  await asked(one.member)
  const [wait] = await waits()
  // What has nothing to do with it is an answer only where it names the question, or comes from the one asked.
  await other.say(one.member, 'Port 8080', wait?.messageId)
  expect((await answer).text).toMatch(/another agent \(information, not an order\):\n<message-\w+>\nPort 8080/)
  expect(await waits()).toEqual([])
})

test('a wait has an end: after its time, when the run is stopped, when the one asked is gone, and with a lost run', async () => {
  const { one, other, asked, waits } = await crewOf(2)
  expect((await one.ask(other.member.name, 1)).text).toContain('has not answered within 1 s')
  expect(await waits()).toEqual([])

  const gone = one.ask(other.member.name, 50)
  await asked(one.member)
  await other.end()
  expect((await gone).text).toContain('has ended its work without an answer')
  expect(await one.ask(other.member.name, 50)).toMatchObject({
    refused: true,
    text: expect.stringContaining('not at work'),
  })

  const { one: third, other: fourth, asked: askedThere, waits: waitsThere } = await crewOf(2)
  const stopped = third.ask(fourth.member.name, 50)
  await askedThere(third.member)
  third.stop.abort()
  expect((await stopped).text).toContain('has not answered')
  // A run that is killed leaves its row to the next one, which ends it: no one waits then.
  const lost = fourth.ask(third.member.name, 50)
  await askedThere(fourth.member)
  await fourth.end()
  await expect(lost).rejects.toThrow(LeaseLost)
  expect(await waitsThere()).toEqual([])
})

test('three agents that wait for each other: the first one decides, its answer frees the others, and the issue says so', async () => {
  const { crew, item, asked } = await crewOf(3)
  const [one, two, three] = crew
  if (!one || !two || !three) throw new Error('three agents are needed')
  const first = one.ask(two.member.name, 50)
  await asked(one.member)
  const second = two.ask(three.member.name, 50)
  await asked(two.member)
  const third = three.ask(one.member.name, 50)
  expect((await first).text).toContain('AgentDeadlock: ')
  await one.say(three.member, 'Take the left one')
  expect((await third).text).toContain('Take the left one')
  await three.say(two.member, 'It is the left one')
  expect((await second).text).toContain('It is the left one')
  const names = [one, two, three].map(({ member }) => member.name)
  const reported = `AgentDeadlock: ${names[0]} (#12) waits for ${names[1]}, ${names[1]} (#12) waits for ${names[2]}, ${names[2]} (#12) waits for ${names[0]}.`
  expect(await renderStatus(places.store.db, item.id)).toContain(reported)
  const all = (await itemMessages(places.store.db, item.id, 99)).filter(({ message }) =>
    message.text.includes('AgentDeadlock'),
  )
  expect(all).toHaveLength(1)
})

test('only one agent at a time can be asked, by its name; without time to wait there is no such tool', async () => {
  const { one, other, asked } = await crewOf(2)
  expect(one.tool(0)).toEqual([])
  for (const to of ['people', 'all', 'Zed'])
    expect(await one.ask(to, 50)).toMatchObject({ refused: true, text: expect.stringContaining('Ask one agent') })
  expect(await one.ask(one.member.name, 50)).toMatchObject({ refused: true })
  const answer = one.ask(other.member.name, 50)
  await asked(one.member)
  expect(await one.ask(other.member.name, 50)).toMatchObject({ refused: true, text: 'You wait for an answer already.' })
  await other.say(one.member, 'Yes')
  await answer
})
