import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findBreak } from '../../../src/db/audit-log.ts'
import { journal } from '../../../src/db/schema/core.ts'
import { addItem, getItem, saveSystem } from '../../../src/db/work-items.ts'
import { orHold } from '../../../src/work-items/dead-letter.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

async function anItem() {
  const facts = {
    repositoryId: 7,
    fullName: 'acme/app',
    private: false,
    installationId: 1,
    cloneUrl: 'http://127.0.0.1/x.git',
    defaultBranch: 'main',
  }
  const system = await saveSystem(opened.store.db, facts)
  const item = await opened.store.transaction((tx) =>
    addItem(
      tx,
      {
        systemId: system.id,
        issueNumber: 1,
        title: 't',
        state: 'queued',
        requestedBy: 'm',
        requestedById: 1,
        module: 'issue-1',
        branch: 'module/issue-1',
        baseBranch: 'main',
      },
      'm',
    ),
  )
  if (!item) throw new Error('no item')
  return { system, item }
}

test('an item whose job can never be done is held and says so; the journal is one chain, and a change in it is found', async () => {
  const { store } = opened
  const { system, item } = await anItem()
  const broken = orHold<'enlist'>(store, async () => {
    throw new Error('the disk is full')
  })
  const job = { queue: 'enlist' as const, workItemId: item.id }

  await expect(broken(job, { last: false })).rejects.toThrow('the disk is full')
  expect((await getItem(store.db, item.id))?.state).toBe('queued')
  await expect(broken(job, { last: true })).rejects.toThrow('the disk is full')
  const held = await getItem(store.db, item.id)
  expect(held).toMatchObject({ state: 'held', reason: expect.stringMatching(/enlist.*the disk is full[\s\S]*\/retry/) })

  expect(await findBreak(store.db, system.id)).toBeUndefined()
  const [first] = await store.db.select().from(journal).orderBy(journal.id).limit(1)
  await store.db
    .update(journal)
    .set({ actor: 'somebody else' })
    .where(eq(journal.id, first?.id ?? 0))
  expect(await findBreak(store.db, system.id)).toBe(first?.id)
})
