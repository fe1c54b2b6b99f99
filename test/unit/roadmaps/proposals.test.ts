/** Rounds of proposals, and what people decide about them, by the rows and the writes to GitHub that follow. */

import { and, eq, like } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultSettings, type Settings } from '../../../src/config/settings.ts'
import { latestProposalRound, proposalsOf } from '../../../src/db/proposals.ts'
import { addRun } from '../../../src/db/runs.ts'
import { effects } from '../../../src/db/schema/effects.ts'
import { proposalRounds } from '../../../src/db/schema/proposals.ts'
import { repositories } from '../../../src/db/schema/repositories.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { onProposalIssueCreatedJob } from '../../../src/roadmaps/on-proposal-issue-created.ts'
import { onProposalsSubmitted } from '../../../src/roadmaps/on-proposals-submitted.ts'
import { wantScheduledProposals } from '../../../src/roadmaps/want-proposals.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

const proposal = (title: string) => ({
  ...{ title, why: 'Because.', size: 'S', risk: 'low', source: { kind: 'code', text: 'src/a.ts' } },
})

async function roadmapWith(...titles: string[]) {
  const here = await places.place()
  const { db } = places.store
  expect(await here.say('/propose')).toMatchObject({ outcome: 'done' })
  const item = await here.item()
  await here.go('ready')
  /** The agent of the open round ends. */
  const round = async (outcome: string, submitted: readonly string[] = []) => {
    const open = await latestProposalRound(db, item.repositoryId)
    const run = await places.store.transaction(async (tx) => {
      const facts = { purpose: 'propose' as const, countsAsAttempt: false }
      const row = await addRun(tx, item.id, { agent: 'scripted', feedback: '', cleanWorktree: false, ...facts })
      const submission = { proposals: submitted.map(proposal) }
      await tx.db
        .update(runs)
        .set({ stage: 'ended', outcome, summary: 'It broke.', submission })
        .where(eq(runs.id, row.id))
      const at = { state: 'running' as const, runId: row.id, starts: (open?.starts ?? 0) + 1 }
      await tx.db
        .update(proposalRounds)
        .set(at)
        .where(eq(proposalRounds.id, open?.id ?? 0))
      return row
    })
    for (let times = 0; times < 2; times++) await onProposalsSubmitted(places, { runId: run.id })
  }
  if (titles.length > 0) await round('proposed', titles)
  const created = () =>
    db
      .select()
      .from(effects)
      .where(and(eq(effects.repositoryId, item.repositoryId), like(effects.key, 'create:proposal:%')))
  const comment = async () => {
    const [row] = await db
      .select()
      .from(effects)
      .where(eq(effects.key, `proposals:${item.id}`))
    return String(row?.payload.body ?? '')
  }
  const published = async (set: Partial<typeof effects.$inferSelect>) => {
    const [effect] = await created()
    await db
      .update(effects)
      .set(set)
      .where(eq(effects.id, effect?.id ?? 0))
    for (let times = 0; times < 2; times++)
      await onProposalIssueCreatedJob.handle({ store: places.store }, { effectId: effect?.id ?? 0 }, { last: false })
  }
  const states = async () => (await proposalsOf(db, item.id)).map(({ number, state }) => `${number} ${state}`)
  return { ...here, round, created, comment, published, states, row: item }
}

test('adopted twice it is one issue, and says its number once there is one; nothing else is created', async () => {
  const here = await roadmapWith('One', 'Two')
  expect(await here.created()).toEqual([])
  expect(await here.say('/adopt 2')).toMatchObject({ outcome: 'done' })
  expect(await here.say('/adopt 2')).toMatchObject({ text: 'Proposal 2 is adopted; its issue is being made.' })
  expect(await here.created()).toMatchObject([
    { payload: { origin: 'proposal', title: 'Two', labels: [] }, revision: 1 },
  ])
  await here.published({ state: 'done', result: { number: 31, id: 310, url: 'u', title: 'Two', body: 'b' } })
  expect(await here.comment()).toContain('- 2. Two: #31, adopted by maintainer')
  expect(await here.say('/adopt 2 --queue')).toMatchObject({ text: 'Proposal 2 is #31 already.' })
  expect(await here.states()).toEqual(['1 open', '2 adopted'])
  expect(await here.say('/adopt 7')).toMatchObject({ outcome: 'refused', text: expect.stringContaining('There is 1:') })
})

test('an issue that GitHub refused leaves the proposal open, and can be asked for again', async () => {
  const here = await roadmapWith('One')
  await here.say('/adopt 1 --queue')
  await here.published({ state: 'failed', error: 'Issues are disabled.' })
  expect(await here.states()).toEqual(['1 open'])
  expect((await here.item()).reply).toContain('Issues are disabled.')
  await here.say('/adopt 1 --queue')
  expect(await here.created()).toMatchObject([{ state: 'pending', payload: { labels: ['tutti'] } }])
})

test('later proposals take the place of the open ones, under numbers of their own; what fails changes none', async () => {
  const here = await roadmapWith('One', 'Two')
  await here.say('/adopt 1')
  await here.say('/propose')
  await here.round('crashed')
  expect((await here.item()).reply).toBe('There are no proposals: It broke. `/propose` asks once more.')
  expect(await here.states()).toEqual(['1 adopted', '2 open'])
  await here.say('/propose')
  await here.round('proposed', ['one!', 'Three'])
  expect(await here.states()).toEqual(['1 adopted', '3 open'])
  expect(await here.say('/adopt 2')).toMatchObject({
    outcome: 'refused',
    text: expect.stringContaining('was replaced'),
  })
})

test('an agent that is lost with its process is begun again, three times at most', async () => {
  const here = await roadmapWith()
  for (const state of ['wanted', 'wanted', 'failed']) {
    await here.round('runner lost')
    expect(await latestProposalRound(places.store.db, here.row.repositoryId)).toMatchObject({ state })
  }
})

test('asked for again while an agent looks, it is one round; not on an issue that is work itself', async () => {
  const here = await roadmapWith()
  expect(await here.say('/propose')).toMatchObject({ text: expect.stringContaining('already') })
  const rounds = await places.store.db.select().from(proposalRounds).where(eq(proposalRounds.workItemId, here.row.id))
  expect(rounds).toHaveLength(1)
  const work = await places.place()
  await work.say('/queue')
  expect(await work.say('/propose')).toMatchObject({ outcome: 'refused' })
  const token = { id: 0, login: 'token:ci', type: 'Token' as const }
  expect(await here.say('/adopt 1', { actor: token })).toMatchObject({ outcome: 'refused' })
})

test.each<[Settings['proposals']['schedule'], number, boolean]>([
  ['off', 400, false],
  ['daily', 2, true],
  ['weekly', 2, false],
  ['weekly', 8, true],
  ['monthly', 8, false],
])('by the clock: %s, %i days after the last round: %s', async (schedule, days, again) => {
  const here = await roadmapWith('One')
  const { db } = places.store
  const { repositoryId } = here.row

  const settings = { ...defaultSettings(), proposals: { schedule, max: 5 } }
  await db.update(repositories).set({ settings }).where(eq(repositories.id, repositoryId))
  const before = await latestProposalRound(db, repositoryId)
  const later = new Date(Date.now() + days * 24 * 3_600_000)
  for (let times = 0; times < 2; times++) await wantScheduledProposals({ store: places.store }, later)
  const last = await latestProposalRound(db, repositoryId)
  expect(last?.id !== before?.id).toBe(again)
  if (again) expect(last).toMatchObject({ wantedBy: 'tutti', wantedById: null, state: 'wanted' })
  await db.update(repositories).set({ settings: null }).where(eq(repositories.id, repositoryId))
})
