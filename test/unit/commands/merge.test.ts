/** `/merge`: whose word, about which commit, after which approvals. On a real store. */

import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getPull, savePull } from '../../../src/db/pull-requests.ts'
import { pullRequests } from '../../../src/db/schema/pull-requests.ts'
import { head, newHead, openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>

beforeAll(async () => {
  places = await openPlaces()
})

afterAll(() => places.close())

describe('/merge', () => {
  it('asks for the merge of exactly the approved head', async () => {
    const here = await places.place()
    const pull = await here.review()
    await here.reviewed('approved')
    const reply = await here.say('/merge')
    expect(reply).toEqual({
      text: 'I merge #40 at `aaaaaaa` once it is approved and green.',
      outcome: 'done',
      settles: true,
    })
    expect(await getPull(places.store.db, pull.id)).toMatchObject({
      mergeRequestedBy: 'maintainer',
      mergeRequestedById: 7,
      mergeSha: head,
    })
    expect(await places.jobs('merge-pull-request')).toContainEqual({ pullRequestId: pull.id })
    expect((await here.say('/merge')).text).toContain('Already asked for')
    expect((await here.say('/status')).text).toContain('maintainer asked to merge it')
  })

  it('works on the pull request as on the issue', async () => {
    const here = await places.place()
    const pull = await here.review()
    await here.reviewed('approved')
    const reply = await here.say('/merge', { pull, issue: { ...here.issue, number: 40, isPullRequest: true } })
    expect(reply.outcome).toBe('done')
    expect((await getPull(places.store.db, pull.id))?.mergeSha).toBe(head)
  })

  it('is refused on another pull request of the same branch', async () => {
    const here = await places.place()
    const pull = await here.review()
    const reply = await here.say('/merge', { issue: { ...here.issue, number: 41, isPullRequest: true } })
    expect(reply).toMatchObject({ outcome: 'refused', text: expect.stringContaining('Say it on #40.') })
    expect((await getPull(places.store.db, pull.id))?.mergeSha).toBeNull()
  })

  it('leaves it to GitHub who has approved: the news of a review may come later than the command', async () => {
    const here = await places.place()
    const pull = await here.review()
    expect((await here.say('/merge')).outcome).toBe('done')
    expect((await getPull(places.store.db, pull.id))?.mergeSha).toBe(head)
    expect(await places.jobs('merge-pull-request')).toContainEqual({ pullRequestId: pull.id })
  })

  it.each([
    ['did not judge it', {}, 'the gates have not judged `aaaaaaa`'],
    ['failed', { changes: 'pass', command: 'fail' }, 'the gate command failed on `aaaaaaa`: The command summary.'],
  ] as const)('refuses when the gates %s', async (_, gates, why) => {
    const here = await places.place()
    await here.review(gates)
    await here.reviewed('approved')
    const reply = await here.say('/merge')
    expect(reply.outcome).toBe('refused')
    expect(reply.text).toContain(why)
  })

  it('asks for an explicit word about protected paths, bound to the commit', async () => {
    const here = await places.place()
    const pull = await here.review({ changes: 'pass', 'protected-paths': 'needs-approval' })
    await here.reviewed('approved')
    const refused = await here.say('/merge')
    expect(refused.outcome).toBe('refused')
    expect(refused.text).toContain(
      'The protected-paths summary. Look at them and approve it, then say `/merge --protected`.',
    )
    expect((await here.item()).protectedAllowedSha).toBeNull()
    expect((await here.say('/merge --protected')).text).toContain('Allowed with it: The protected-paths summary.')
    expect((await here.item()).protectedAllowedSha).toBe(head)
    expect((await here.say('/merge')).outcome).toBe('done')

    await places.store.transaction((tx) => savePull(tx, { ...pull, headSha: newHead }))
    await here.judged('protected-paths', 'needs-approval', newHead)
    await here.reviewed('approved', 'reviewer', newHead)
    expect((await here.say('/merge')).outcome).toBe('refused')
  })

  it('does not allow protected paths when it is refused for another reason', async () => {
    const here = await places.place()
    await here.review({ 'protected-paths': 'needs-approval', command: 'fail' })
    expect((await here.say('/merge --protected')).outcome).toBe('refused')
    expect((await here.item()).protectedAllowedSha).toBeNull()
  })

  it('says why there is nothing to merge', async () => {
    const here = await places.place()
    expect((await here.say('/merge')).text).toContain('There is no pull request to merge here.')
    const pull = await here.review()
    await here.reviewed('approved')
    await here.say('/pause')
    expect((await here.say('/merge')).text).toContain('#40 cannot be merged now. It is paused')
    await here.say('/resume')
    await places.store.db.update(pullRequests).set({ state: 'closed' }).where(eq(pullRequests.id, pull.id))
    expect((await here.say('/merge')).text).toBe('#40 is closed. Open it again first.')
    await places.store.db.update(pullRequests).set({ state: 'merged' }).where(eq(pullRequests.id, pull.id))
    expect(await here.say('/merge')).toEqual({ text: '#40 is merged already.', outcome: 'done' })
  })

  it('is not stored when the head moves at the same moment', async () => {
    const here = await places.place()
    const pull = await here.review()
    await here.reviewed('approved')
    await places.store.transaction((tx) => savePull(tx, { ...pull, headSha: newHead }))
    // The context still has the pull request as it was read before the push.
    await expect(here.say('/merge', { pull })).rejects.toThrow('has moved')
    expect((await getPull(places.store.db, pull.id))?.mergeSha).toBeNull()
  })
})
