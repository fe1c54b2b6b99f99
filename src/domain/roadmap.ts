/** A roadmap and its parts, as far as Tutti knows them. */

import type { ItemState } from '../lib/item-state.ts'
import type { IssueConflict, ScheduleReport } from './schedule-report.ts'

/** What is read of the work item of a part. */
export interface PartItem {
  id: number
  repositoryId: number
  kind: 'task' | 'epic'
  state: ItemState
  title: string
  labels: readonly string[]
  reason: string
  updatedAt: Date
}

/** One issue that an epic is made of. */
export interface RoadmapPart {
  /** `owner/name#12`, the name in lower case. */
  key: string
  repository: string
  number: number
  /** The heading of the roadmap that it stands under. */
  heading: string
  /** The issue as last heard of, whether or not it is an item. */
  issue: 'open' | 'closed' | 'missing'
  /** Absent when it was never queued. */
  item?: PartItem
  /** Agent hours that it is expected to take, when the scheduler has said so. */
  hours?: number
  /** Its open pull request. */
  pull?: number
  /** Everything that is to be done before it, as keys, and what of that is still open. */
  after: string[]
  waitsFor: string[]
}

export interface RoadmapTree {
  parts: RoadmapPart[]
  /** What the scheduler last saw, by repository as in `Part`. */
  reports: Map<string, ScheduleReport>
}

/** Pairs of parts that would touch the same files, as keys. */
export function conflictsIn({
  parts,
  reports,
}: RoadmapTree): { a: string; b: string; overlaps: IssueConflict['overlaps'] }[] {
  const keys = new Set(parts.map(({ key }) => key))
  return [...reports].flatMap(([repository, { conflicts }]) =>
    conflicts
      .map(({ a, b, overlaps }) => ({ a: `${repository}#${a}`, b: `${repository}#${b}`, overlaps }))
      .filter(({ a, b }) => keys.has(a) && keys.has(b)),
  )
}
