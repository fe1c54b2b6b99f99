/** The gates passed: the branch is pushed, and a pull request and a Check Run with the evidence are wanted. */

import { defaultSettings } from '../config/settings.ts'
import { want } from '../db/outbox.ts'
import { gateRows } from '../db/pull-requests.ts'
import { BaseGone, freshen } from '../db/repositories.ts'
import { buildsOf, type RunRow } from '../db/runs.ts'
import { advance, getItem, getSystem, type ItemRow, lockItem, type SystemRow } from '../db/work-items.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { validBranch } from '../git/names.ts'
import { sha } from '../lib/ids.ts'
import { checkRun, pullRequestBody } from '../messages/wording.ts'
import type { DeliveryParts } from './context.ts'

/** Handler of the `propose` queue. Run twice, it changes nothing the second time. */
export async function propose(parts: DeliveryParts, job: { workItemId: number }): Promise<void> {
  const item = await getItem(parts.store.db, job.workItemId)
  if (item?.state !== 'checking' || !item.headSha) return
  const system = await getSystem(parts.store.db, item.systemId)
  if (!system) return
  const control = await parts.control(system)
  const head = sha(item.headSha)
  try {
    const { base } = await freshen(parts.store, system, control)
    if ((await control.push(validBranch(item.branch), head, { expected: 'any-ancestor' })) === 'moved') {
      await hold(
        parts,
        item,
        `Somebody else has pushed to \`${item.branch}\`; nothing of theirs was touched. Say \`/retry\` to build on it, or delete the branch first.`,
      )
      return
    }
    await wantPullRequest(parts, control, system, item, base)
  } catch (error) {
    if (!(error instanceof BaseGone)) throw error
    await hold(parts, item, `${error.message}. Bring it back, then say \`/retry\`.`)
  }
}

async function wantPullRequest(
  parts: DeliveryParts,
  control: BareClone,
  system: SystemRow,
  item: ItemRow,
  base: string,
): Promise<void> {
  const head = sha(item.headSha ?? '')
  const fork = (await control.mergeBase(sha(base), head)) ?? sha(base)
  const changes = await control.changes(fork, head)
  const attempts = await buildsOf(parts.store.db, item.id)
  const gates = await gateRows(parts.store.db, item.id, head)
  const settings = system.settings ?? defaultSettings()
  const last = writer(attempts)
  const body = pullRequestBody({
    issueNumber: item.issueNumber,
    summary: last?.summary ?? '',
    agent: last?.agent ?? 'a person',
    attempts: attempts.length,
    changes,
    gates,
    headSha: head,
    sandboxed: last?.sandboxed ?? false,
    mergeWhen: settings.merge.when,
  })
  const evidence = checkRun(gates, head)
  const waits = gates.some((gate) => gate.verdict === 'wait')
  await parts.store.transaction(async (tx) => {
    const current = await lockItem(tx, item.id)
    if (current?.state !== 'checking' || current.headSha !== head) return
    const target = { systemId: system.id, workItemId: item.id }
    await want(
      tx,
      { ...target, key: `pull:${item.id}` },
      {
        kind: 'pull-request',
        payload: { branch: item.branch, base: item.baseBranch, title: item.title, body, sha: head },
      },
    )
    await want(
      tx,
      { ...target, key: `check:${item.id}:${head}` },
      {
        kind: 'check-run',
        payload: { sha: head, name: 'Tutti', conclusion: waits ? 'neutral' : 'success', ...evidence },
      },
    )
  })
}

/** The last attempt by an agent: who wrote what is being proposed. */
function writer(attempts: RunRow[]): RunRow | undefined {
  return attempts.findLast((run) => run.agent !== 'person' && run.outcome === 'finished')
}

async function hold(parts: DeliveryParts, item: ItemRow, why: string): Promise<void> {
  await parts.store.transaction((tx) => advance(tx, item, 'held', { actor: 'tutti', why }))
}
