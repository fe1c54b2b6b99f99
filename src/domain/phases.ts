/** The phases of orchestrated work, as they are announced in the status of a roadmap. Pure. */

import { partStatus } from './part-status.ts'
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

/**
 * The phase of a roadmap, by its parts: what is not queued is interpreted, what waits for others is the health of the
 * roadmap, what can start is spawned, what runs is monitored, what is in review is verified.
 */
export function phaseOf({ parts }: Pick<RoadmapTree, 'parts'>): PhaseAt {
  const statuses = parts.filter(({ item }) => item?.kind !== 'epic').map(partStatus)
  const count = (...some: string[]) => statuses.filter((status) => some.includes(status)).length
  const running = count('running')
  if (running > 0) return { phase: 4, state: 'In Progress', count: { agents: running } }
  const ready = count('ready')
  if (ready > 0) return { phase: 3, state: 'Starting', count: { agents: ready } }
  const review = count('review')
  if (review > 0) return { phase: 5, state: 'In Progress', count: { items: review } }
  const waiting = count('asks', 'waits')
  if (waiting > 0) return { phase: 2, state: 'In Progress', count: { items: waiting } }
  if (count('outside') > 0) return { phase: 1, state: 'In Progress', count: { items: count('outside') } }
  return { phase: 6, state: 'Complete' }
}
