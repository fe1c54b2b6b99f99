/** The status of the parts of a roadmap, and the progress of all parts. */

import type { RoadmapPart, RoadmapTree } from './roadmap.ts'

/** All statuses, in the order in which roadmaps show their counts. */
export const partStatuses = ['done', 'running', 'review', 'asks', 'waits', 'ready', 'outside', 'dropped'] as const
export type PartStatus = (typeof partStatuses)[number]

/** The status of a part. */
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

/** How many parts are done, and how many there are; an epic counts by its own parts. */
export function progressOfParts({ parts }: RoadmapTree): { done: number; all: number } {
  const counted = parts.filter(({ item }) => item?.kind !== 'epic')
  return { done: counted.filter((part) => partStatus(part) === 'done').length, all: counted.length }
}

/** `#12`, or `owner/name#12` for an issue of another repository. */
export function partName(key: string, home: string): string {
  return key.startsWith(`${home}#`) ? key.slice(home.length) : key
}
