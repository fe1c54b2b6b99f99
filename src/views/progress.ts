/** How far the work of a repository is: the summary that dashboards, terminals and programs begin with. */

import { and, avg, count, eq, gte, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from '../db/connect.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { scheduleReportOf } from '../db/schedule-reports.ts'
import { workItems } from '../db/schema/work-items.ts'
import { spentToday } from '../db/usage.ts'
import { currentTime } from '../lib/clock.ts'
import { listAgents } from './agents.ts'
import { countStates, statesOf } from './work-queue.ts'

/** The summary. Times are ISO 8601. */
export const progressView = z.object({
  systemId: z.string().describe('owner/name of the repository'),
  status: z.enum(['active', 'paused', 'halted', 'shutdown', 'gone']),
  statusReason: z.string(),
  completionPercent: z.number().describe('Completed items among all that were not left out; 100 without any'),
  items: z.object({
    total: z.number().int(),
    pending: z.number().int(),
    needsPerson: z.number().int(),
    inProgress: z.number().int(),
    completed: z.number().int(),
    left: z.number().int(),
  }),
  agents: z.object({ active: z.number().int(), limit: z.number().int().nullable(), unhealthy: z.number().int() }),
  concurrencyMode: z.string(),
  expectedHoursLeft: z.number().nullable().describe('From what the items of the last 30 days took; null without any'),
  spentToday: z.array(z.object({ currency: z.string(), amount: z.number() })),
  tokensToday: z.number().int(),
})
export type ProgressView = z.infer<typeof progressView>

/** The summary of one repository. */
export async function progressOf(db: Database, repo: RepositoryRow): Promise<ProgressView> {
  const states = await countStates(db, repo.id)
  const sum = (names: readonly (typeof workItems.$inferSelect)['state'][]) =>
    names.reduce((all, state) => all + (states.get(state) ?? 0), 0)
  const items = {
    pending: sum(statesOf.pending),
    needsPerson: sum(statesOf.needsPerson),
    inProgress: sum(statesOf.inProgress),
    completed: sum(statesOf.completed),
    left: sum(statesOf.left),
  }
  const total = items.pending + items.needsPerson + items.inProgress + items.completed
  const active = await listAgents(db, repo.id, { active: true, limit: 1_000 })
  const settings = settingsOf(repo)
  const spent = await spentToday(db, currentTime(), repo.id)
  const report = await scheduleReportOf(db, repo.id)
  return {
    systemId: repo.fullName,
    status: statusOfRepository(repo),
    statusReason: repo.haltedBecause ?? '',
    completionPercent: total === 0 ? 100 : Math.round((items.completed / total) * 1_000) / 10,
    items: { total, ...items },
    agents: {
      active: active.length,
      limit: settings.limits.agents ?? null,
      unhealthy: active.filter(({ health }) => health !== null && health !== 'healthy').length,
    },
    concurrencyMode: report?.mode ?? settings.schedule.mode ?? 'auto',
    expectedHoursLeft: await hoursLeft(db, repo.id, { open: total - items.completed, atOnce: active.length }),
    spentToday: spent.flatMap(({ currency, millionths }) =>
      currency === null ? [] : [{ currency, amount: millionths / 1e6 }],
    ),
    tokensToday: spent.reduce((all, one) => all + one.inputTokens + one.outputTokens, 0),
  }
}

/** `halted`: a critical failure has stopped everything. `shutdown`: it was shut down. Both are kinds of `paused`. */
function statusOfRepository({ state, haltedBecause, shutDownAt }: RepositoryRow): ProgressView['status'] {
  if (state !== 'paused') return state
  if (shutDownAt !== null) return 'shutdown'
  return haltedBecause === null ? 'paused' : 'halted'
}

/** From the mean time between label and merge of the last 30 days, and how many items are worked on at once. */
async function hoursLeft(db: Database, repositoryId: number, work: { open: number; atOnce: number }) {
  if (work.open === 0) return 0
  const took = sql`extract(epoch from ${workItems.doneAt} - ${workItems.createdAt}) / 3600`
  const [row] = await db
    .select({ hours: avg(took), items: count() })
    .from(workItems)
    .where(
      and(
        eq(workItems.repositoryId, repositoryId),
        sql`${workItems.kind} = 'task' and ${workItems.state} = 'done'`,
        gte(workItems.doneAt, sql`now() - interval '30 days'`),
      ),
    )
  if (!row?.items || row.hours === null) return null
  return Math.round((Number(row.hours) * work.open * 10) / Math.max(1, work.atOnce)) / 10
}
