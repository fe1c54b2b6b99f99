/** One item's way from its webhook to its merge as a trace, from the record: the same after any restart. */

import { and, asc, desc, eq, gte, inArray, lte, ne } from 'drizzle-orm'
import type { Database } from '../db/connect.ts'
import { deliveries } from '../db/schema/deliveries.ts'
import { effects } from '../db/schema/effects.ts'
import { pullRequests } from '../db/schema/pull-requests.ts'
import { auditLog, repositories } from '../db/schema/repositories.ts'
import { gateResults, runs } from '../db/schema/runs.ts'
import { usage } from '../db/schema/usage.ts'
import { workItems } from '../db/schema/work-items.ts'
import { nest, staysOf, type TraceSpan } from '../domain/trace.ts'

type Attributes = TraceSpan['attributes']
type Item = typeof workItems.$inferSelect

/** How long a webhook may have waited before its issue was queued, in milliseconds. */
const webhookWithinMs = 120_000
/** Webhooks that are looked through for the one that queued the issue. */
const webhooksLookedAt = 200

/** A trace and what names it for good: the same item gives the same name each time. */
export interface ItemTrace {
  name: string
  root: TraceSpan
}

/** The trace of an item; undefined for one that is not there. */
export async function itemTrace(db: Database, workItemId: number): Promise<ItemTrace | undefined> {
  const [row] = await db
    .select({ item: workItems, repository: repositories.fullName })
    .from(workItems)
    .innerJoin(repositories, eq(workItems.repositoryId, repositories.id))
    .where(eq(workItems.id, workItemId))
  if (!row) return undefined
  const { item, repository } = row
  const steps = await db.select().from(auditLog).where(eq(auditLog.workItemId, item.id)).orderBy(asc(auditLog.id))
  const [pull] = await db
    .select({ number: pullRequests.number })
    .from(pullRequests)
    .where(eq(pullRequests.workItemId, item.id))
    .orderBy(desc(pullRequests.id))
    .limit(1)
  const end = (item.doneAt ?? steps.at(-1)?.at ?? item.updatedAt).getTime()
  const webhook = await webhookSpan(db, item, repository)
  const from = webhook?.from ?? item.createdAt.getTime()
  const stays = staysOf(steps, end).filter((stay) => stay.to > stay.from)
  const root: TraceSpan = {
    name: `${repository}#${item.issueNumber}`,
    ...{ from, to: Math.max(end, from) },
    attributes: known({
      'tutti.repository': repository,
      'tutti.issue': item.issueNumber,
      'tutti.title': item.title,
      'tutti.state': item.state,
      'tutti.module': item.module,
      'tutti.requested_by': item.requestedBy,
      'tutti.pull_request': pull?.number,
    }),
    ...(item.state === 'done' ? {} : { failed: item.reason || item.state }),
    children: webhook ? [webhook] : [],
  }
  return {
    name: `${repository}#${item.issueNumber}@${item.createdAt.toISOString()}`,
    root: nest(
      root,
      stays.map((stay) => span(stay.state, stay.from, stay.to)),
      [...(await runSpans(db, item.id)), ...(await gateSpans(db, item.id)), ...(await effectSpans(db, item.id))],
    ),
  }
}

/** The webhook that queued it, from its arrival to the item; undefined where it is not known any more. */
async function webhookSpan(db: Database, item: Item, repository: string): Promise<TraceSpan | undefined> {
  const to = item.createdAt
  const rows = await db
    .select()
    .from(deliveries)
    .where(
      and(
        inArray(deliveries.event, ['issues', 'issue_comment']),
        // Of what meant nothing only the id is kept.
        ne(deliveries.payload, ''),
        gte(deliveries.receivedAt, new Date(to.getTime() - webhookWithinMs)),
        lte(deliveries.receivedAt, to),
      ),
    )
    .orderBy(desc(deliveries.receivedAt))
    .limit(webhooksLookedAt)
  for (const { deliveryId, event, payload, receivedAt } of rows) {
    const { action, issue, repository: at } = JSON.parse(payload) as Payload
    if (issue?.number !== item.issueNumber || at?.full_name !== repository) continue
    const attributes = known({ 'tutti.delivery': deliveryId, 'tutti.event': event })
    return span(`webhook ${event}${action ? `.${action}` : ''}`, receivedAt.getTime(), to.getTime(), attributes)
  }
  return undefined
}

interface Payload {
  action?: string
  issue?: { number?: number }
  repository?: { full_name?: string }
}

async function runSpans(db: Database, workItemId: number): Promise<TraceSpan[]> {
  const rows = await db
    .select({ run: runs, used: usage })
    .from(runs)
    .leftJoin(usage, eq(usage.runId, runs.id))
    .where(eq(runs.workItemId, workItemId))
    .orderBy(asc(runs.id))
  return rows.flatMap(({ run, used }) => {
    if (!run.startedAt || !run.endedAt) return []
    const attributes = known({
      'tutti.agent': run.agent,
      'tutti.member': run.memberName,
      'tutti.outcome': run.outcome,
      'tutti.sandboxed': run.sandboxed,
      'gen_ai.provider.name': run.provider,
      'gen_ai.request.model': run.model,
      'gen_ai.usage.input_tokens': used?.inputTokens,
      'gen_ai.usage.output_tokens': used?.outputTokens,
    })
    const one = span(
      `${run.purpose} attempt ${run.attempt}`,
      run.startedAt.getTime(),
      run.endedAt.getTime(),
      attributes,
    )
    return [run.failureClass ? { ...one, failed: `${run.outcome ?? 'failed'}: ${run.failureClass}` } : one]
  })
}

async function gateSpans(db: Database, workItemId: number): Promise<TraceSpan[]> {
  const rows = await db
    .select()
    .from(gateResults)
    .where(eq(gateResults.workItemId, workItemId))
    .orderBy(asc(gateResults.id))
  return rows.map(({ gate, sha, verdict, summary, milliseconds, createdAt }) => {
    const to = createdAt.getTime()
    const one = span(`gate ${gate}`, to - milliseconds, to, { 'tutti.commit': sha, 'tutti.verdict': verdict })
    return verdict === 'fail' ? { ...one, failed: summary } : one
  })
}

/** What was written to GitHub: of each effect, its last time. */
async function effectSpans(db: Database, workItemId: number): Promise<TraceSpan[]> {
  const rows = await db
    .select()
    .from(effects)
    .where(and(eq(effects.workItemId, workItemId), inArray(effects.state, ['done', 'failed'])))
    .orderBy(asc(effects.id))
  return rows.flatMap(({ kind, attemptedAt, doneAt, state, error }) => {
    if (!attemptedAt || !doneAt) return []
    const one = span(`GitHub ${kind}`, attemptedAt.getTime(), doneAt.getTime())
    return [state === 'failed' ? { ...one, failed: error ?? 'failed' } : one]
  })
}

function span(name: string, from: number, to: number, attributes: Attributes = {}): TraceSpan {
  return { name, from, to: Math.max(from, to), attributes, children: [] }
}

/** Without what is not known. */
function known(values: Record<string, string | number | boolean | null | undefined>): Attributes {
  return Object.fromEntries(
    Object.entries(values).filter(
      (one): one is [string, string | number | boolean] => one[1] !== null && one[1] !== undefined && one[1] !== '',
    ),
  )
}
