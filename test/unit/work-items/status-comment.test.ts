/** The comment of a roadmap, from the tables: parts of parts, and when it is shown again. */

import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RepositoryRow, saveRepository } from '../../../src/db/repositories.ts'
import { effects } from '../../../src/db/schema/effects.ts'
import { dependencies } from '../../../src/db/schema/work-items.ts'
import { addWorkItem, type ItemRow, transition } from '../../../src/db/work-items.ts'
import { renderStatus } from '../../../src/work-items/status-comment.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'

let opened: TestStore
let repo: RepositoryRow
beforeAll(async () => {
  opened = await openTestStore()
  repo = await saveRepository(opened.store.db, {
    githubId: 1,
    fullName: 'Acme/App',
    private: false,
    installationId: 1,
    cloneUrl: 'http://localhost/acme/app.git',
    defaultBranch: 'main',
  })
})
afterAll(() => opened.close())

async function item(issueNumber: number, rest: Partial<ItemRow> = {}): Promise<ItemRow> {
  const row = await opened.store.transaction((tx) =>
    addWorkItem(
      tx,
      {
        repositoryId: repo.id,
        issueNumber,
        title: `Part ${issueNumber}`,
        state: 'ready',
        requestedBy: 'maintainer',
        requestedById: 1,
        module: `issue-${issueNumber}`,
        branch: `module/issue-${issueNumber}`,
        baseBranch: 'main',
        ...rest,
      },
      'maintainer',
    ),
  )
  if (!row) throw new Error('the item was not stored')
  return row
}

async function edge(dependent: ItemRow, issueNumber: number, source: 'sub-issue' | 'task-list' | 'body', position = 0) {
  const row = {
    dependentId: dependent.id,
    repository: 'acme/app',
    issueNumber,
    source,
    position,
    blocker: 'open' as const,
  }
  await opened.store.db.insert(dependencies).values(row)
}

async function effectOf(epic: ItemRow) {
  const [row] = await opened.store.db
    .select()
    .from(effects)
    .where(eq(effects.key, `status:${epic.id}`))
  return row
}

test('parts of parts are shown once, in their order; a step of one renews every roadmap above it, later', async () => {
  const top = await item(1, { kind: 'epic', title: 'Everything' })
  const inner = await item(2, { kind: 'epic', title: 'Accounts' })
  const [login, admin] = [await item(3, { title: 'Log in' }), await item(4, { title: 'Admin', labels: ['module:web'] })]
  await edge(top, 4, 'sub-issue', 0)
  await edge(top, 2, 'task-list', 1)
  await edge(top, 9, 'task-list', 2)
  await edge(inner, 3, 'sub-issue')
  // Someone made a circle of the two roadmaps.
  await edge(inner, 1, 'sub-issue', 1)
  await edge(admin, 3, 'body')

  const text = await renderStatus(opened.store.db, top.id)
  expect(text).toContain('### 🗺 0 of 3 done')
  expect(text).toMatch(
    /n0\["#35;4 Admin"\]:::waits\n {2}n1\(\["#35;2 Accounts"\]\):::waits\n {2}n2\["#35;9"\]:::outside/,
  )
  expect(text).toContain('n3["#35;3 Log in"]:::ready')
  expect(text).toContain('- #4 waits for #3')
  expect(text.match(/Log in"\]/g)).toHaveLength(1)

  const before = await effectOf(top)
  await opened.store.transaction(async (tx) => {
    await transition(tx, login, 'running', { actor: 'tutti', why: 'Attempt 1.' })
  })
  const [above, farAbove] = [await effectOf(inner), await effectOf(top)]
  expect(above?.revision).toBe((before?.revision ?? 0) + 1)
  expect(farAbove?.revision).toBe((before?.revision ?? 0) + 1)
  expect(await renderStatus(opened.store.db, inner.id)).toContain('### 🗺 0 of 3 done')
  expect(await renderStatus(opened.store.db, login.id)).not.toContain('mermaid')
})
