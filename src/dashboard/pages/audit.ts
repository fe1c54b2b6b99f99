/** The audit log: who did what on whose word, with a filter, page by page. */

import { and, desc, eq, ilike, lt, or, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../../db/connect.ts'
import { auditLog } from '../../db/schema/repositories.ts'
import { workItems } from '../../db/schema/work-items.ts'
import * as messages from '../../messages/dashboard-pages.ts'
import { emptyState, itemUrl, pageUrl } from '../frame.ts'
import { type Html, html, timeTag } from '../html.ts'
import { sentence } from '../markdown.ts'
import type { Page, PageRequest } from '../page.ts'
import { pill } from '../words.ts'
import { eventWords } from './events.ts'

const pageSize = 50

/** What is looked for; '' where it does not matter. */
interface Filter {
  actor: string
  issue: string
  text: string
  kind: string
}

const kinds: readonly { id: keyof typeof messages.auditKinds; where?: SQL }[] = [
  { id: '' },
  { id: 'commands', where: sql`${auditLog.what} like '/%'` },
  { id: 'refused', where: sql`${auditLog.what} like 'refused %'` },
  { id: 'roadmaps', where: sql`${auditLog.detail} ?| array['phase', 'part']` },
  { id: 'steps', where: sql`${auditLog.what} like '% → %'` },
]

/** `/audit` */
export const auditPage: Page = {
  path: '/audit',
  async render(request) {
    const { services, repo, query } = request
    const word = (name: string) => (query(name) ?? '').trim().slice(0, 100)
    const filter: Filter = {
      actor: word('actor'),
      issue: word('issue').replace('#', ''),
      text: word('text'),
      kind: word('kind'),
    }
    const before = Number(word('before'))
    const rows = await entries(services.store.db, repo.id, {
      filter,
      before: before > 0 && Number.isSafeInteger(before) ? before : undefined,
    })
    const shown = rows.slice(0, pageSize)
    const last = shown.at(-1)
    const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''))
    const older =
      rows.length > pageSize && last
        ? html`<a class="button" href="${pageUrl('/audit', repo, { ...given, before: String(last.entry.id) })}">Older</a>`
        : ''
    const newest = before > 0 ? html`<a class="button" href="${pageUrl('/audit', repo, given)}">Newest</a>` : ''
    const list =
      shown.length === 0
        ? emptyState(...messages.noEntryFits(Object.keys(given).length > 0), 'audit')
        : table(request, shown)
    return {
      title: 'Audit log',
      where: html`<span>${sentence(messages.auditIsChained)}</span>`,
      main: html`<div class="stack">${filterForm(request, filter)}<section class="panel"><div class="body">${list}<div class="actions">${newest}${older}</div></div></section></div>`,
    }
  },
}

async function entries(
  db: Database,
  repositoryId: number,
  { filter, before }: { filter: Filter; before: number | undefined },
) {
  const like = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`
  const issue = /^\d{1,9}$/.test(filter.issue) ? Number(filter.issue) : undefined
  return db
    .select({ entry: auditLog, issue: workItems.issueNumber, title: workItems.title })
    .from(auditLog)
    .leftJoin(workItems, eq(auditLog.workItemId, workItems.id))
    .where(
      and(
        eq(auditLog.repositoryId, repositoryId),
        before === undefined ? undefined : lt(auditLog.id, before),
        filter.actor === '' ? undefined : ilike(auditLog.actor, like(filter.actor)),
        filter.issue === '' ? undefined : issue === undefined ? sql`false` : eq(workItems.issueNumber, issue),
        filter.text === ''
          ? undefined
          : or(ilike(auditLog.what, like(filter.text)), ilike(sql`${auditLog.detail}::text`, like(filter.text))),
        kinds.find(({ id }) => id === filter.kind)?.where,
      ),
    )
    .orderBy(desc(auditLog.id))
    .limit(pageSize + 1)
}

function filterForm({ repo }: PageRequest, filter: Filter): Html {
  const field = (name: 'actor' | 'issue' | 'text', label: string, size: number) =>
    html`<div class="field"><label for="f-${name}">${label}</label><input id="f-${name}" name="${name}" value="${filter[name]}" size="${size}"></div>`
  return html`<form class="panel filter" action="/audit" role="search"><input type="hidden" name="repository" value="${repo.fullName}">
<div class="field"><label for="f-kind">Show</label><select id="f-kind" name="kind">${kinds.map(({ id }) => html`<option value="${id}" ${id === filter.kind ? html`selected` : ''}>${messages.auditKinds[id]}</option>`)}</select></div>
${field('actor', 'Who', 14)}${field('issue', 'Issue', 6)}${field('text', 'Contains', 18)}<button class="primary">Filter</button></form>`
}

function table({ repo }: PageRequest, rows: Awaited<ReturnType<typeof entries>>): Html {
  const row = ({ entry, issue, title }: (typeof rows)[number]) => {
    const { words, tone } = eventWords(entry.what)
    const word = (name: string) => (typeof entry.detail[name] === 'string' ? entry.detail[name] : '')
    const why = word('why') || word('reply')
    const from = entry.what.includes(' → ') ? html` <span class="small muted">${entry.what}</span>` : ''
    return html`<tr id="entry-${entry.id}"><td class="nowrap">${timeTag(entry.at)}</td><td class="nowrap">${entry.actor}${word('door') ? html` <span class="chip">${word('door')}</span>` : ''}</td><td>${pill(tone, words)}${from}${why ? html`<div class="small muted">${sentence(why)}</div>` : ''}</td><td>${issue === null ? '' : html`<a href="${itemUrl(repo, issue)}">#${issue} ${title}</a>`}</td><td class="small muted mono nowrap" title="${entry.hash}">${entry.hash.slice(0, 8)}</td></tr>`
  }
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Entries"><table><thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What and why</th><th scope="col">Item</th><th scope="col">Hash</th></tr></thead><tbody>${rows.map(row)}</tbody></table></div>`
}
