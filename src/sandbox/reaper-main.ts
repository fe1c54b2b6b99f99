/**
 * The reaper's program: waits until its stdin closes, which happens at every end of the Tutti process. Then it kills every
 * run that it watches and every process marked with that life of Tutti, and exits.
 *
 * It runs in a session of its own, so that a kill of Tutti's process group does not end it.
 * One argument: the life id of the Tutti process. Each line on stdin: `+ <run id> <pid> <start time>` or `- <run id>`.
 */

import { createInterface } from 'node:readline'
import { killTrees, type TreeTarget } from './kill-tree.ts'
import { lifeMarker, runMarker } from './run-markers.ts'

const lifeId = process.argv[2]
if (!lifeId) throw new Error('usage: reaper-main.ts <life id>')

// Signals for Tutti's terminal or process group must not end the reaper.
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

// No grace time: no process is left that could use the result of a run. Eight seconds keep the promise of ten.
const result = await killTrees([...runs.values(), { marker: lifeMarker(lifeId) }], { graceMs: 0, killMs: 8000 })
process.exitCode = result.survivors.length === 0 ? 0 : 1
