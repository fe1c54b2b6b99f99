/**
 * The variables by which everything a run starts can be recognised later, whoever its parent is by then.
 * They are set in the agent's environment and inherited by all it starts.
 */

import { OperatorError } from '../lib/errors.ts'
import { processTable } from '../lib/process-table.ts'
import { type KillResult, killTrees } from './kill-tree.ts'

/** Which orchestrator, which of its lives, and which run a process belongs to. */
export interface RunMarks {
  /** Stays the same over restarts of one orchestrator. */
  instanceId: string
  /** New with every start of the orchestrator. */
  lifeId: string
  runId: string
}

const safeId = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

/**
 * The environment variables that mark a run.
 * @throws {OperatorError} when an id could not stand in an environment or a path.
 */
export function markerEnv(marks: RunMarks): Record<string, string> {
  for (const [name, value] of Object.entries(marks)) checkId(name, value)
  return { TUTTI_INSTANCE: marks.instanceId, TUTTI_LIFE: marks.lifeId, TUTTI_RUN: runMark(marks) }
}

/** Run ids are numbers of one database: without the life, runs of another orchestrator on this machine have the same. */
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
 * Kills what earlier lives of this orchestrator have left running. For the start, before any run begins: agents whose
 * orchestrator and warden were both killed would otherwise go on.
 * @param instanceId of this orchestrator.
 * @param lifeId of the present life, whose processes are spared.
 */
export async function killStrays(instanceId: string, lifeId?: string): Promise<KillResult> {
  checkId('instanceId', instanceId)
  const sparedMarker = lifeId === undefined ? undefined : lifeMarker(lifeId)
  const target = { marker: `TUTTI_INSTANCE=${instanceId}`, sparedMarker }
  return await killTrees([target], { graceMs: 0, table: processTable() })
}
