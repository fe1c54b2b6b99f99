import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runs } from '../../../src/db/schema/runs.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

const sample = {
  at: '2026-11-28T12:00:00.000Z',
  silentMs: 180_000,
  cpuPercent: 3,
  memory: 300 * 2 ** 20,
  processes: 4,
  inTool: false,
  diskFreePercent: 50,
  verdict: 'warning' as const,
  why: 'it has been silent for 3 minutes',
}

async function atWork() {
  const here = await places.place()
  await here.say('/queue')
  await here.go('ready')
  const run = await here.start('Step 1 of 2')
  await places.store.db
    .update(runs)
    .set({ startedAt: new Date(), health: sample, peakMemory: 400 * 2 ** 20 })
    .where(eq(runs.id, run.id))
  return { here, run }
}

test('without an agent: the list says so, and what names one is refused with what to do', async () => {
  const here = await places.place()
  expect((await here.say('/agents')).text).toBe('No agent is at work here.')
  expect((await here.say('/agents health')).text).toContain('No restart in the last day.')
  for (const line of ['/agents kill', '/agents restart #12', '/agents log #99']) {
    const reply = await here.say(line)
    expect(reply.outcome).toBe('refused')
    expect(reply.text).toMatch(/No agent is at work on .*\. `\/agents` lists those at work\./)
  }
})

test('list and health show what an agent does and what it uses; a kind is a filter', async () => {
  const { here } = await atWork()
  const { text } = await here.say('/agents')
  expect(text).toContain('#12, **scripted**: attempt 1')
  expect(text).toContain('“Step 1 of 2”; warning: it has been silent for 3 minutes')
  expect((await here.say('/agents list --kind codex')).text).toContain('No agent of the kind `codex`')
  expect((await here.say('/agents health')).text).toContain('300 MB (at most 400 MB), 4 processes')
})

test('restart ends the agent, logs it, and its item starts again; a second time changes nothing', async () => {
  const { here, run } = await atWork()
  expect((await here.say('/agents restart #12')).text).toContain('Attempt 1 by **scripted** on #12 is being ended')
  expect((await here.item()).state).toBe('ready')
  expect(await places.store.db.select().from(runs).where(eq(runs.id, run.id))).toMatchObject([
    { stop: 'Restarted by maintainer.' },
  ])
  expect((await here.say('/agents restart')).outcome).toBe('refused')
  expect((await here.say('/agents health')).text).toMatch(
    /Restarts of the last day:\n\n- .* #12, scripted, after attempt 1/,
  )
})

test('kill pauses the item; the log is that of its last attempt', async () => {
  const { here, run } = await atWork()
  expect((await here.say('/agents kill')).text).toContain('`/resume` on the issue goes on')
  expect((await here.item()).state).toBe('paused')
  await places.store.db.update(runs).set({ logTail: 'It broke here.', outcome: 'crashed' }).where(eq(runs.id, run.id))
  expect((await here.say('/agents log')).text).toMatch(/attempt 1 by \*\*scripted\*\*: crashed[\s\S]*It broke here\./)
})
