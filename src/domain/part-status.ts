/** How the parts of a roadmap stand, in words and numbers. */

import type { RoadmapPart, RoadmapTree } from './roadmap.ts'

/** How a part stands, in one word. The order is that of the counts that people read. */
export const standings = ['done', 'running', 'review', 'asks', 'waits', 'ready', 'outside', 'dropped'] as const
export type PartStanding = (typeof standings)[number]

/** How a part stands. */
export function standingOf({ item, issue, waitsFor }: RoadmapPart): PartStanding {
  if (!item) return issue === 'closed' ? 'done' : 'outside'
  if (item.state === 'skipped' || item.state === 'cancelled') return issue === 'closed' ? 'done' : 'dropped'
  if (item.state === 'done') return 'done'
  if (item.state === 'running' || item.state === 'checking') return 'running'
  if (item.state === 'reviewing' || item.state === 'approved' || item.state === 'merging') return 'review'
  if (item.state === 'held' || item.state === 'paused' || item.state === 'asking' || item.state === 'proposed')
    return 'asks'
  return waitsFor.length > 0 ? 'waits' : 'ready'
}

/** How many parts are done, and how many there are; an epic among them counts by what it is made of. */
export function progressOf({ parts }: RoadmapTree): { done: number; all: number } {
  const counted = parts.filter(({ item }) => item?.kind !== 'epic')
  return { done: counted.filter((part) => standingOf(part) === 'done').length, all: counted.length }
}

/** `#12`, or `owner/name#12` from elsewhere. */
export function nameOf(key: string, home: string): string {
  return key.startsWith(`${home}#`) ? key.slice(home.length) : key
}
