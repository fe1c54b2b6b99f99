/** How healthy the backlog of one repository is, in numbers. */

import type { Env } from '../config/env.ts'
import { defaultSettings } from '../config/settings.ts'
import { isPart } from '../db/epics.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import type { ItemRow } from '../db/work-items.ts'
import { type BacklogHealth, isInNoRoadmap, waitsForMissing } from '../messages/backlog-health.ts'
import { Schedule } from '../scheduler/schedule.ts'
import { type Backlog, itemNameIn } from '../scheduling/backlog-snapshot.ts'
import { History } from '../scheduling/history.ts'
import { snapshotOf } from '../scheduling/to-snapshot.ts'

const dayMs = 24 * 3_600_000

/** The health of one repository. */
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
    lost.set(edge.dependentId, waitsForMissing(name))
  }
  // A roadmap elsewhere makes no orphans here.
  const parts = new Set(edges.filter((edge) => known.epics.has(edge.dependentId) && isPart(edge)).map(itemNameIn))
  const planned = [...parts].some((name) => name.startsWith(`${home}#`))
  return [...known.items.values()]
    .filter((item) => item.repositoryId === repo.id)
    .flatMap((item) => {
      const alone = planned && items.includes(item) && !parts.has(`${home}#${item.issueNumber}`)
      const why = lost.get(item.id) ?? (alone ? isInNoRoadmap : undefined)
      return why ? [{ issue: item.issueNumber, title: item.title, why }] : []
    })
}
