/** The choice between several repositories, each with how its work stands. */

import type { RepositoryRow } from '../../db/repositories.ts'
import { counted } from '../../lib/counted.ts'
import { noReadableRepository, repositoryStands } from '../../messages/dashboard.ts'
import { type ProgressView, progressOf } from '../../views/progress.ts'
import { emptyState, pageUrl, type View } from '../frame.ts'
import { type Html, html } from '../html.ts'
import type { DashboardServices } from '../services.ts'
import { statusPill } from '../words.ts'

/** `/` for somebody who can read several repositories, or none. */
export async function chooserView(services: DashboardServices, repositories: readonly RepositoryRow[]): Promise<View> {
  if (repositories.length === 0) return { title: 'Repositories', main: none }
  const cards: Html[] = []
  for (const repo of repositories) cards.push(cardOf(repo, await progressOf(services.store.db, repo)))
  return { title: 'Repositories', main: html`<div class="choices">${cards}</div>` }
}

const none = html`<section class="panel"><div class="body">${emptyState(...noReadableRepository)}</div></section>`

function cardOf(repo: RepositoryRow, { items, agents, completionPercent, status }: ProgressView): Html {
  return html`<section class="panel choice"><div class="inline"><a class="title name" href="${pageUrl('/', repo)}">${repo.fullName}</a>${statusPill(status)}</div>
<svg class="bar" role="img" aria-label="${completionPercent} % completed" preserveAspectRatio="none"><rect width="${completionPercent}%" height="100%" rx="3"/></svg>
<span class="small muted">${repositoryStands(items.completed, counted(items.total, 'item'), counted(agents.active, 'agent'))}</span>
${items.needsPerson > 0 ? html`<span class="small"><span class="pill warn">${items.needsPerson} need a person</span></span>` : ''}</section>`
}
