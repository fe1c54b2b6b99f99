/** Where the work of a removed worktree was kept is said on its issue. */

import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { effects } from '../../../src/db/schema/effects.ts'
import { currentWorktree, takeWorktree } from '../../../src/db/worktrees.ts'
import { renderStatus } from '../../../src/work-items/status-comment.ts'
import { worktreeRemoved } from '../../../src/work-items/worktree-removed.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

/** An item that was given up, with the worktree that its agent had, and with nothing to be written to GitHub. */
async function givenUp() {
  const { db } = places.store
  const here = await places.place()
  await here.say('/queue')
  await here.go('ready', 'running', 'cancelled')
  const { id, branch } = await here.item()
  const facts = { workItemId: id, path: `/trees/${id}`, branch, baseSha: 'a'.repeat(40), runId: null }
  const row = await takeWorktree(db, undefined, facts)
  await db.update(effects).set({ state: 'done' })
  const edits = () =>
    db
      .select()
      .from(effects)
      .where(and(eq(effects.key, `status:${id}`), eq(effects.state, 'pending')))
  return { id, row, edits }
}

test('kept work is named with its ref, at once', async () => {
  const { id, row, edits } = await givenUp()
  const ref = 'refs/tutti/rescue/module/issue-12/1'
  await worktreeRemoved(places.store, row, ref)
  expect(await edits()).toHaveLength(1)
  expect(await renderStatus(places.store.db, id)).toContain(ref)
  expect(await currentWorktree(places.store.db, id)).toBeUndefined()
})

test('where there was nothing to keep, nothing is said', async () => {
  const { id, row, edits } = await givenUp()
  await worktreeRemoved(places.store, row, undefined)
  expect(await edits()).toEqual([])
  expect(await renderStatus(places.store.db, id)).not.toContain('refs/tutti')
})
