/** `/stop`, `/pause`, `/resume` and `/retry`: aside and back again. On a real store. */

import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { savePull } from '../../../src/db/pull-requests.ts'
import { getRepository } from '../../../src/db/repositories.ts'
import { runsOf } from '../../../src/db/runs.ts'
import { repositories } from '../../../src/db/schema/repositories.ts'
import { workItems } from '../../../src/db/schema/work-items.ts'
import { getItem } from '../../../src/db/work-items.ts'
import type { ItemState } from '../../../src/lib/item-state.ts'
import { newHead, openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>

beforeAll(async () => {
  places = await openPlaces()
})

afterAll(() => places.close())

describe('/stop and /resume', () => {
  it('stop an attempt, say how far it was, and go on', async () => {
    const here = await places.place()
    await here.say('/queue')
    await here.go('ready')
    await here.start('Step 2 of 5: write @everyone the hands')
    const reply = await here.say('/stop')
    expect(reply.outcome).toBe('done')
    expect(reply.text).toContain('Stopping attempt 1 by **scripted**, which had reached “Step 2 of 5')
    expect(reply.text).not.toContain('@everyone')
    const item = await here.item()
    expect(item).toMatchObject({ state: 'paused', resumeState: 'running' })
    expect(item.reason).toContain('Stopped by maintainer, in attempt 1, which had reached “Step 2 of 5')
    expect((await here.say('/stop')).text).toContain('Nothing to do. It is paused')
    expect((await here.say('/status')).text).toContain('Step 2 of 5')
    const resumed = await here.say('/resume')
    expect(resumed.text).toContain('Resumed.')
    expect(await here.item()).toMatchObject({ state: 'ready', reason: 'Resumed by maintainer.' })
    expect((await here.say('/resume')).text).toContain('It is not paused.')
  })

  it('stop pauses an issue on which no agent works yet', async () => {
    const here = await places.place()
    expect(await here.say('/stop')).toEqual({ text: 'No agent is working here.', outcome: 'refused' })
    await here.say('/queue')
    expect((await here.say('/stop')).text).toContain('so that none starts')
    expect((await here.item()).state).toBe('paused')
  })

  it('stop --all stops what works in this repository, and nothing elsewhere', async () => {
    const [here, there] = [await places.place(), await places.place()]
    for (const one of [here, there]) {
      await one.say('/queue')
      await one.go('ready')
      await one.start()
    }
    const reply = await here.say('/stop --all')
    expect(reply.text).toContain('Stopping the work on #12.')
    expect((await here.item()).state).toBe('paused')
    expect((await there.item()).state).toBe('running')
    expect((await here.say('/stop --all')).text).toBe('No agent is working in this repository.')
  })

  it.each([
    ['queued', [], 'queued'],
    ['ready', ['ready'], 'ready'],
    ['running', ['ready', 'running'], 'ready'],
    ['checking', ['ready', 'running', 'checking'], 'ready'],
  ] satisfies [string, ItemState[], ItemState][])('a %s item that was paused goes on', async (_, states, back) => {
    const here = await places.place()
    await here.say('/queue')
    await here.go(...states)
    expect((await here.say('/pause')).outcome).toBe('done')
    expect((await here.item()).state).toBe('paused')
    expect((await here.say('/resume')).outcome).toBe('done')
    expect((await here.item()).state).toBe(back)
  })
})

describe('/resume of a pull request', () => {
  it('has the gates judge what a person pushed during the pause', async () => {
    const here = await places.place()
    const pull = await here.review()
    await here.say('/pause')
    await places.store.transaction((tx) => savePull(tx, { ...pull, headSha: newHead }))
    expect((await here.say('/resume')).text).toContain('Resumed. The gates are checking `bbbbbbb`.')
    const item = await here.item()
    expect(item).toMatchObject({ state: 'checking', headSha: newHead })
    const last = (await runsOf(places.store.db, item.id)).at(-1)
    expect(last).toMatchObject({ agent: 'person', stage: 'gates', headSha: newHead, countsAsAttempt: false })
    expect(await places.jobs('run-gates')).toContainEqual({ runId: last?.id })

    expect((await here.say('/stop')).text).toContain('Stopping the check of what a person pushed.')
    await here.end(last?.id ?? 0, 'stopped')
    await here.say('/resume')
    expect((await here.item()).state).toBe('checking')
    expect((await runsOf(places.store.db, item.id)).at(-1)?.id).not.toBe(last?.id)
  })

  it('goes back to the review of a head that was judged', async () => {
    const here = await places.place()
    await here.review()
    await here.say('/pause')
    expect((await here.say('/resume')).text).toContain('Resumed. Pull request #40 at `aaaaaaa` waits for people.')
    expect((await here.item()).state).toBe('reviewing')
  })
})

describe('/pause', () => {
  it('pauses the item and ends its attempt', async () => {
    const here = await places.place()
    await here.say('/queue')
    await here.go('ready')
    await here.start()
    const reply = await here.say('/pause')
    expect(reply.text).toContain('It stops attempt 1 by **scripted**; what was changed is kept.')
    expect((await here.say('/pause')).text).toContain('Nothing to do.')
    expect((await here.item()).reason).toBe('Paused by maintainer, in attempt 1.')
  })

  it('has nothing to pause where nothing is on its way', async () => {
    const here = await places.place()
    expect((await here.say('/pause')).outcome).toBe('refused')
    await here.say('/queue')
    await here.go('held')
    expect((await here.say('/pause')).outcome).toBe('refused')
    expect((await here.item()).state).toBe('held')
  })

  it('with all, holds the repository and lets running attempts finish', async () => {
    const here = await places.place()
    await here.say('/queue')
    await here.go('ready')
    await here.start()
    const reply = await here.say('/pause all')
    expect(reply.text).toContain('no new attempt starts, running ones finish')
    expect((await getRepository(places.store.db, here.repo.id))?.state).toBe('paused')
    expect((await here.item()).state).toBe('running')
    expect((await here.say('/pause all')).text).toContain('is paused already')
    await here.go('ready')
    expect((await here.say('/status')).text).toContain('The whole repository is paused; `/resume all` lets work start.')
    await here.say('/pause')
    expect((await here.say('/resume all')).text).toBe(
      'The repository goes on. Paused by themselves, and still so: #12.',
    )
    expect((await getRepository(places.store.db, here.repo.id))?.state).toBe('active')
    expect((await here.say('/resume all')).text).toContain('was not paused')
  })

  it('does not bring back a repository that is gone', async () => {
    const here = await places.place()
    await places.store.db.update(repositories).set({ state: 'gone' }).where(eq(repositories.id, here.repo.id))
    await here.say('/resume all')
    await here.say('/pause all')
    expect((await getRepository(places.store.db, here.repo.id))?.state).toBe('gone')
  })
})

describe('/retry', () => {
  it('makes a held item ready again and says what is reset', async () => {
    const here = await places.place()
    await here.say('/queue')
    await here.go('ready')
    const first = await here.start()
    await here.end(first.id, 'crashed')
    await here.go('ready')
    const second = await here.start()
    await here.end(second.id, 'gates failed')
    await here.go('held')
    const reply = await here.say('/retry')
    expect(reply).toEqual({
      text: 'Trying again. The 2 attempts so far no longer count: 4 are free again. The branch and what earlier attempts left are kept.',
      outcome: 'done',
    })
    expect(await here.item()).toMatchObject({ state: 'ready', freshSince: second.id })
    expect((await here.say('/retry')).text).toContain('It is on its way already.')
    expect((await here.say('/status')).text).not.toContain('Attempts used')
  })

  it('reads an item again that was held before it was ready', async () => {
    const here = await places.place()
    await here.say('/queue')
    await here.go('held')
    expect((await here.say('/retry')).text).toBe('Trying again.')
    expect((await here.item()).state).toBe('queued')
  })

  it('does not make an item wait that waits for a time', async () => {
    const here = await places.place()
    await here.say('/queue')
    const item = await here.go('ready')
    const later = new Date('2099-01-01T10:30:00Z')
    await places.store.db.update(workItems).set({ notBefore: later }).where(eq(workItems.id, item.id))
    expect((await here.say('/status')).text).toContain('It waits until 2099-01-01 10:30 UTC.')
    expect((await here.say('/retry')).text).toContain('no longer waits')
    expect((await getItem(places.store.db, item.id))?.notBefore).toBeNull()
    expect(await places.jobs('schedule')).not.toHaveLength(0)
  })

  it('sends a reviewer to the review', async () => {
    const here = await places.place()
    await here.review()
    const reply = await here.say('/retry')
    expect(reply.outcome).toBe('refused')
    expect(reply.text).toContain('ask for changes in a review')
    expect((await here.item()).state).toBe('reviewing')
  })
})
