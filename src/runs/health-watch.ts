/** Measures the processes of running agents, all of them with one reading of the process table. */

import { statfs } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import type { AgentUpdate } from '../agents/drivers/agent-run.ts'
import { noteTool } from '../agents/drivers/idle.ts'
import { type HealthSample, judgeHealth } from '../domain/agent-health.ts'
import { currentMs } from '../lib/clock.ts'
import type { ProcessIdentity } from '../lib/process-table.ts'
import { type TreeUse, treeUse } from '../sandbox/tree-use.ts'
import type { Attempt } from './context.ts'

/** The first measurement comes this soon, so that short runs are measured too, in milliseconds. */
const firstMs = 1_000

interface Watched {
  root: ProcessIdentity
  take(use: TreeUse, at: number, diskFreePercent: number | null): void
}

/** The agents of this process. */
const watched = new Set<Watched>()
let timer: NodeJS.Timeout | undefined
let nextAt = 0

/** The watch over one agent. */
export interface HealthWatch {
  started(root: ProcessIdentity): void
  updated(update: AgentUpdate): void
  stop(): void
}

/**
 * Watches the agent of an attempt from its start on. Each sample goes to the heartbeat, which stores it; a verdict that
 * gets worse goes to the operator's log.
 */
export function watchHealth({ context, heartbeat, run, item }: Attempt): HealthWatch {
  const { env, log } = context
  const everyMs = env.HEALTH_SECONDS * 1_000
  const openTools = new Set<string>()
  let shownAt = currentMs()
  let entry: Watched | undefined
  let before: { at: number; cpuMs: number } | undefined
  const memoryLimit = memoryLimitOf(env.MEMORY_PER_AGENT_MB)
  const take: Watched['take'] = (use, at, diskFreePercent) => {
    const cpuPercent = before ? Math.max(0, ((use.cpuMs - before.cpuMs) / (at - before.at)) * 100) : null
    before = { at, cpuMs: use.cpuMs }
    const { memory, processes } = use
    const measured = {
      silentMs: at - shownAt,
      cpuPercent,
      memory,
      processes,
      inTool: openTools.size > 0,
      diskFreePercent,
    }
    const sample = { at: new Date(at).toISOString(), ...measured }
    const judged = judgeHealth(sample, { cores: availableParallelism(), memoryLimit })
    const last = heartbeat.health?.verdict
    heartbeat.health = { ...sample, ...judged } satisfies HealthSample
    heartbeat.peakMemory = Math.max(heartbeat.peakMemory ?? 0, memory)
    if (judged.verdict !== last && judged.verdict !== 'healthy')
      log.warn({ run: run.id, issue: item.issueNumber, agent: run.agent, ...judged }, 'an agent is not healthy')
  }
  return {
    started: (root) => {
      entry = { root, take }
      watched.add(entry)
      schedule(Math.min(firstMs, everyMs), everyMs, env.dataDirectory)
    },
    updated: (update) => {
      shownAt = currentMs()
      noteTool(openTools, update)
    },
    stop: () => {
      if (entry) watched.delete(entry)
      if (watched.size > 0) return
      clearTimeout(timer)
      timer = undefined
    },
  }
}

/** Half again of what the operator expects of an agent: real agents differ by a factor of two from run to run. */
function memoryLimitOf(perAgentMb: number): number {
  return perAgentMb * 1.5 * 2 ** 20
}

/** Has all agents measured in `ms`, unless that happens sooner anyway. */
function schedule(ms: number, everyMs: number, folder: string): void {
  const at = currentMs() + ms
  if (timer && nextAt <= at) return
  clearTimeout(timer)
  nextAt = at
  timer = setTimeout(() => {
    timer = undefined
    void measure(folder).finally(() => {
      if (watched.size > 0) schedule(everyMs, everyMs, folder)
    })
  }, ms)
  timer.unref()
}

async function measure(folder: string): Promise<void> {
  const disk = await statfs(folder).then(
    ({ bavail, blocks }) => (blocks > 0 ? (bavail / blocks) * 100 : null),
    () => null,
  )
  const entries = [...watched]
  const uses = treeUse(entries.map(({ root }) => root))
  const at = currentMs()
  for (const { root, take } of entries) {
    const use = uses.get(root.pid)
    if (use) take(use, at, disk)
  }
}
