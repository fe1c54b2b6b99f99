/** How the parts of a roadmap stand, in words and numbers. */

import type { RoadmapPart, RoadmapTree } from './roadmap.ts'

/** How a part stands, in one word. The order is that of the counts that people read. */
export const partStatuses = ['done', 'running', 'review', 'asks', 'waits', 'ready', 'outside', 'dropped'] as const
export type PartStatus = (typeof partStatuses)[number]

/** How a part stands. */
export function partStatus({ item, issue, waitsFor }: RoadmapPart): PartStatus {
  if (!item) return issue === 'closed' ? 'done' : 'outside'
  if (item.state === 'skipped' || item.state === 'cancelled') return issue === 'closed' ? 'done' : 'dropped'
  if (item.state === 'done') return 'done'
  if (item.state === 'running' || item.state === 'checking') return 'running'
  if (item.state === 'reviewing' || item.state === 'approved' || item.state === 'merging') return 'review'
  if (item.state === 'held' || item.state === 'paused' || item.state === 'asking' || item.state === 'plan-review')
    return 'asks'
  return waitsFor.length > 0 ? 'waits' : 'ready'
}

/** How many parts are done, and how many there are; an epic among them counts by what it is made of. */
export function progressOfParts({ parts }: RoadmapTree): { done: number; all: number } {
  const counted = parts.filter(({ item }) => item?.kind !== 'epic')
  return { done: counted.filter((part) => partStatus(part) === 'done').length, all: counted.length }
}

/** `#12`, or `owner/name#12` from elsewhere. */
export function partName(key: string, home: string): string {
  return key.startsWith(`${home}#`) ? key.slice(home.length) : key
}
