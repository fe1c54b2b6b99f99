/** The gates at work: judges the exact commit of a run in a clean checkout, stores every verdict, and moves on. */

import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import { defaultSettings } from '../config/settings.ts'
import type { Store, Tx } from '../db/connect.ts'
import { setFootprint } from '../db/footprints.ts'
import { stopping } from '../db/queues.ts'
import { claimRun, endRun, type Lease, LeaseLost, type RunRow } from '../db/runs.ts'
import { gateResults } from '../db/schema/core.ts'
import { getItem, getSystem, type ItemRow, type SystemRow } from '../db/work-items.ts'
import { settingsInLoop } from '../domain/workflows.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { validBranch, validPath } from '../git/names.ts'
import { type Sha, sha } from '../lib/ids.ts'
import { startPulse } from '../runs/heartbeat.ts'
import type { Warden } from '../sandbox/reaper.ts'
import { markerEnv } from '../sandbox/run-markers.ts'
import type { Gate } from './gate.ts'
import { judgeAll, type Result } from './judge.ts'

/** Lock files are the largest that a gate reads as a whole; those of big repositories have a few million bytes. */
const lockFileBytes = 16 * 2 ** 20

export interface CheckParts {
  store: Store
  env: Env
  log: Logger
  instance: string
  gates: readonly Gate[]
  warden: Warden
  control(system: SystemRow): Promise<BareClone>
}

export class Checker {
  readonly #parts: CheckParts
  readonly #active = new Map<number, { stop: AbortController; ended: Promise<void> }>()
  #closing = false

  constructor(parts: CheckParts) {
    this.#parts = parts
  }

  /**
   * Handler of the `check` queue. Returns at once: a job is not the lease, and tests may take long.
   * @throws {NotYet} when this process is ending: the job is for the next one.
   */
  start(runId: number): void {
    if (this.#closing) throw stopping()
    if (this.#active.has(runId)) return
    const stop = new AbortController()
    const ended = check(this.#parts, runId, stop)
      .catch((error) => this.#parts.log.error({ err: error, run: runId }, 'the gates could not be run'))
      .finally(() => this.#active.delete(runId))
    this.#active.set(runId, { stop, ended })
  }

  /** Ends the gates of this process; they run again after the next start. */
  async close(): Promise<void> {
    this.#closing = true
    for (const { stop } of this.#active.values()) stop.abort('shutdown')
    await Promise.all([...this.#active.values()].map(({ ended }) => ended))
  }
}

async function check(parts: CheckParts, runId: number, stop: AbortController): Promise<void> {
  const claimed = await claimRun(parts.store.db, runId, parts.instance, 'gates')
  if (!claimed) return
  const { lease, run } = claimed
  const pulse = startPulse(parts.store, lease, {
    everyMs: parts.env.HEARTBEAT_SECONDS * 1_000,
    timeoutMs: parts.env.HEARTBEAT_TIMEOUT_SECONDS * 1_000,
    onStop: (reason) => stop.abort(reason),
  })
  try {
    const item = await getItem(parts.store.db, run.workItemId)
    const system = item && (await getSystem(parts.store.db, item.systemId))
    if (!item || !system || !run.headSha) throw new Error(`run ${runId} has nothing to check`)
    const results = await judge(parts, { item, system, run, head: sha(run.headSha), signal: stop.signal })
    // Stopped in the middle, a verdict means nothing. The lease ends with this process, and the gates run again.
    if (stop.signal.aborted && stop.signal.reason !== 'asked') return
    // Asked to stop since the row was read: what is missing among the results was not judged.
    const now = stop.signal.aborted ? { ...run, stop: run.stop ?? 'asked' } : run
    await parts.store.transaction((tx) => conclude(tx, lease, item, now, results))
  } catch (error) {
    if (error instanceof LeaseLost) return
    await failed(parts, lease, error)
  } finally {
    pulse.stop()
  }
}

interface Subject {
  item: ItemRow
  system: SystemRow
  run: RunRow
  head: Sha
  signal: AbortSignal
}

async function judge(parts: CheckParts, { item, system, run, head, signal }: Subject): Promise<Result[]> {
  const control = await parts.control(system)
  // What a person has pushed is not here yet.
  if (run.agent === 'person') await control.fetch([validBranch(item.branch)])
  const branch = validBranch(`tutti-check/${run.id}`)
  const path = join(parts.env.dataDirectory, 'checks', `run-${run.id}`)
  const trunk = await control.remoteHead(validBranch(item.baseBranch))
  const base = (trunk && (await control.mergeBase(trunk, head))) ?? sha(run.baseSha ?? head)
  // What the gates start ends with us, also when we are killed without a word.
  parts.warden.start()
  const { instanceId, lifeId } = parts.warden
  let checkout: Promise<string> | undefined
  const open = async () => {
    // Left by a process that died while it checked: what a gate wrote there is nobody's work.
    await control.removeWorktree({ path, branch }, { merged: head })
    return (await control.addWorktree({ path, branch, base: head })).path
  }
  const changes = await control.changes(base, head)
  // Exact now: until it is merged, others keep off these files.
  const paths = changes.flatMap(({ path, oldPath }) => (oldPath === undefined ? [path] : [path, oldPath]))
  await parts.store.transaction((tx) => setFootprint(tx, item.id, 'observed', paths))
  try {
    return await judgeAll(parts.gates, {
      item,
      settings: settingsInLoop(system.settings ?? defaultSettings(), item.loop),
      base,
      head,
      changes,
      checkout: () => {
        checkout ??= open()
        return checkout
      },
      readFile: async (commit, path) => control.readFile(commit, validPath(path), lockFileBytes),
      env: parts.env.source,
      marks: markerEnv({ instanceId, lifeId, runId: `check-${run.id}` }),
      signal,
      log: parts.log,
    })
  } finally {
    if (checkout) await control.removeWorktree({ path, branch }, { merged: head })
  }
}

async function conclude(tx: Tx, lease: Lease, item: ItemRow, run: RunRow, results: Result[]): Promise<void> {
  const failing = results.filter((result) => result.verdict === 'fail')
  const outcome = run.stop ? 'stopped' : outcomeOf(failing)
  const signature = failing.map((result) => `${result.gate}: ${result.signature ?? result.summary}`).join('\n')
  const summary =
    failing.length > 0 ? failing.map((result) => `${result.gate}: ${result.summary}`).join('; ') : run.summary
  await endRun(tx, lease, { outcome, summary, signature: signature || null })
  // A broken gate has said nothing about the commit: the next attempt has it judged again.
  await saveResults(
    tx,
    item,
    run.headSha ?? '',
    results.filter((result) => !result.broken),
  )
  const current = await getItem(tx.db, item.id)
  const passed = outcome === 'finished' && current?.state === 'checking' && current.headSha === run.headSha
  if (passed) await tx.enqueue({ queue: 'propose', workItemId: item.id })
  else await tx.enqueue({ queue: 'settle', runId: run.id })
}

function outcomeOf(failing: Result[]): 'finished' | 'gates failed' | 'gate broken' {
  if (failing.length === 0) return 'finished'
  return failing.some((result) => !result.broken) ? 'gates failed' : 'gate broken'
}

async function saveResults(tx: Tx, item: ItemRow, head: string, results: Result[]): Promise<void> {
  for (const { gate, verdict, summary, log = '', milliseconds } of results) {
    const row = { workItemId: item.id, sha: head, gate, verdict, summary, log, milliseconds, createdAt: new Date() }
    await tx.db
      .insert(gateResults)
      .values(row)
      .onConflictDoUpdate({ target: [gateResults.workItemId, gateResults.sha, gateResults.gate], set: row })
  }
}

/** The checkout could not be made, or the like: the machine's fault, not the work's. */
async function failed(parts: CheckParts, lease: Lease, error: unknown): Promise<void> {
  const summary = error instanceof Error ? error.message : String(error)
  parts.log.error({ err: error, run: lease.runId }, 'the gates could not be run')
  await parts.store.transaction(async (tx) => {
    await endRun(tx, lease, { outcome: 'workspace failed', summary, signature: summary })
    await tx.enqueue({ queue: 'settle', runId: lease.runId })
  })
}
