/**
 * The environment variables that identify the processes of a run, whatever their parent is later. They are set for the
 * agent, and its processes inherit them.
 */

import { OperatorError } from '../lib/errors.ts'
import { processTable } from '../lib/process-table.ts'
import { type KillResult, killTrees } from './kill-tree.ts'

/** The Tutti instance, its life (one process), and the run of a process. */
export interface RunMarks {
  /** Stays the same over restarts of one instance. */
  instanceId: string
  /** New with every start of the instance. */
  lifeId: string
  runId: string
}

const safeId = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

/**
 * The environment variables that mark a run.
 * @throws {OperatorError} when an id does not fit into an environment or a path.
 */
export function markerEnv(marks: RunMarks): Record<string, string> {
  for (const [name, value] of Object.entries(marks)) checkId(name, value)
  return { TUTTI_INSTANCE: marks.instanceId, TUTTI_LIFE: marks.lifeId, TUTTI_RUN: runMark(marks) }
}

/** Run ids are numbers of one database. With the life they differ from those of another instance on this machine. */
function runMark({ lifeId, runId }: Pick<RunMarks, 'lifeId' | 'runId'>): string {
  return `${lifeId}.${runId}`
}

export function checkId(name: string, value: string): void {
  if (!safeId.test(value)) throw new OperatorError(`${name} cannot mark a process: ${JSON.stringify(value)}`)
}

export function runMarker(run: Pick<RunMarks, 'lifeId' | 'runId'>): string {
  return `TUTTI_RUN=${runMark(run)}`
}

export function lifeMarker(lifeId: string): string {
  return `TUTTI_LIFE=${lifeId}`
}

/**
 * Kills processes that earlier lives of this instance have left running. For the start, before any run begins: agents
 * whose Tutti process and reaper were both killed would go on otherwise.
 * @param instanceId of this instance.
 * @param lives that are going on: their processes are spared.
 */
export async function killStrays(instanceId: string, lives: readonly string[]): Promise<KillResult> {
  checkId('instanceId', instanceId)
  const target = { marker: `TUTTI_INSTANCE=${instanceId}`, sparedMarkers: lives.map(lifeMarker) }
  return await killTrees([target], { graceMs: 0, table: processTable() })
}
