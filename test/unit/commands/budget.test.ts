import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultSettings } from '../../../src/config/settings.ts'
import { pullRequests } from '../../../src/db/schema/pull-requests.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { workItems } from '../../../src/db/schema/work-items.ts'
import { saveUsage } from '../../../src/db/usage.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

test('without any use and any limit it says so', async () => {
  const here = await places.place()
  const { text } = await here.say('/budget')
  expect(text).toContain('No agent has reported any use here today.')
  expect(text).toContain('No merged pull request of the last 30 days has a known cost.')
  expect(text).toContain('- all runs of one issue: none (`spendPerItem`)')
})

test('a merge costs what all its runs have cost, failed ones too', async () => {
  const here = await places.place({ limits: { ...defaultSettings().limits, spendPerItem: 5, tokensPerRun: 2_000_000 } })
  const pull = await here.review()
  const { db } = places.store
  const item = await here.item()
  const [failed] = await db
    .insert(runs)
    .values({ workItemId: item.id, attempt: 9, agent: 'scripted', stage: 'ended', outcome: 'crashed' })
    .returning()
  const [first] = await db.select().from(runs).where(eq(runs.workItemId, item.id))
  for (const run of [failed, first])
    if (run) await saveUsage(db, run, { cost: { millionths: 750_000, currency: 'USD' } }, new Date())
  expect((await here.say('/budget')).text).toContain('No merged pull request')
  await db.update(pullRequests).set({ state: 'merged' }).where(eq(pullRequests.id, pull.id))
  await db.update(workItems).set({ state: 'done', doneAt: new Date() }).where(eq(workItems.id, item.id))
  const { text } = await here.say('/budget')
  expect(text).toContain('A merged pull request has cost 1.50 USD on average (1 merged, 1.50 USD in all)')
  expect(text).toContain('one issue: 5.00 USD')
  expect(text).toContain('tokens: 2,000,000')
})

test('an agent that reports tokens and no cost is named, with what to set; a price ends that', async () => {
  const here = await places.place({ limits: { ...defaultSettings().limits, tokensPerDay: 3_000_000 } })
  await here.review()
  const { db } = places.store
  const item = await here.item()
  const [run] = await db
    .insert(runs)
    .values({
      workItemId: item.id,
      attempt: 9,
      agent: 'codex',
      stage: 'ended',
      outcome: 'finished',
      endedAt: new Date(),
    })
    .returning()
  if (run) await saveUsage(db, run, { inputTokens: 1_000 }, new Date())
  const { text } = await here.say('/budget')
  expect(text).toContain('`codex` reports tokens and no cost, and no price is set: set `agents.codex.prices`')
  expect(text).toContain('tokens: 3,000,000 (`tokensPerDay`)')
  const settings = { ...defaultSettings(), agents: { codex: { prices: { input: 1, output: 2, cached: 0 } } } }
  expect((await here.say('/budget', { settings })).text).not.toContain('no price is set')
})
