/** Pull requests in review on a real store, with a GitHub in memory and a clone whose git is made up. */

import { eq } from 'drizzle-orm'
import { pino } from 'pino'
import { saveGateResult } from '../../src/db/pull-requests.ts'
import { pullRequests } from '../../src/db/schema/pull-requests.ts'
import { repositories } from '../../src/db/schema/repositories.ts'
import { workItems } from '../../src/db/schema/work-items.ts'
import type { BareClone } from '../../src/git/bare-clone.ts'
import { type Sha, sha } from '../../src/lib/ids.ts'
import type { PullRequestContext } from '../../src/pull-requests/context.ts'
import { commit } from './fake-github.ts'
import { Stage } from './webhook-stage.ts'

/** A clone in which `main` is at `base`. What a test needs beyond that it puts in. */
export function fakeClone(base: Sha, more: Partial<BareClone>): BareClone {
  const clone: Partial<BareClone> = {
    fetch: async () => {},
    resolve: async (ref) => sha(ref),
    share: async () => {},
    remoteHead: async () => base,
    readFile: async () => undefined,
    listFolder: async () => [],
    isAncestor: async () => false,
    treeOf: async (of) => of,
    ...more,
  }
  return clone as BareClone
}

/** A repository, and what its jobs work with. */
export async function openMergePlace(clone: BareClone) {
  const stage = await Stage.open()
  const repo = await stage.withSettings()
  await stage.store.db.update(repositories).set({ fetchedRevision: 1 }).where(eq(repositories.id, repo.id))
  const context = {
    store: stage.store,
    github: stage.github,
    log: pino({ level: 'silent' }),
    control: async () => clone,
  } as unknown as PullRequestContext

  /** A pull request in review whose gates have passed. */
  async function underReview() {
    const head = commit()
    const item = await stage.issueIn('reviewing')
    const pull = await stage.pullOf(item, head)
    await stage.store.db.update(workItems).set({ headSha: head }).where(eq(workItems.id, item.id))
    await stage.store.transaction((tx) =>
      saveGateResult(tx, {
        ...{ workItemId: item.id, sha: head, gate: 'tests', verdict: 'pass' as const },
        ...{ summary: 'passed', log: '', logDigest: null, milliseconds: 1 },
      }),
    )
    return {
      id: pull.id,
      number: pull.number,
      head,
      issueNumber: item.issueNumber,
      now: () => stage.item(item.issueNumber),
    }
  }

  /** The same, approved, with `/merge` said about its head. */
  async function approved() {
    const pull = await underReview()
    await stage.deliver(stage.people.review(pull.number, 'approved', stage.maintainer))
    const request = { mergeRequestedBy: 'maintainer', mergeRequestedById: stage.maintainer.id, mergeSha: pull.head }
    await stage.store.db.update(pullRequests).set(request).where(eq(pullRequests.id, pull.id))
    return pull
  }
  return { stage, repo, context, underReview, approved }
}
