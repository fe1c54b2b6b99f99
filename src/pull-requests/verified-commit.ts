/** Commits that GitHub makes and signs in the place of ours (`commits.verified`). */

import { enqueueEffect } from '../db/outbox.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { buildsOf } from '../db/runs.ts'
import { type ItemRow, lockItem } from '../db/work-items.ts'
import { commitMessage } from '../domain/commit-message.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { validBranch } from '../git/names.ts'
import { sha } from '../lib/ids.ts'
import { agentName } from '../messages/crew.ts'
import type { PullRequestContext } from './context.ts'

/**
 * Wants the head of an item made through GitHub instead of pushed. `on-commit-created` goes on from there.
 * @returns false when the server has it already: there is nothing to make
 */
export async function wantVerifiedCommit(
  context: PullRequestContext,
  control: BareClone,
  repo: RepositoryRow,
  item: ItemRow,
): Promise<boolean> {
  const [branch, head] = [validBranch(item.branch), sha(item.headSha ?? '')]
  const expected = (await control.remoteHead(branch)) ?? null
  if (expected === head) return false
  const [commit] = await control.log({ head }, 1)
  const tree = await control.treeOf(head)
  if (!commit || !tree) throw new Error(`the commit ${head} cannot be read`)
  const signer = settingsOf(repo).commits.signoff ? await context.github.author(repo) : undefined
  const builds = await buildsOf(context.store.db, item.id)
  const run = builds.findLast(({ headSha }) => headSha === head) ?? builds.at(-1)
  const made = { attempt: run?.attempt ?? 1, agent: run ? agentName(run) : 'person' }
  const message = commitMessage({ title: item.title, issueNumber: item.issueNumber, ...made }, signer)
  await context.store.transaction(async (tx) => {
    const current = await lockItem(tx, item.id)
    if (current?.state !== 'checking' || current.headSha !== head) return
    const payload = { branch, commit: head, tree, parents: commit.parents, message, expected }
    const target = { repositoryId: repo.id, workItemId: item.id }
    await enqueueEffect(
      tx,
      { ...target, key: `commit:${item.id}:${head}` },
      { kind: 'commit', payload },
      { again: true },
    )
  })
  return true
}
