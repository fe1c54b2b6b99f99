/** A roadmap and its parts, as far as Tutti knows them. */

import type { ItemState } from '../lib/item-state.ts'
import type { IssueConflict, ScheduleReport } from './schedule-report.ts'

/** The fields of a part's work item that roadmaps show. */
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

/** One issue that an epic consists of. */
export interface RoadmapPart {
  /** `owner/name#12`, the name in lower case. */
  key: string
  repository: string
  number: number
  /** The heading above it in the roadmap. */
  heading: string
  /** The last known state of the issue, which need not be an item. */
  issue: 'open' | 'closed' | 'missing'
  /** Absent when it was never queued. */
  item?: PartItem
  /** The agent hours that the scheduler expects; absent before its first decision. */
  hours?: number
  /** Its open pull request. */
  pull?: number
  /** Everything that must be done before it, as keys; `waitsFor`: the open ones of these. */
  after: string[]
  waitsFor: string[]
}

export interface RoadmapTree {
  parts: RoadmapPart[]
  /** The scheduler's last reports, by repository as in `RoadmapPart`. */
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
