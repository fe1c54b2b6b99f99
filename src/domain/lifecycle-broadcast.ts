/** Which steps of an item are broadcast, and how. Pure. */

import type { ItemState } from '../lib/item-state.ts'
import type { BroadcastKind } from './crew-subjects.ts'

/** What is broadcast about a step. */
export interface LifecycleBroadcast {
  kind: BroadcastKind
  /** In the public words of the bus: `event` names what happened, `status` how work ended. */
  facts: Record<string, unknown>
}

/** The broadcast of a step; undefined for one that listeners need not hear of. @param why for people, one line. */
export function broadcastOf(
  item: { kind: 'task' | 'epic'; title: string },
  { from, to, why }: { from: ItemState; to: ItemState; why: string },
): LifecycleBroadcast | undefined {
  if (to === 'held') return { kind: 'blocker', facts: { blocker: why, impact: 'high' } }
  if (item.kind === 'epic') return epicBroadcast(item.title, to)
  const worked = from === 'running' || from === 'checking'
  if (to === 'reviewing' && from === 'checking')
    return { kind: 'complete', facts: { status: 'success', verified: true } }
  if (worked && to === 'ready') return { kind: 'complete', facts: { status: 'failed', verified: false, why } }
  const events: Partial<Record<ItemState, string>> = {
    running: 'started',
    checking: 'checking',
    asking: 'asked',
    done: 'done',
    paused: 'paused',
    skipped: 'skipped',
    cancelled: 'cancelled',
  }
  const event = events[to]
  return event ? { kind: 'status', facts: { event } } : undefined
}

function epicBroadcast(goal: string, to: ItemState): LifecycleBroadcast | undefined {
  if (to === 'ready') return { kind: 'status', facts: { event: 'orchestration_started', goal } }
  if (to === 'done') return { kind: 'status', facts: { event: 'orchestration_complete', goal } }
  return undefined
}
