/** What `/queue`, `/unqueue`, `/status` and `/help` do, and what holds for every command. On a real store. */

import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isSlash } from '../../../src/commands/parse.ts'
import { findBrokenLink, latestEntries } from '../../../src/db/audit-log.ts'
import { saveDecisions } from '../../../src/db/decisions.ts'
import { getPull } from '../../../src/db/pull-requests.ts'
import { getRepository } from '../../../src/db/repositories.ts'
import { runsOf } from '../../../src/db/runs.ts'
import { workItems } from '../../../src/db/schema/work-items.ts'
import { commands, openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>

beforeAll(async () => {
  places = await openPlaces()
})

afterAll(() => places.close())

describe('/queue', () => {
  it('makes a work item from the issue as it is now', async () => {
    const here = await places.place()
    const reply = await here.say('/queue')
    expect(reply).toEqual({ text: 'Queued.', outcome: 'done' })
    const item = await here.item()
    expect(item).toMatchObject({
      state: 'queued',
      title: 'Add a clock',
      body: 'It should tell the time.',
      requestedBy: 'maintainer',
      requestedById: 7,
      priority: 1,
      effort: 'L',
      module: 'issue-12',
      branch: 'module/issue-12',
      baseBranch: 'main',
    })
    expect(await places.jobs('triage')).toContainEqual({ workItemId: item.id })
  })

  it('says where it stands when it is queued already, and changes nothing', async () => {
    const here = await places.place()
    await here.say('/queue')
    const before = await here.go('ready')
    const reply = await here.say('/queue')
    expect(reply).toEqual({
      text: 'Nothing to do. It starts as soon as an agent is free. Because ready.',
      outcome: 'done',
    })
    expect(await here.item()).toEqual(before)
  })

  it.each(['cancelled', 'skipped', 'held'] as const)(
    'queues a %s item again, with its new text and a fresh count',
    async (state) => {
      const here = await places.place()
      await here.say('/queue')
      await here.go('ready')
      const run = await here.start()
      await here.end(run.id, 'crashed')
      await here.go(state)
      const reply = await here.say('/queue', { issue: { ...here.issue, title: 'Add two clocks', labels: [] } })
      expect(reply).toEqual({
        text: 'Queued again with its text as it is now; earlier attempts no longer count.',
        outcome: 'done',
      })
      expect(await here.item()).toMatchObject({
        state: 'queued',
        title: 'Add two clocks',
        effort: null,
        freshSince: run.id,
      })
    },
  )

  it('queues a done issue again once it is open', async () => {
    const here = await places.place()
    await here.review()
    await here.go('merging', 'done')
    const closed = await here.say('/queue', { issue: { ...here.issue, state: 'closed' } })
    expect(closed).toEqual({ text: 'This issue is closed. Open it again first.', outcome: 'refused' })
    expect((await here.item()).state).toBe('done')
    expect((await here.say('/queue')).outcome).toBe('done')
    expect((await here.item()).state).toBe('queued')
  })

  it('leaves a paused item to /resume', async () => {
    const here = await places.place()
    await here.say('/queue')
    await here.say('/pause')
    const reply = await here.say('/queue')
    expect(reply.outcome).toBe('refused')
    expect(reply.text).toContain('`/resume` goes on')
    expect((await here.item()).state).toBe('paused')
  })

  it('belongs on an issue', async () => {
    const here = await places.place()
    const reply = await here.say('/queue', { issue: { ...here.issue, isPullRequest: true } })
    expect(reply.outcome).toBe('refused')
    expect(reply.text).toContain('not a pull request')
  })

  it('gives two issues of one module their own branches', async () => {
    const here = await places.place()
    const labels = ['module: Web/../UI  Kit.lock ']
    await here.say('/queue', { issue: { ...here.issue, labels } })
    await here.say('/queue', { issue: { ...here.issue, number: 13, labels }, item: undefined })
    const branches = await places.store.db
      .select({ branch: workItems.branch })
      .from(workItems)
      .where(eq(workItems.repositoryId, here.repo.id))
      .orderBy(workItems.id)
    expect(branches.map((row) => row.branch)).toEqual(['module/web-ui-kit-lock-12', 'module/web-ui-kit-lock-13'])
  })
})

describe('/unqueue', () => {
  it('cancels the item and tells its agent to stop', async () => {
    const here = await places.place()
    await here.say('/queue')
    await here.go('ready')
    const run = await here.start()
    const reply = await here.say('/unqueue')
    expect(reply).toEqual({
      text: 'Cancelled, and its agent was asked to stop. `/queue` queues it again.',
      outcome: 'done',
    })
    const item = await here.item()
    expect(item).toMatchObject({ state: 'cancelled', reason: 'Cancelled by maintainer, in attempt 1.' })
    expect((await runsOf(places.store.db, item.id))[0]).toMatchObject({ id: run.id, stop: 'Cancelled by maintainer' })
    const again = await here.say('/unqueue')
    expect(again.outcome).toBe('done')
    expect(again.text).toContain('Nothing to do. Cancelled by maintainer')
  })

  it('says that nothing is queued, and that what is done is done', async () => {
    const here = await places.place()
    expect(await here.say('/unqueue')).toEqual({ text: 'Nothing is queued here.', outcome: 'done' })
    await here.review()
    await here.go('merging')
    const merging = await here.say('/unqueue')
    expect(merging).toEqual({
      text: 'It is being merged at this moment; that cannot be taken back.',
      outcome: 'refused',
    })
    await here.go('done')
    expect((await here.say('/unqueue')).outcome).toBe('refused')
    expect((await here.item()).state).toBe('done')
  })

  it('takes a /merge back and names the pull request that stays open', async () => {
    const here = await places.place()
    const pull = await here.review()
    await here.reviewed('approved')
    expect((await here.say('/merge')).outcome).toBe('done')
    expect((await here.say('/unqueue')).text).toContain('Pull request #40 stays open')
    expect(await getPull(places.store.db, pull.id)).toMatchObject({
      mergeRequestedBy: null,
      mergeRequestedById: null,
      mergeSha: null,
    })
  })
})

describe('/status', () => {
  it('says what an item waits for, in the words of the last decision', async () => {
    const here = await places.place()
    expect((await here.say('/status')).text).toBe('Nothing is queued here. `/queue` queues it.')
    await here.say('/queue')
    expect((await here.say('/status')).text).toBe('It is queued and will be looked at in a moment.')
    const item = await here.go('ready')
    await places.store.transaction((tx) =>
      saveDecisions(tx, [
        { workItemId: item.id, action: 'wait', reasons: [], explanation: 'It depends on #11, which is open.' },
      ]),
    )
    expect((await here.say('/status')).text).toBe('It depends on #11, which is open.')
    await here.start('Step 1 of 2')
    expect((await here.say('/status')).text).toBe('**scripted** is working on it (attempt 1). It says: “Step 1 of 2”.')
  })

  it('writes commands with the prefix of the repository', async () => {
    const here = await places.place({ prefix: '/tutti' })
    expect((await here.say('/tutti status')).text).toBe('Nothing is queued here. `/tutti queue` queues it.')
  })
})

describe('/help', () => {
  it('lists every command', async () => {
    const here = await places.place()
    const { text } = await here.say('/help')
    for (const command of commands.values()) if (isSlash(command)) expect(text).toContain(`/${command.name}`)
    expect(text).toContain('| `/merge [--protected]` | Merges the pull request')
  })

  it('explains one, and names the nearest to a mistyped one', async () => {
    const here = await places.place({ prefix: '/tutti' })
    expect((await here.say('/tutti help merge')).text).toContain(
      'For example: `/tutti merge`, `/tutti merge --protected`.',
    )
    const unknown = await here.say('/tutti help merg')
    expect(unknown.outcome).toBe('refused')
    expect(unknown.text).toContain('did you mean `/tutti merge`?')
  })
})

describe('every command', () => {
  it('is in the journal with who said it, unless it only reads', async () => {
    const here = await places.place()
    await here.say('/queue')
    await here.say('/status')
    await here.say('/help')
    await here.say('/merge')
    const entries = await latestEntries(places.store.db, here.repo.id, 10)
    expect(entries.map((entry) => entry.what)).toEqual(['refused /merge', '/queue', 'queued'])
    expect(entries[0]).toMatchObject({ actor: 'maintainer', detail: { actorId: 7, on: 12 } })
    expect(await findBrokenLink(places.store.db, here.repo.id)).toBeUndefined()
  })

  it('changes nothing when it is said twice', async () => {
    for (const line of [
      '/queue',
      '/pause',
      '/unqueue',
      '/stop',
      '/resume',
      '/retry',
      '/merge',
      '/pause all',
      '/resume all',
    ]) {
      const here = await places.place()
      await here.review()
      await here.reviewed('approved')
      await here.say(line)
      const before = [await here.item(), await getRepository(places.store.db, here.repo.id)]
      await here.say(line)
      const after = [await here.item(), await getRepository(places.store.db, here.repo.id)]
      const withoutHash = (rows: unknown[]) => rows.map((row) => ({ ...(row as object), auditHash: '' }))
      expect(withoutHash(after), line).toEqual(withoutHash(before))
    }
  })

  it('acts on the item as it is now, not as the caller read it', async () => {
    const here = await places.place()
    await here.say('/queue')
    const old = await here.item()
    await here.go('ready')
    await here.start()
    expect((await here.say('/stop', { item: old })).outcome).toBe('done')
    expect((await here.item()).state).toBe('paused')
  })
})
