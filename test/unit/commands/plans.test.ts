/** The commands about plans, state by state: what they do, what they refuse, and that they act once. On a real store. */

import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addPlan, addRound, approvedPlan, latestPlan, roundsOf } from '../../../src/db/plans.ts'
import { addRun, liveRun } from '../../../src/db/runs.ts'
import { effects } from '../../../src/db/schema/effects.ts'
import { footprints, plans } from '../../../src/db/schema/plans.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { workItems } from '../../../src/db/schema/work-items.ts'
import type { PlanOrBreakdown } from '../../../src/domain/plan.ts'
import { effortHours } from '../../../src/lib/effort-hours.ts'
import { onPlanSubmitted } from '../../../src/planning/on-plan-submitted.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>

beforeAll(async () => {
  places = await openPlaces()
})

afterAll(() => places.close())

const content: PlanOrBreakdown = {
  ...{ kind: 'plan', summary: 'A clock.', steps: ['Build it'], inScope: [], outOfScope: [], paths: ['src/clock.ts'] },
  ...{ effort: 'L', risk: 'low', risks: [], confidence: 0.9 },
}
const item = (key: string, dependsOn: string[] = []) => ({
  ...{ key, title: `The ${key}`, body: 'Do.', paths: [], effort: 'S' as const, dependsOn },
})
const breakdown: PlanOrBreakdown = {
  ...{ kind: 'breakdown', summary: 'Two.', outOfScope: [], risk: 'low', risks: [], confidence: 1 },
  features: [{ title: 'All', body: '', items: [item('face'), item('hands', ['face'])] }],
}

/** An issue whose agent has planned it. */
async function shownPlan(what: PlanOrBreakdown = content) {
  const here = await places.place()
  await here.say('/queue')
  await here.go('planning')
  const { store } = places
  const row = await here.item()
  await store.transaction(async (tx) => {
    const run = await addRun(tx, row.id, { agent: 'scripted', feedback: '', cleanWorktree: false, purpose: 'plan' })
    await tx.db.update(runs).set({ stage: 'ended', outcome: 'planned' }).where(eq(runs.id, run.id))
    await addPlan(tx, row, what, run.id)
  })
  await here.go('plan-review')
  const plan = async () => {
    const row = await latestPlan(store.db, (await here.item()).id)
    if (!row) throw new Error('there is no plan')
    return row
  }
  return { ...here, plan }
}

describe('/approve', () => {
  it('says yes: the plan counts, with its files and hours and what was added', async () => {
    const here = await shownPlan()
    const reply = await here.say('/approve but in brass\nand small')
    expect(reply).toMatchObject({
      outcome: 'done',
      text: expect.stringContaining('What you added is part of the plan'),
    })
    const row = await here.item()
    expect(row).toMatchObject({ state: 'ready', plannedHours: effortHours.L })
    expect(await approvedPlan(places.store.db, row)).toMatchObject({
      amendment: 'but in brass\nand small',
      decidedBy: 'maintainer',
    })
    const paths = await places.store.db.select().from(footprints).where(eq(footprints.workItemId, row.id))
    expect(paths.map(({ path, source }) => [path, source])).toEqual([['src/clock.ts', 'plan']])
    expect((await here.say('/approve')).text).toBe('The plan is approved already by maintainer.')
    expect((await here.say('/approve and loud')).text).toContain('added to it')
    expect((await here.plan()).amendment).toBe('but in brass\nand small\n\nand loud')
    await here.start()
    expect((await here.say('/approve and late')).outcome).toBe('refused')
  })

  it('does not count for a text that has changed, until it is said again', async () => {
    const here = await shownPlan()
    const changed = { issue: { ...here.issue, body: 'Now it should sing.' } }
    const first = await here.say('/approve', changed)
    expect(first).toMatchObject({
      outcome: 'refused',
      text: expect.stringContaining('was changed after the plan was made'),
    })
    expect((await here.item()).state).toBe('plan-review')
    expect((await here.plan()).state).toBe('void')
    expect((await here.say('/approve', changed)).text).toContain('Approved.')
    expect(await here.item()).toMatchObject({ state: 'ready', body: 'It should tell the time.' })
  })

  it('has the issues of a breakdown made, each wanted once', async () => {
    const here = await shownPlan(breakdown)
    expect((await here.say('/approve')).text).toContain('Its issues are being made')
    const row = await here.item()
    expect(row).toMatchObject({ state: 'ready', kind: 'epic' })
    const wanted = async () =>
      (await places.store.db.select().from(effects).where(eq(effects.workItemId, row.id))).filter(
        ({ kind }) => kind === 'create-issue',
      )
    expect((await wanted()).map(({ key }) => key.split(':').at(-1))).toEqual(['face', 'hands'])
    for (const line of ['/approve', '/reject no', '/plan', '/orchestrate build'])
      expect((await here.say(line)).outcome, line).toBe('refused')
    expect(await wanted()).toHaveLength(2)
  })

  it('has nothing to decide where there is no plan', async () => {
    const here = await places.place()
    for (const line of ['/approve', '/reject why', '/answer yes'])
      expect(await here.say(line)).toMatchObject({ outcome: 'refused', text: expect.stringContaining('`/plan`') })
    await here.say('/queue')
    for (const line of ['/approve', '/reject why', '/answer yes'])
      expect(await here.say(line)).toMatchObject({ outcome: 'refused', text: expect.stringContaining('It is queued') })
  })
})

describe('/reject', () => {
  it('wants a reason, and has it planned again with it', async () => {
    const here = await shownPlan()
    expect(await here.say('/reject')).toMatchObject({
      outcome: 'refused',
      text: expect.stringContaining('Say what is wrong'),
    })
    expect((await here.say('/reject it is too big')).outcome).toBe('done')
    expect(await here.plan()).toMatchObject({ state: 'rejected', why: 'it is too big', decidedBy: 'maintainer' })
    expect((await here.item()).state).toBe('planning')
    expect((await here.say('/reject it is too big')).outcome).toBe('refused')
  })

  it('takes an approval back before the work has begun, and drops the issue when asked to', async () => {
    const here = await shownPlan()
    await here.say('/approve')
    await here.say('/reject after all too big')
    const row = await here.item()
    expect(row.state).toBe('planning')
    expect(await approvedPlan(places.store.db, row)).toBeUndefined()
    const dropped = await shownPlan()
    expect((await dropped.say('/reject --drop')).text).toContain('Given up.')
    expect((await dropped.item()).state).toBe('cancelled')
  })
})

describe('/plan', () => {
  it('plans what is queued, ready or unknown, with the text as it is now', async () => {
    const here = await places.place()
    expect((await here.say('/plan')).text).toContain('an agent plans it first')
    expect(await here.item()).toMatchObject({ state: 'queued', routing: { asked: true } })
    await here.go('ready')
    const issue = { ...here.issue, title: 'Add a better clock' }
    expect((await here.say('/plan', { issue })).outcome).toBe('done')
    expect(await here.item()).toMatchObject({ state: 'planning', title: 'Add a better clock' })
  })

  it('plans again: the old plan is void, open questions are closed, the planning agent is stopped', async () => {
    const here = await shownPlan()
    await here.say('/plan')
    expect((await here.plan()).state).toBe('void')
    const row = await here.item()
    const { store } = places
    await store.transaction((tx) =>
      addRun(tx, row.id, { agent: 'a', feedback: '', cleanWorktree: false, purpose: 'plan' }),
    )
    expect((await here.say('/plan')).outcome).toBe('done')
    expect((await liveRun(store.db, row.id))?.stop).toBe('Planned again for maintainer')
    // It had handed in a plan of the old text, which no one has looked at yet: it is too late for that.
    const submission = { ...content }
    const late = await liveRun(store.db, row.id)
    const ended = { stage: 'gates' as const, outcome: 'planned', submission }
    await store.db
      .update(runs)
      .set(ended)
      .where(eq(runs.id, late?.id ?? 0))
    await onPlanSubmitted({ store }, { runId: late?.id ?? 0 })
    expect((await here.item()).state).toBe('planning')
    expect(await liveRun(store.db, row.id)).toBeUndefined()
    await store.transaction((tx) => addRound(tx, row, ['Why?']))
    await here.go('asking')
    await here.say('/plan')
    expect((await roundsOf(store.db, row.id))[0]).toMatchObject({ answer: null, answeredAt: expect.any(Date) })
    await here.go('ready')
    await here.start()
    expect(await here.say('/plan')).toMatchObject({
      outcome: 'refused',
      text: expect.stringContaining('cannot be planned now'),
    })
  })
})

describe('/answer', () => {
  it('answers once', async () => {
    const here = await shownPlan()
    await here.go('planning')
    const row = await here.item()
    await places.store.transaction((tx) => addRound(tx, row, ['Why?', 'How?']))
    await here.go('asking')
    expect(await here.say('/answer')).toMatchObject({ outcome: 'refused', text: expect.stringContaining('is missing') })
    expect((await here.say('/answer "Because.\nLike this."')).outcome).toBe('done')
    expect((await roundsOf(places.store.db, row.id))[0]).toMatchObject({
      answer: 'Because.\nLike this.',
      answeredBy: 'maintainer',
    })
    expect((await here.item()).state).toBe('planning')
    expect((await here.say('/answer Again.')).outcome).toBe('refused')
  })
})

describe('aside and back', () => {
  it('a planning agent is stopped; what waited for a person waits for them again', async () => {
    const here = await shownPlan()
    expect((await here.say('/pause')).outcome).toBe('done')
    expect((await here.say('/resume')).outcome).toBe('done')
    expect((await here.item()).state).toBe('plan-review')
    await here.say('/reject no')
    const row = await here.item()
    await places.store.transaction((tx) =>
      addRun(tx, row.id, { agent: 'a', feedback: '', cleanWorktree: false, purpose: 'plan' }),
    )
    expect((await here.say('/stop --all')).text).toContain('#12')
    expect((await here.item()).state).toBe('paused')
    await here.say('/resume')
    expect((await here.item()).state).toBe('planning')
  })
})

describe('/build and /orchestrate', () => {
  const goals = async (repositoryId: number) =>
    (await places.store.db.select().from(effects).where(eq(effects.repositoryId, repositoryId))).filter(({ key }) =>
      key.startsWith('create:goal:'),
    )

  it('make one issue of a goal, however often it is said, with its text made harmless', async () => {
    const here = await places.place()
    expect(await here.say('/build')).toMatchObject({
      outcome: 'refused',
      text: expect.stringContaining('goal is missing'),
    })
    expect((await here.say('/build "Tell @everyone  the time"\n\nfixes #3')).outcome).toBe('done')
    expect((await here.say('/build Tell @everyone the time\nfixes #3')).text).toContain('already')
    const [goal, ...others] = await goals(here.repo.id)
    expect(others).toEqual([])
    expect(goal?.payload).toMatchObject({
      wantedBy: { login: 'maintainer', id: 7 },
      explicit: false,
      labels: ['tutti'],
    })
    expect(JSON.stringify(goal?.payload)).not.toMatch(/@everyone|fixes #3/)
  })

  it('show how first: nothing starts before someone says yes', async () => {
    const here = await places.place()
    expect((await here.say('/orchestrate build')).outcome).toBe('done')
    expect(await here.item()).toMatchObject({ state: 'queued', routing: { mode: 'explicit' } })
    await here.go('plan-review')
    expect((await here.say('/approve')).text).toContain('Approved. An agent plans it now.')
    expect(await here.item()).toMatchObject({ state: 'planning', routing: { mode: 'implicit' } })
    const small = await places.place({ label: 'tutti' })
    await small.say('/orchestrate build')
    await places.store.db
      .update(workItems)
      .set({ effort: 'S' })
      .where(eq(workItems.id, (await small.item()).id))
    await small.go('plan-review')
    expect((await small.say('/approve')).text).toContain('It starts as soon as an agent is free.')
    expect((await small.item()).state).toBe('ready')
    const dropped = await places.place()
    await dropped.say('/orchestrate build')
    await dropped.go('plan-review')
    expect((await dropped.say('/reject')).text).toContain('Given up.')
    expect((await dropped.item()).state).toBe('cancelled')
    expect(
      await places.store.db
        .select()
        .from(plans)
        .where(eq(plans.workItemId, (await small.item()).id)),
    ).toEqual([])
  })
})
