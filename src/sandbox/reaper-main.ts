/**
 * The warden's program: waits for its stdin to close, which happens when the orchestrator is gone, however it went.
 * Then it kills every run it was told about and everything marked with that life of the orchestrator, and exits.
 *
 * It runs in a session of its own, so that killing the orchestrator's process group does not take it along.
 * One argument: the orchestrator's life id. Each line on stdin: `+ <run id> <pid> <start time>` or `- <run id>`.
 */

import { createInterface } from 'node:readline'
import { killTrees, type TreeTarget } from './kill-tree.ts'
import { lifeMarker, runMarker } from './run-markers.ts'

const lifeId = process.argv[2]
if (!lifeId) throw new Error('usage: warden-main.ts <life id>')

// Signals meant for the orchestrator's terminal or group must not end the one that cleans up after it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

const runs = new Map<string, TreeTarget>()

for await (const line of createInterface({ input: process.stdin })) {
  const [verb, runId, pid, ...startTime] = line.split(' ')
  if (verb === '+' && runId) {
    runs.set(runId, {
      root: { pid: Number(pid), startTime: startTime.join(' ') },
      marker: runMarker({ lifeId, runId }),
    })
  }
  if (verb === '-' && runId) runs.delete(runId)
}

// No grace: nobody is left who could use what a run still writes. Eight seconds keep the promise of ten.
const result = await killTrees([...runs.values(), { marker: lifeMarker(lifeId) }], { graceMs: 0, killMs: 8000 })
process.exitCode = result.survivors.length === 0 ? 0 : 1
