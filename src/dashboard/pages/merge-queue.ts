/** What waits to be merged and in which order, the batches that were tested, and which open branches will conflict. */

import { and, desc, eq, inArray } from 'drizzle-orm'
import type { Database } from '../../db/connect.ts'
import { type ForecastRow, forecastsOf } from '../../db/forecasts.ts'
import { type BatchRow, queued } from '../../db/merge-queue.ts'
import type { RepositoryRow } from '../../db/repositories.ts'
import { mergeBatches, mergeQueue } from '../../db/schema/merging.ts'
import { pullRequests } from '../../db/schema/pull-requests.ts'
import { workItems } from '../../db/schema/work-items.ts'
import * as messages from '../../messages/dashboard-pages.ts'
import { emptyState, itemUrl, panel } from '../frame.ts'
import { type Html, html, spanText, timeTag } from '../html.ts'
import type { Page } from '../page.ts'
import { pill, statePill, type Tone } from '../words.ts'

/** Branches of the matrix: more cannot be read. */
const mostBranches = 24

/** `/merge-queue` */
export const mergeQueuePage: Page = {
  path: '/merge-queue',
  async render({ services, repo }) {
    const { db } = services.store
    return {
      title: 'Merge queue',
      main: html`<div class="stack">${await queuePanels(db, repo)}${await matrixPanel(db, repo)}${await batchesPanel(db, repo)}</div>`,
    }
  },
}

async function queuePanels(db: Database, repo: RepositoryRow): Promise<Html> {
  const bases = await db
    .selectDistinct({ baseBranch: mergeQueue.baseBranch })
    .from(mergeQueue)
    .where(eq(mergeQueue.repositoryId, repo.id))
  if (bases.length === 0) return panel(messages.waitForMergeTitle, emptyState(...messages.emptyMergeQueue, 'merge'))
  const panels: Html[] = []
  for (const { baseBranch } of bases) {
    const rows = await queued(db, { repositoryId: repo.id, baseBranch })
    const row = ({ entry, pull, item }: (typeof rows)[number], at: number) =>
      html`<li id="queued-${pull.id}"><span class="face">${at + 1}</span><div class="grow"><span><a class="name" href="${itemUrl(repo, item.issueNumber)}">#${pull.number} ${item.title}</a></span><span class="small muted">at <code>${entry.sha.slice(0, 10)}</code>${pull.heldBy ? `, held back by ${pull.heldBy}` : ''}</span></div><div class="side-note">${statePill(item.state)}${timeTag(entry.createdAt)}</div></li>`
    panels.push(
      panel(messages.waitForMergeInto(baseBranch), html`<ol class="rows">${rows.map(row)}</ol>`, String(rows.length)),
    )
  }
  return html`${panels}`
}

/** Every pair of open branches: whether git merges them. */
async function matrixPanel(db: Database, repo: RepositoryRow): Promise<Html> {
  const pairs = await forecastsOf(db, repo.id)
  const ids = [...new Set(pairs.flatMap(({ oneId, otherId }) => [oneId, otherId]))].slice(0, mostBranches)
  if (ids.length === 0) return panel(messages.forecastTitle, emptyState(...messages.noForecast, 'check'))
  const items = await db.select().from(workItems).where(inArray(workItems.id, ids)).orderBy(workItems.issueNumber)
  const known = new Map<string, ForecastRow>(pairs.map((pair) => [`${pair.oneId} ${pair.otherId}`, pair]))
  const between = (a: number, b: number) => known.get(a < b ? `${a} ${b}` : `${b} ${a}`)
  const cell = (a: (typeof items)[number], b: (typeof items)[number]) => {
    if (a.id === b.id) return html`<td><span class="visually-hidden">itself</span></td>`
    const pair = between(a.id, b.id)
    const conflicts = pair?.paths.length ?? 0
    if (!pair)
      return html`<td><span class="cell" title="${messages.shareNoFile}">–<span class="visually-hidden"> no shared file</span></span></td>`
    return conflicts === 0
      ? html`<td><span class="cell good" title="They merge">ok</span></td>`
      : html`<td><span class="cell bad" title="${pair.paths.join(', ')}">${conflicts}<span class="visually-hidden"> files in conflict</span></span></td>`
  }
  const conflicts = pairs.filter(({ paths }) => paths.length > 0)
  const numbers = new Map(items.map(({ id, issueNumber }) => [id, issueNumber]))
  const list = conflicts
    .slice(0, 20)
    .map(
      (pair) =>
        html`<li><div class="grow"><span>${[pair.oneId, pair.otherId].map((id, at) => html`${at === 1 ? ' and ' : ''}<a class="name" href="${itemUrl(repo, numbers.get(id) ?? 0)}">#${numbers.get(id) ?? '?'}</a>`)}</span><span class="small muted mono">${pair.paths.slice(0, 6).join(', ')}</span></div></li>`,
    )
  return panel(
    messages.forecastTitle,
    html`<div class="scroll" tabindex="0" role="region" aria-label="${messages.forecastTitle}"><table class="matrix"><thead><tr><td></td>${items.map(({ issueNumber }) => html`<th scope="col">#${issueNumber}</th>`)}</tr></thead><tbody>${items.map((a) => html`<tr><th scope="row"><a href="${itemUrl(repo, a.issueNumber)}">#${a.issueNumber}<span class="matrix-title"> ${a.title}</span></a></th>${items.map((b) => cell(a, b))}</tr>`)}</tbody></table></div>
${conflicts.length > 0 ? html`<ul class="rows">${list}</ul>` : ''}`,
    messages.conflictsAmong(conflicts.length, pairs.length),
  )
}

async function batchesPanel(db: Database, repo: RepositoryRow): Promise<Html> {
  const rows: BatchRow[] = await db
    .select()
    .from(mergeBatches)
    .where(eq(mergeBatches.repositoryId, repo.id))
    .orderBy(desc(mergeBatches.id))
    .limit(15)
  if (rows.length === 0) return html``
  const members = rows.flatMap(({ members }) => members.map(({ pullRequestId }) => pullRequestId))
  const pulls = await db
    .select({ id: pullRequests.id, number: pullRequests.number })
    .from(pullRequests)
    .where(and(eq(pullRequests.repositoryId, repo.id), inArray(pullRequests.id, members)))
  const numbers = new Map(pulls.map(({ id, number }) => [id, number]))
  const tones: Record<BatchRow['state'], Tone> = { testing: 'info', passed: 'good', failed: 'bad', void: 'calm' }
  const row = (batch: BatchRow) =>
    html`<li id="batch-${batch.id}"><div class="grow"><span>${pill(tones[batch.state], batch.state)} ${batch.members.map(({ pullRequestId }) => `#${numbers.get(pullRequestId) ?? '?'}`).join(' + ')} <span class="muted">on ${batch.baseBranch}</span></span>${batch.log ? html`<details><summary>Log</summary><pre tabindex="0">${batch.log}</pre></details>` : ''}</div><div class="side-note">${timeTag(batch.createdAt)}${batch.milliseconds === null ? '' : html`<span class="num">${spanText(batch.milliseconds)}</span>`}</div></li>`
  return panel('Tested together', html`<ul class="rows">${rows.map(row)}</ul>`)
}
