/** `/retry`, `/stop` and `/resume` in every state that a person can see: the reply, and where the item is then. */

import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { savePull } from '../../../src/db/pull-requests.ts'
import { addRun, latestLesson } from '../../../src/db/runs.ts'
import { pullRequests } from '../../../src/db/schema/pull-requests.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { workItems } from '../../../src/db/schema/work-items.ts'
import { lifecycle } from '../../../src/domain/lifecycle.ts'
import type { ItemState } from '../../../src/lib/item-state.ts'
import { heldChoices } from '../../../src/messages/held.ts'
import { head, openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

/** Where an item stands, and what was there before. */
interface Standing {
  state: ItemState
  from?: ItemState
  /** Its attempt is under way. */
  run?: boolean
  pull?: 'open' | 'closed'
  /** It waits for a time. */
  waits?: boolean
}

async function placeIn({ state, from, run, pull, waits }: Standing) {
  const here = await places.place()
  await here.say('/queue')
  const { id } = await here.item()
  await places.store.db
    .update(workItems)
    .set({
      state,
      resumeState: from ?? null,
      reason: 'As it was.',
      headSha: pull ? head : null,
      notBefore: waits ? new Date('2099-01-01') : null,
    })
    .where(eq(workItems.id, id))
  if (run) {
    await places.store.transaction(async (tx) => {
      const row = await addRun(tx, id, { agent: 'scripted', feedback: '', cleanWorktree: false })
      await tx.db.update(runs).set({ stage: 'agent' }).where(eq(runs.id, row.id))
    })
  }
  if (pull) {
    await here.judged('command', 'pass', head)
    const row = await places.store.transaction((tx) =>
      savePull(tx, {
        repositoryId: here.repo.id,
        workItemId: id,
        number: 40,
        url: 'http://127.0.0.1/acme/app/pull/40',
        headSha: head,
        baseBranch: 'main',
      }),
    )
    await places.store.db.update(pullRequests).set({ state: pull }).where(eq(pullRequests.id, row.id))
  }
  return here
}

type Expected = [outcome: 'done' | 'refused', next: ItemState, reply: RegExp]
type Row = [standing: Standing, retry: Expected, stop: Expected, resume: Expected]

const rows: Row[] = [
  [
    { state: 'queued' },
    ['done', 'queued', /on its way/],
    ['done', 'paused', /No agent was working.*paused.*`\/resume`/],
    ['done', 'queued', /not paused.*queued/],
  ],
  [
    { state: 'planning' },
    ['done', 'planning', /on its way/],
    ['done', 'paused', /No agent was working.*paused/],
    ['done', 'planning', /not paused.*Planning/],
  ],
  [
    { state: 'planning', run: true },
    ['done', 'planning', /on its way/],
    ['done', 'paused', /Stopping attempt 1/],
    ['done', 'planning', /not paused/],
  ],
  [
    { state: 'planning', waits: true },
    ['done', 'planning', /no longer waits/],
    ['done', 'paused', /paused/],
    ['done', 'planning', /not paused/],
  ],
  [
    { state: 'asking' },
    ['refused', 'asking', /nothing to try again.*`\/answer`/],
    ['done', 'paused', /paused/],
    ['done', 'asking', /not paused.*Waiting for an answer/],
  ],
  [
    { state: 'plan-review' },
    ['refused', 'plan-review', /nothing to try again.*`\/approve`.*`\/reject`/],
    ['done', 'paused', /paused/],
    ['done', 'plan-review', /not paused.*Plan waits for approval/],
  ],
  [
    { state: 'ready' },
    ['done', 'ready', /on its way/],
    ['done', 'paused', /No agent was working.*so that none starts/],
    ['done', 'ready', /not paused/],
  ],
  [
    { state: 'ready', waits: true },
    ['done', 'ready', /no longer waits/],
    ['done', 'paused', /paused/],
    ['done', 'ready', /not paused.*waits until 2099/],
  ],
  [
    { state: 'running', run: true },
    ['done', 'running', /on its way.*scripted/],
    ['done', 'paused', /Stopping attempt 1 by \*\*scripted\*\*.*`\/resume`/],
    ['done', 'running', /not paused/],
  ],
  [
    { state: 'running' },
    ['done', 'running', /on its way/],
    ['done', 'paused', /Stopping the work.*`\/resume`/],
    ['done', 'running', /not paused/],
  ],
  [
    { state: 'checking' },
    ['done', 'checking', /on its way.*gates/],
    ['done', 'paused', /Stopping the work/],
    ['done', 'checking', /not paused/],
  ],
  [
    { state: 'reviewing', pull: 'open' },
    ['refused', 'reviewing', /nothing to try again.*ask for changes in a review/],
    ['done', 'paused', /No agent was working.*Pull request #40 stays open and is not merged/],
    ['done', 'reviewing', /not paused.*#40/],
  ],
  [
    { state: 'approved', pull: 'open' },
    ['refused', 'approved', /nothing to try again.*ask for changes in a review/],
    ['done', 'paused', /Pull request #40 stays open and is not merged/],
    ['done', 'approved', /not paused.*#40/],
  ],
  [
    { state: 'merging', pull: 'open' },
    ['refused', 'merging', /nothing to try again.*is being merged/],
    ['refused', 'merging', /being merged at this moment/],
    ['done', 'merging', /not paused.*is being merged/],
  ],
  [
    { state: 'done' },
    ['refused', 'done', /nothing to try again.*It is done.*`\/queue`/],
    ['refused', 'done', /No agent is working here. It is done/],
    ['refused', 'done', /not paused. It is done/],
  ],
  ...(['skipped', 'cancelled'] as const).map(
    (state): Row => [
      { state },
      ['refused', state, /nothing to try again.*`\/queue`/],
      ['refused', state, /No agent is working here.*`\/queue`/],
      ['refused', state, /not paused.*`\/queue`/],
    ],
  ),
  [
    { state: 'held', from: 'running', run: true },
    ['done', 'ready', /Trying again/],
    ['done', 'held', /Stopping attempt 1.*held and needs a person.*`\/retry`/],
    ['done', 'ready', /Resumed/],
  ],
  ...aside('held', ['refused', 'held', /No agent is working here. It is held.*`\/retry`/]),
  ...aside('paused', ['done', 'paused', /Nothing to do. It is paused.*`\/resume`/]),
]

/** An item that stands aside goes on from wherever it was. */
function aside(state: 'held' | 'paused', stop: Expected): Row[] {
  const back: [Partial<Standing>, retry: ItemState, resume: ItemState][] = [
    [{ from: 'queued' }, 'queued', 'queued'],
    [{ from: 'planning' }, 'queued', 'planning'],
    [{ from: 'asking' }, 'queued', 'asking'],
    [{ from: 'plan-review' }, 'queued', 'plan-review'],
    [{ from: 'ready' }, 'queued', 'ready'],
    [{ from: 'running' }, 'queued', 'ready'],
    [{ from: 'checking' }, 'queued', 'ready'],
    [{ from: 'reviewing', pull: 'open' }, 'queued', 'reviewing'],
    [{ from: 'reviewing', pull: 'closed' }, 'queued', 'ready'],
    [{ from: 'approved', pull: 'open' }, 'queued', 'reviewing'],
    [{ from: 'merging', pull: 'open' }, 'queued', 'reviewing'],
    [{ from: state === 'held' ? 'paused' : 'held' }, 'queued', 'queued'],
    [{}, 'queued', 'queued'],
  ]
  return back.map(([standing, retry, resume]) => [
    { state, ...standing },
    ['done', retry, /Trying again/],
    stop,
    ['done', resume, /Resumed/],
  ])
}

const named = ({ state, ...rest }: Standing) => `${state} ${JSON.stringify(rest)}`
const cases = rows.flatMap(([standing, retry, stop, resume]) =>
  Object.entries({ retry, stop, resume }).map(
    ([command, expected]) => [`/${command} where it is ${named(standing)}`, command, standing, expected] as const,
  ),
)

describe('what a held issue offers', () => {
  const standings = rows.map(([standing]) => standing).filter(({ state }) => state === 'held')
  const offers = [
    ...heldChoices({ branch: 'b', headSha: null, pushed: false, draft: null, critical: false }).matchAll(
      /`(\/\w+(?: \w+)?)`/g,
    ),
  ]
  const all = standings.flatMap((standing) => offers.map(([, offer = '']) => [offer, standing] as const))

  test.each(all)('%s works: %o', async (offer, standing) => {
    const here = await placeIn(standing)
    expect((await here.say(offer)).outcome).toBe('done')
    if (offer !== '/agents log') expect((await here.item()).state).not.toBe('held')
  })

  test('it offers another try, another plan, the log, to skip and to give it up', () => {
    const all = ['/retry', '/replan', '/plan', '/agents log', '/skip', '/unqueue']
    expect(offers.map(([, offer]) => offer)).toEqual(all)
  })

  test('/retry with a text hands it to the next agent, before what went wrong', async () => {
    const here = await placeIn({ state: 'held', from: 'running', run: true })
    const { id } = await here.item()
    await places.store.db.update(runs).set({ stage: 'ended', lesson: 'It failed.' }).where(eq(runs.workItemId, id))
    await here.say('/retry use the other client')
    expect(await latestLesson(places.store.db, id)).toMatchObject({
      feedback: 'maintainer says how to do it now:\n\nuse the other client\n\nIt failed.',
    })
    const never = await placeIn({ state: 'held', from: 'queued' })
    expect((await never.say('/retry use the other client')).text).toContain('No agent has tried it yet')
  })
})

describe('from every state', () => {
  test.each(cases)('%s', async (_, command, standing, [outcome, next, reply]) => {
    const here = await placeIn(standing)
    const answer = await here.say(`/${command}`)
    expect(answer.text).toMatch(reply)
    expect({ outcome: answer.outcome, state: (await here.item()).state }).toEqual({ outcome, state: next })
    // Whatever a reply offers works.
    for (const offer of answer.text.match(/`\/(resume|retry|queue|unqueue)`/g) ?? []) {
      const again = await placeIn(standing)
      await again.say(`/${command}`)
      expect((await again.say(offer.slice(1, -1))).outcome, `${offer}, which the reply offers`).toBe('done')
    }
  })

  test('no state is missing', () => {
    expect(new Set(rows.map(([{ state }]) => state))).toEqual(new Set(Object.keys(lifecycle)))
  })
})
