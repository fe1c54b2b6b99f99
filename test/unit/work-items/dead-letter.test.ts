import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findBrokenLink } from '../../../src/db/audit-log.ts'
import { saveRepository } from '../../../src/db/repositories.ts'
import { auditLog } from '../../../src/db/schema/repositories.ts'
import { addWorkItem, getItem } from '../../../src/db/work-items.ts'
import { holdItem } from '../../../src/work-items/dead-letter.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

async function anItem() {
  const facts = {
    githubId: 7,
    fullName: 'acme/app',
    private: false,
    installationId: 1,
    cloneUrl: 'http://127.0.0.1/x.git',
    defaultBranch: 'main',
  }
  const repo = await saveRepository(opened.store.db, facts)
  const item = await opened.store.transaction((tx) =>
    addWorkItem(
      tx,
      {
        repositoryId: repo.id,
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
  return { repo, item }
}

test('an item whose job can never be done is held and says so; the journal is one chain, and a change in it is found', async () => {
  const { store } = opened
  const { repo, item } = await anItem()
  await holdItem({ store }, { queue: 'triage', workItemId: item.id }, new Error('the disk is full'))
  const held = await getItem(store.db, item.id)
  expect(held).toMatchObject({ state: 'held', reason: expect.stringMatching(/triage.*the disk is full[\s\S]*\/retry/) })

  expect(await findBrokenLink(store.db, repo.id)).toBeUndefined()
  const [first] = await store.db.select().from(auditLog).orderBy(auditLog.id).limit(1)
  await store.db
    .update(auditLog)
    .set({ actor: 'someone else' })
    .where(eq(auditLog.id, first?.id ?? 0))
  expect(await findBrokenLink(store.db, repo.id)).toBe(first?.id)
})
