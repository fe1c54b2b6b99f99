/** What follows when the server refuses a push: the agent mends its content, a person mends everything else. */

import { eq } from 'drizzle-orm'
import type { Store, Tx } from '../db/connect.ts'
import { saveGateResult } from '../db/pull-requests.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { buildsOf, type RunRow } from '../db/runs.ts'
import { runs } from '../db/schema/runs.ts'
import { type ItemRow, lockItem, transition } from '../db/work-items.ts'
import { isContentRefusal, type PushRefusal } from '../domain/push-refusal.ts'
import { isAgentRun } from '../domain/run-author.ts'
import { digestOfLog } from '../gates/lib/output.ts'
import { refusedContent, refusedPush } from '../messages/pushes.ts'

/** The name of the refusal among the gates of a commit. */
const gate = 'push'

/**
 * Acts on a refusal that would come again. Content goes back to the agent as a failed gate; for all else the item is
 * held, with the server's words.
 */
export async function pushRefused(
  { store }: { store: Store },
  repo: RepositoryRow,
  item: ItemRow,
  refusal: PushRefusal,
): Promise<void> {
  await store.transaction(async (tx) => {
    const current = await lockItem(tx, item.id)
    if (current?.state !== 'checking' || current.headSha !== item.headSha) return
    const run = isContentRefusal(refusal) ? await writerOf(tx, current) : undefined
    if (run) return sendBack(tx, current, run, refusal)
    const { verified } = settingsOf(repo).commits
    await transition(tx, current, 'held', {
      actor: 'tutti',
      why: refusedPush({ branch: current.branch, refusal, verified }),
    })
  })
}

/** The agent's attempt that made the refused commit; a person mends their own. */
async function writerOf(tx: Tx, item: ItemRow): Promise<RunRow | undefined> {
  const made = (await buildsOf(tx.db, item.id)).findLast((run) => run.headSha === item.headSha)
  return made && isAgentRun(made) ? made : undefined
}

async function sendBack(tx: Tx, item: ItemRow, run: RunRow, refusal: PushRefusal): Promise<void> {
  const summary = refusedContent(refusal)
  await saveGateResult(tx, {
    ...{ workItemId: item.id, sha: item.headSha ?? '', gate, verdict: 'fail' as const, milliseconds: 0 },
    ...{ summary, log: refusal.words, logDigest: digestOfLog(refusal.words) },
  })
  const signature = `${gate}: ${refusal.kind}`
  await tx.db.update(runs).set({ outcome: 'gates failed', summary, signature }).where(eq(runs.id, run.id))
  await tx.enqueue({ queue: 'after-run', runId: run.id })
}
