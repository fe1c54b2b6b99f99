/** Runs the gates: judges the exact commit of a run in a clean checkout, and stores every verdict. */

import { join } from 'node:path'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Env } from '../config/env.ts'
import type { Settings } from '../config/settings.ts'
import type { Store } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { setFootprint } from '../db/footprints.ts'
import { shuttingDown } from '../db/queues.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { type ClaimedRun, claimRun, endRun, type Lease, LeaseLost, type RunRow, runWithItem } from '../db/runs.ts'
import type { ItemRow } from '../db/work-items.ts'
import { isComparing } from '../domain/best-of.ts'
import type { ProcessPart } from '../domain/process-role.ts'
import { type TestFacts, testsAddedBy } from '../domain/test-facts.ts'
import { settingsWithWorkflow } from '../domain/workflows.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { validBranch, validPath } from '../git/names.ts'
import { CommitMissing, requireCommit } from '../git/one-of-several.ts'
import { type Sha, sha } from '../lib/ids.ts'
import { programBox } from '../runs/boxes.ts'
import { ClaimedWork } from '../runs/claimed-work.ts'
import { isWithoutRoom, noRoomLeft } from '../runs/full-disk.ts'
import { startHeartbeat } from '../runs/heartbeat.ts'
import type { RepositoryVariables } from '../runs/repository-secrets.ts'
import { blamelessLoss } from '../runs/retry-policy.ts'
import { leaveToItsDisk, leaveUnfit } from '../runs/runner-fit.ts'
import type { DependencyCache } from '../runs/set-up/dependency-cache.ts'
import type { Reaper } from '../sandbox/reaper.ts'
import { markerEnv } from '../sandbox/run-markers.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { Gate, GateContext } from './gate.ts'
import { type GateResult, judgeCommit } from './judge.ts'
import { concludeGates, type Judged } from './lib/conclude.ts'
import { setUpCheckout } from './lib/set-up-checkout.ts'

/** The messages of more commits are not searched for secrets. */
const mostCommits = 200
/** The largest file that a gate reads as a whole. No agent's file is larger: see `git/import-policy.ts`. */
const wholeFileBytes = 20 * 2 ** 20

export interface GateRunnerContext {
  store: Store
  env: Env
  log: Logger
  instance: string
  /** What this process does. */
  part: ProcessPart
  place: string
  several(): Promise<boolean>
  gates: readonly Gate[]
  reaper: Reaper
  sandbox: Sandbox
  caches: DependencyCache
  variables: RepositoryVariables
  control(repo: RepositoryRow): Promise<BareClone>
  /** Text without any secret that Tutti knows. */
  redact(text: string): string
  /** The lines of a text, from 1, on which such a secret begins. */
  linesWithSecret(text: string): number[]
}

export class GateRunner {
  readonly #context: GateRunnerContext
  readonly #work: ClaimedWork

  constructor(context: GateRunnerContext) {
    this.#context = context
    this.#work = new ClaimedWork(context.log)
  }

  /**
   * Handler of the `run-gates` queue: claims the run, and returns while its gates run. A job is not the lease, and tests
   * may take long.
   * @throws {RetryAfter} when this process is stopping: the next process takes the job.
   * @throws {LeaveToOthers} when it has not what the item asks for, or the commit is on another disk.
   */
  async start(runId: number): Promise<void> {
    const { store, instance } = this.#context
    if (this.#work.closing) throw shuttingDown()
    await leaveUnfit(this.#context, runId)
    await leaveToItsDisk(this.#context, runId)
    await this.#work.begin(
      () => claimRun(store.db, runId, instance, 'gates'),
      (claimed, stop) => check(this.#context, claimed, stop),
    )
  }

  /** How many commits this process judges. */
  get size(): number {
    return this.#work.size
  }

  /** Begins with no other commit, and waits until those that are judged have their verdict. */
  async drain(): Promise<void> {
    await this.#work.drain()
  }

  /** Ends the gates of this process; they run again after the next start. */
  async close(): Promise<void> {
    await this.#work.close()
  }
}

async function check(context: GateRunnerContext, { lease, run }: ClaimedRun, stop: AbortController): Promise<void> {
  const heartbeat = startHeartbeat(context.store, lease, {
    everyMs: context.env.HEARTBEAT_SECONDS * 1_000,
    timeoutMs: context.env.HEARTBEAT_TIMEOUT_SECONDS * 1_000,
    onStop: (reason) => stop.abort(reason),
  })
  try {
    const found = await runWithItem(context.store.db, run.id)
    if (!found || !run.headSha) throw new Error(`run ${run.id} has nothing to check`)
    const { item, repo } = found
    const judged = await judge(context, { item, repo, run, head: sha(run.headSha), signal: stop.signal })
    const results = judged.results.map((result) => withoutSecrets(result, context))
    const tests: TestFacts = { ...judged.tests, coverage: results.flatMap(({ coverage = [] }) => coverage) }
    // A verdict that was interrupted means nothing. The lease ends with this process, and the gates run again.
    if (stop.signal.aborted && stop.signal.reason !== 'asked') return
    const { drafts } = settingsOf(repo).pullRequests
    // A stop was requested after the row was read: gates without a result have not judged.
    const now = stop.signal.aborted ? { ...run, stop: run.stop ?? 'asked' } : run
    // A test that cannot write has not judged the commit.
    const noRoom = results.some(({ verdict }) => verdict === 'fail') && (await isWithoutRoom(context))
    await context.store.transaction((tx) =>
      concludeGates(tx, lease, { item, run: now, drafts, tests, size: judged.size, noRoom }, results),
    )
  } catch (error) {
    if (error instanceof LeaseLost) return
    await failed(context, lease, error)
  } finally {
    heartbeat.stop()
  }
}

/** Programs print what they know, and logs go to people and to agents. */
function withoutSecrets(result: GateResult, { redact }: GateRunnerContext): GateResult {
  const log = result.log === undefined ? {} : { log: redact(result.log) }
  const pictures = result.pictures?.map((picture) => ({ ...picture, name: redact(picture.name) }))
  return { ...result, summary: redact(result.summary), ...log, ...(pictures ? { pictures } : {}) }
}

interface Subject {
  item: ItemRow
  repo: RepositoryRow
  run: RunRow
  head: Sha
  signal: AbortSignal
}

async function judge(context: GateRunnerContext, { item, repo, run, head, signal }: Subject): Promise<Judged> {
  const control = await context.control(repo)
  // The commit of a person is not in the clone yet.
  if (run.agent === 'person') await control.fetch([validBranch(item.branch)])
  await requireCommit(control, head)
  // By the lease: the gates of a process that is frozen may still be at work in another checkout.
  const name = `${run.id}-${run.leaseEpoch}`
  const branch = validBranch(`tutti-check/${name}`)
  const path = join(context.env.dataDirectory, 'checks', `run-${name}`)
  const trunk = await control.remoteHead(validBranch(item.baseBranch))
  const base = (trunk && (await control.mergeBase(trunk, head))) ?? sha(run.baseSha ?? head)
  // The reaper ends the processes of the gates with us, also when we are killed.
  context.reaper.start()
  const { instanceId, lifeId } = context.reaper
  const settings = settingsWithWorkflow(settingsOf(repo), item.loop)
  let checkout: Promise<string> | undefined
  let patch: Awaited<ReturnType<BareClone['diff']>> | undefined
  const open = async () => {
    const tree = await control.addWorktree({ path, branch, base: head })
    await control.fillSubmodules(head, tree.path)
    await setUpCheckout(context, {
      repo,
      settings,
      control,
      path: tree.path,
      commit: head,
      base,
      runId: `check-${run.id}`,
      signal,
    })
    return tree.path
  }
  const changes = await control.changes(base, head)
  // The footprint is exact now: until the merge, other items stay away from these files.
  const paths = changes.flatMap(({ path, oldPath }) => (oldPath === undefined ? [path] : [path, oldPath]))
  await context.store.transaction((tx) => setFootprint(tx, item.id, 'observed', paths))
  try {
    const gateContext: GateContext = {
      item,
      settings,
      base,
      head,
      changes,
      checkout: () => {
        checkout ??= open()
        return checkout
      },
      readFile: async (commit, path) => control.readFile(commit, validPath(path), wholeFileBytes),
      patch: async (maxBytes) => {
        patch = await control.diff(base, head, maxBytes)
        return patch
      },
      commitMessages: async () => (await control.log({ base, head }, mostCommits)).map(({ message }) => message),
      knownSecrets: context.linesWithSecret,
      env: context.env.source,
      variables: await context.variables(repo.fullName, 'gates'),
      box: (place) => programBox(context.sandbox, { control, settings, purpose: 'gates', ...place }),
      marks: markerEnv({ instanceId, lifeId, runId: `check-${run.id}` }),
      signal,
      log: context.log,
    }
    const results = await judgeCommit(context.gates, gateContext, () => showDraft(context, settings, item, head))
    // The gate that searches it for secrets has read it, unless a gate before it has failed.
    return { results, tests: testsAddedBy(changes, patch?.text ?? ''), size: sizeOf(changes, paths) }
  } finally {
    if (checkout) await control.removeWorktree({ path, branch }, { discard: true })
  }
}

function sizeOf(changes: GateContext['changes'], paths: string[]): Judged['size'] {
  const lines = changes.reduce((sum, { additions, deletions }) => sum + additions + deletions, 0)
  return { files: changes.length, lines, paths }
}

/** What a commit contains is fit to leave this machine from here on. */
async function showDraft(context: GateRunnerContext, settings: Settings, item: ItemRow, head: Sha): Promise<void> {
  // Of several candidates, the pull request shows the one that is chosen.
  if (!settings.pullRequests.drafts || isComparing(item.bestOf)) return
  await context.store.transaction((tx) => tx.enqueue({ queue: 'open-draft', workItemId: item.id, sha: head }))
}

/** Ends a run whose gates could not run: the machine failed, not the work. */
async function failed(context: GateRunnerContext, lease: Lease, error: unknown): Promise<void> {
  const summary = error instanceof Error ? error.message : String(error)
  context.log.error({ err: error, run: lease.runId }, 'the gates could not be run')
  const noRoom = await isWithoutRoom(context)
  await context.store.transaction(async (tx) => {
    // Its process has gone with the commit: that is none of the item's faults, and says nothing about this machine.
    const lost = { outcome: 'runner lost', summary, signature: blamelessLoss } as const
    const failure = noRoom ? noRoomLeft : { outcome: 'workspace failed' as const, summary, signature: summary }
    const end = error instanceof CommitMissing ? lost : failure
    await endRun(tx, lease, end)
    await tx.enqueue({ queue: 'after-run', runId: lease.runId })
  })
}

export const runGatesJob = defineJob(
  { queue: 'run-gates', payload: z.object({ runId: z.number().int() }), needsCheckout: true },
  async ({ gateRunner }: { gateRunner: GateRunner }, job) => gateRunner.start(job.runId),
)
