/** Tests a batch of the merge queue: the gates that run code, on the exact commit, in a clean checkout. */

import { join } from 'node:path'
import { z } from 'zod'
import type { Store, Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { type BatchRow, endBatch, getBatch } from '../db/merge-queue.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { shuttingDown } from '../db/queues.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { validBranch, validPath } from '../git/names.ts'
import { requireCommit } from '../git/one-of-several.ts'
import { currentMs } from '../lib/clock.ts'
import { sha } from '../lib/ids.ts'
import { lastCharacters } from '../lib/sanitise-text.ts'
import { groupReport } from '../messages/merge-queue.ts'
import { programBox } from '../runs/boxes.ts'
import { laterWithoutRoom } from '../runs/full-disk.ts'
import { markerEnv } from '../sandbox/run-markers.ts'
import type { GateRunnerContext } from './gate-runner.ts'
import { type GateResult, judgeCommit } from './judge.ts'
import { setUpCheckout } from './lib/set-up-checkout.ts'

/** Kept of what failed, in characters: its end. */
const longestLog = 8_000
const largestFile = 16 * 2 ** 20

/** What a batch tester works with. */
type BatchContext = Omit<GateRunnerContext, 'instance'>

export class BatchTester {
  readonly #context: BatchContext
  readonly #active = new Map<number, { stop: AbortController; ended: Promise<void> }>()
  #closing = false

  constructor(context: BatchContext) {
    this.#context = context
  }

  /**
   * Handler of the `test-merge-batch` queue: ends when the test does, so that another process has the job when this one
   * dies. The same job twice tests once.
   * @throws {RetryAfter} when this process is stopping, and when the disk is full.
   */
  async test(batchId: number): Promise<void> {
    if (this.#closing) throw shuttingDown()
    const running = this.#active.get(batchId)
    if (running) return running.ended
    const stop = new AbortController()
    const ended = test(this.#context, batchId, stop.signal).finally(() => this.#active.delete(batchId))
    this.#active.set(batchId, { stop, ended })
    await ended
    if (stop.signal.aborted) throw shuttingDown()
  }

  /** How many batches this process tests. */
  get size(): number {
    return this.#active.size
  }

  /** Begins with no other batch, and waits until those that are tested have their verdict. */
  async drain(): Promise<void> {
    this.#closing = true
    await Promise.allSettled([...this.#active.values()].map(({ ended }) => ended))
  }

  /** Ends the tests of this process; they run again after the next start. */
  async close(): Promise<void> {
    this.#closing = true
    const all = [...this.#active.values()]
    for (const { stop } of all) stop.abort('shutdown')
    await Promise.allSettled(all.map(({ ended }) => ended))
  }
}

async function test(context: BatchContext, batchId: number, signal: AbortSignal): Promise<void> {
  const { store } = context
  const batch = await getBatch(store.db, batchId)
  const repo = batch && (await getRepository(store.db, batch.repositoryId))
  if (batch?.state !== 'testing' || !repo) return
  const started = performance.now()
  const results = await judge(context, batch, repo, signal)
  if (signal.aborted) return
  const failed = results.filter(({ verdict }) => verdict === 'fail')
  if (failed.length > 0) await laterWithoutRoom(context)
  // A gate that is broken itself says nothing about the batch.
  const isVoid = failed.every(({ broken }) => broken)
  const state = failed.length === 0 ? 'passed' : isVoid ? 'void' : 'failed'
  const log = failed.map(({ gate, summary, log: text = '' }) => `${gate}: ${summary}\n${text}`).join('\n\n')
  await store.transaction(async (tx) => {
    const milliseconds = Math.round(performance.now() - started)
    await endBatch(tx, batchId, { state, log: lastCharacters(context.redact(log), longestLog), milliseconds })
    const { repositoryId, baseBranch } = batch
    if (isGroup(baseBranch)) return report(tx, batch, state === 'passed', log)
    // A broken gate is tried again, and not at once.
    const after = state === 'void' ? { after: new Date(currentMs() + brokenPauseMs) } : undefined
    await tx.enqueue({ queue: 'advance-merge-queue', repositoryId, baseBranch }, after)
  })
}

const brokenPauseMs = 60_000

/** GitHub's own merge queue makes a branch for each of its groups, and waits for a check run on it. */
const isGroup = (branch: string) => branch.startsWith('gh-readonly-queue/')

async function report(tx: Tx, batch: BatchRow, passed: boolean, log: string): Promise<void> {
  const head = batch.members.at(-1)?.commit ?? ''
  const conclusion = passed ? ('success' as const) : ('failure' as const)
  const payload = { sha: head, name: 'Tutti', conclusion, ...groupReport(passed, log.slice(-longestLog)) }
  await enqueueEffect(
    tx,
    { repositoryId: batch.repositoryId, key: `check:group:${head}` },
    { kind: 'check-run', payload },
  )
}

async function judge(
  context: BatchContext,
  batch: BatchRow,
  repo: RepositoryRow,
  signal: AbortSignal,
): Promise<GateResult[]> {
  const control = await context.control(repo)
  const last = batch.members.at(-1)
  if (!last) return []
  const [base, head] = [sha(batch.baseSha), sha(last.commit)]
  if (isGroup(batch.baseBranch)) await control.fetch([validBranch(batch.baseBranch)])
  await requireCommit(control, head)
  const branch = validBranch(`tutti-check/batch-${batch.id}`)
  const path = join(context.env.dataDirectory, 'checks', `batch-${batch.id}`)
  context.reaper.start()
  const { instanceId, lifeId } = context.reaper
  const settings = settingsOf(repo)
  let checkout: Promise<string> | undefined
  const open = async () => {
    // A process that died may have left a checkout.
    await control.removeWorktree({ path, branch }, { merged: head })
    const tree = await control.addWorktree({ path, branch, base: head })
    await setUpCheckout(context, {
      ...{ repo, settings, control, base, signal, path: tree.path },
      ...{ commit: head, runId: `batch-${batch.id}` },
    })
    return tree.path
  }
  try {
    const codeGates = context.gates.filter(({ looksAt }) => looksAt === 'code')
    return await judgeCommit(codeGates, {
      item: { issueNumber: 0, protectedAllowedSha: null },
      settings,
      base,
      head,
      changes: await control.changes(base, head),
      checkout: () => {
        checkout ??= open()
        return checkout
      },
      readFile: async (commit, file) => control.readFile(commit, validPath(file), largestFile),
      env: context.env.source,
      variables: await context.variables(repo.fullName, 'gates'),
      box: (place) => programBox(context.sandbox, { control, settings, purpose: 'gates', ...place }),
      marks: markerEnv({ instanceId, lifeId, runId: `batch-${batch.id}` }),
      signal,
      log: context.log,
    })
  } finally {
    if (checkout) await control.removeWorktree({ path, branch }, { merged: head })
  }
}

/** The machine has failed again and again: nothing is known of the batch, and the queue goes on. */
async function giveUp({ store }: { store: Store }, { batchId }: { batchId: number }): Promise<void> {
  const batch = await getBatch(store.db, batchId)
  if (!batch) return
  const { repositoryId, baseBranch } = batch
  await store.transaction(async (tx) => {
    await endBatch(tx, batchId, { state: 'void', log: '', milliseconds: null })
    if (isGroup(baseBranch)) return report(tx, batch, false, '')
    await tx.enqueue(
      { queue: 'advance-merge-queue', repositoryId, baseBranch },
      { after: new Date(currentMs() + brokenPauseMs) },
    )
  })
}

export const testMergeBatchJob = defineJob(
  {
    queue: 'test-merge-batch',
    payload: z.object({ batchId: z.number().int() }),
    batch: 1,
    workers: 2,
    needsCheckout: true,
    onFinalFailure: giveUp,
  },
  async ({ batchTester }: { store: Store; batchTester: BatchTester }, job) => batchTester.test(job.batchId),
)
