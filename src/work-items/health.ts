/** How healthy the backlog of one repository is, in numbers and in words. */

import type { Env } from '../config/env.ts'
import { defaultSettings } from '../config/settings.ts'
import { isPart } from '../db/epics.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import type { ItemRow } from '../db/work-items.ts'
import { singleLine } from '../lib/sanitise.ts'
import { Schedule } from '../scheduler/schedule.ts'
import { type Backlog, itemNameIn } from '../scheduling/backlog-snapshot.ts'
import { History } from '../scheduling/history.ts'
import { snapshotOf } from '../scheduling/to-snapshot.ts'

/** The first three names are public: programs that ask for the health of a roadmap know them. */
export interface BacklogHealth {
  /** Issues that are queued and not finished, roadmaps not counted. */
  issues: number
  /** Of these, the ones that could start as soon as an agent is free. */
  available_for_work: number
  /** Of these, the ones that wait for another issue. */
  blocked: number
  /**
   * Nothing has changed for as many days as the settings say. What waits for another issue is not stale: what it waits
   * for may be.
   */
  stale: { issue: number; title: string; state: ItemRow['state']; days: number }[]
  /** Circles of dependencies, as the numbers or names of their issues. */
  cycles: string[][]
  /**
   * Issues that belong to nothing: they wait for one that is not there or cannot be read, or are part of no roadmap
   * while there are roadmaps.
   */
  orphans: { issue: number; title: string; why: string }[]
}

const dayMs = 24 * 3_600_000

/** Reads the health of one system off what is known. */
export function backlogHealth(known: Backlog, repo: RepositoryRow, env: Env, now: Date): BacklogHealth {
  const passContext = { env, history: new History(), freeMemory: 0, plan: undefined, now }
  const schedule = new Schedule(snapshotOf(known, passContext))
  const items = [...known.items.values()].filter((item) => item.repositoryId === repo.id && item.kind === 'task')
  const waits = (item: ItemRow) => (schedule.graph.nodes.get(String(item.id))?.open ?? 0) > 0
  const startable = new Set([...schedule.readyItems().nodes].map((node) => node.id))
  const staleDays = repo.settings?.schedule?.staleDays ?? defaultSettings().schedule.staleDays
  return {
    issues: items.length,
    available_for_work: items.filter((item) => startable.has(String(item.id))).length,
    blocked: items.filter(waits).length,
    stale: items
      .filter((item) => !waits(item) && now.getTime() - item.updatedAt.getTime() > staleDays * dayMs)
      .map((item) => ({
        issue: item.issueNumber,
        title: item.title,
        state: item.state,
        days: Math.floor((now.getTime() - item.updatedAt.getTime()) / dayMs),
      })),
    cycles: cyclesIn(schedule, known, repo),
    orphans: orphansIn(known, repo, items),
  }
}

function cyclesIn(schedule: Schedule, known: Backlog, repo: RepositoryRow): string[][] {
  return schedule
    .cycles()
    .map(({ items }) => items.flatMap((id) => known.items.get(Number(id)) ?? []))
    .filter((items) => items.some((item) => item.repositoryId === repo.id))
    .map((items) =>
      items.map((item) => {
        const name = item.repositoryId === repo.id ? '' : known.repos.get(item.repositoryId)?.fullName
        return `${name ?? ''}#${item.issueNumber}`
      }),
    )
}

function orphansIn(known: Backlog, repo: RepositoryRow, items: readonly ItemRow[]): BacklogHealth['orphans'] {
  const lost = new Map<number, string>()
  const home = repo.fullName.toLowerCase()
  const edges = [...known.edges.values()].flat()
  for (const edge of edges.filter(({ blocker }) => blocker === 'missing')) {
    const name = edge.repository === home ? `#${edge.issueNumber}` : `${edge.repository}#${edge.issueNumber}`
    lost.set(edge.dependentId, `waits for ${name}, which is not there or cannot be read`)
  }
  // A roadmap elsewhere makes no orphans here.
  const parts = new Set(edges.filter((edge) => known.epics.has(edge.dependentId) && isPart(edge)).map(itemNameIn))
  const planned = [...parts].some((name) => name.startsWith(`${home}#`))
  return [...known.items.values()]
    .filter((item) => item.repositoryId === repo.id)
    .flatMap((item) => {
      const alone = planned && items.includes(item) && !parts.has(`${home}#${item.issueNumber}`)
      const why = lost.get(item.id) ?? (alone ? 'is part of no roadmap' : undefined)
      return why ? [{ issue: item.issueNumber, title: item.title, why }] : []
    })
}

/** Rows of one list; the rest is counted. */
const mostRows = 10

/**
 * The report for people.
 * @param freed issues that turned out to be closed, as `owner/name#12`.
 */
export function healthInWords(health: BacklogHealth, freed: readonly string[], home: string): string {
  const { issues, available_for_work: available, blocked, stale, cycles, orphans } = health
  const counts = [
    `${issues} ${issues === 1 ? 'issue' : 'issues'}`,
    `${available} available for work`,
    `${blocked} blocked`,
    `${stale.length} stale`,
    `${cycles.length} ${cycles.length === 1 ? 'circle' : 'circles'}`,
    `${orphans.length} ${orphans.length === 1 ? 'orphan' : 'orphans'}`,
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
        ({ issue, title, state, days }) => `- #${issue} ${singleLine(title, 80)}: ${state}, no change for ${days} days`,
      ),
    ),
    list(
      'Circles, remove one dependency of each',
      cycles.map((circle) => `- ${[...circle, circle[0]].join(' → ')}`),
    ),
    list(
      'Orphans',
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
