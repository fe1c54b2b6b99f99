/** The report of `/garden`: how healthy the backlog of a repository is. */

import { counted } from '../lib/counted.ts'
import type { ItemState } from '../lib/item-state.ts'
import { singleLine } from '../lib/sanitise.ts'

/** The first three names are public: programs ask for them. */
export interface BacklogHealth {
  /** Issues that are queued and not finished, roadmaps not counted. */
  issues: number
  /** Of these, the ones that could start as soon as an agent is free. */
  available_for_work: number
  /** Of these, the ones that wait for another issue. */
  blocked: number
  /**
   * Issues that have not changed for as many days as the settings say. An issue that waits for another one is not stale.
   */
  stale: { issue: number; title: string; state: ItemState; days: number }[]
  /** Cycles of dependencies, as the numbers or names of their issues. */
  cycles: string[][]
  /**
   * Issues that wait for one which does not exist or cannot be read, and issues in no roadmap while there are roadmaps.
   */
  orphans: { issue: number; title: string; why: string }[]
}

/** Why an issue is an orphan: parts of a sentence, without a stop. */
export const waitsForMissing = (issue: string) => `waits for ${issue}, which is not there or cannot be read`
export const isInNoRoadmap = 'is part of no roadmap'

/** A list shows so many rows, and counts the rest. */
const mostRows = 10

/**
 * The report, as markdown.
 * @param freed issues that turned out to be closed, as `owner/name#12`.
 */
export function backlogHealthReport(health: BacklogHealth, freed: readonly string[], home: string): string {
  const { issues, available_for_work: available, blocked, stale, cycles, orphans } = health
  const counts = [
    counted(issues, 'issue'),
    `${available} available for work`,
    `${blocked} blocked`,
    `${stale.length} stale`,
    cycles.length === 0
      ? 'no circular dependencies'
      : `${cycles.length} circular ${cycles.length === 1 ? 'dependency' : 'dependencies'}`,
    ...(orphans.length > 0 ? [`${orphans.length} without a place`] : []),
  ]
  const near = (name: string) => (name.startsWith(`${home.toLowerCase()}#`) ? name.slice(home.length) : name)
  const sections = [
    `**Health of the roadmap**: ${counts.join(' · ')}.`,
    freed.length > 0
      ? `Nothing waits for ${freed.map(near).join(', ')} any more: ${freed.length === 1 ? 'it is' : 'they are'} closed.`
      : '',
    list(
      'Stale, `/status` there says more',
      stale.map(
        ({ issue, title, state, days }) =>
          `- #${issue} ${singleLine(title, 80)}: ${state}, no change for ${counted(days, 'day')}`,
      ),
    ),
    list(
      'Circular dependencies, remove one of each',
      cycles.map((circle) => `- ${[...circle, circle[0]].join(' → ')}`),
    ),
    list(
      'Without a place in a roadmap, or waiting for an issue that is missing',
      orphans.map(({ issue, title, why }) => `- #${issue} ${singleLine(title, 80)} ${why}`),
    ),
  ]
  return sections.filter(Boolean).join('\n\n')
}

function list(title: string, rows: readonly string[]): string {
  if (rows.length === 0) return ''
  const more = rows.length > mostRows ? ['', `and ${rows.length - mostRows} more`] : []
  return [`${title}:`, '', ...rows.slice(0, mostRows), ...more].join('\n')
}
