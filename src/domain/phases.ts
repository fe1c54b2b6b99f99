/** The phases of orchestrated work, as the status of a roadmap and its events announce them. Pure. */

import { type PartStatus, partStatus } from './part-status.ts'
import type { RoadmapTree } from './roadmap.ts'

const phases = {
  1: 'Goal Interpretation',
  2: 'Roadmap Health Check',
  3: 'Agent Spawn',
  4: 'Monitoring',
  5: 'Verification',
  6: 'Report',
} as const

/** A phase and how far it is. */
export interface PhaseAt {
  phase: keyof typeof phases
  state: 'Starting' | 'In Progress' | 'Complete'
  /** Agents at work, or items in it. */
  count?: { agents: number } | { items: number }
}

/** The announcement: `>>> PHASE 3: Agent Spawn - Starting (3 agents)`. */
export function phaseLine({ phase, state, count }: PhaseAt): string {
  const [unit, number] = count ? (Object.entries(count)[0] ?? ['', 0]) : ['', 0]
  const many = number === 1 ? unit.slice(0, -1) : unit
  return `>>> PHASE ${phase}: ${phases[phase]} - ${state}${count ? ` (${number} ${many})` : ''}`
}

/** A phase and its state, whatever the count. */
export function phaseKey({ phase, state }: PhaseAt): string {
  return `${phase} ${state}`
}

/** The phase of a roadmap, by its parts. */
export function phaseOf({ parts }: Pick<RoadmapTree, 'parts'>): PhaseAt {
  return phaseOfStatuses(parts.filter(({ item }) => item?.kind !== 'epic').map(partStatus))
}

/**
 * The phase of a roadmap, by the statuses of its parts: what is not queued is interpreted, what waits for others is the
 * health of the roadmap, what can start is spawned, what runs is monitored, what is in review is verified.
 */
export function phaseOfStatuses(statuses: readonly PartStatus[]): PhaseAt {
  const count = (...some: PartStatus[]) => statuses.filter((status) => some.includes(status)).length
  const running = count('running')
  if (running > 0) return { phase: 4, state: 'In Progress', count: { agents: running } }
  const ready = count('ready')
  if (ready > 0) return { phase: 3, state: 'Starting', count: { agents: ready } }
  const review = count('review')
  if (review > 0) return { phase: 5, state: 'In Progress', count: { items: review } }
  const waiting = count('asks', 'waits')
  if (waiting > 0) return { phase: 2, state: 'In Progress', count: { items: waiting } }
  const outside = count('outside')
  if (outside > 0) return { phase: 1, state: 'In Progress', count: { items: outside } }
  return { phase: 6, state: 'Complete' }
}

/** What is announced before agents of a roadmap start. @param last the phase that was announced last, as `phaseKey`. */
export function phasesAtStart(last: string | undefined, agents: number): PhaseAt[] {
  const healthy = last === undefined || last.startsWith('1 ') || last === '2 In Progress'
  return [
    ...(healthy ? [{ phase: 2, state: 'Complete' } satisfies PhaseAt] : []),
    { phase: 3, state: 'Starting', count: { agents } },
  ]
}

/**
 * What is announced of the phase that a roadmap is in now; undefined where that is nothing new. Agents that could start
 * are announced when they do, and the end when the roadmap is finished.
 */
export function phaseToAnnounce(last: string | undefined, statuses: readonly PartStatus[]): PhaseAt | undefined {
  const now = phaseOfStatuses(statuses)
  return now.phase === 3 || now.phase === 6 || phaseKey(now) === last ? undefined : now
}
