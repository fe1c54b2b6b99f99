/** The page of one attempt: its transcript, live while its agent works. */

import { eq } from 'drizzle-orm'
import { picturesOf } from '../../db/pictures.ts'
import type { RepositoryRow } from '../../db/repositories.ts'
import { getRun, runWithItem } from '../../db/runs.ts'
import { usage } from '../../db/schema/usage.ts'
import * as messages from '../../messages/dashboard-pages.ts'
import { type AgentView, findAgent } from '../../views/agents.ts'
import { commandForm } from '../command-form.ts'
import { emptyState, itemUrl, panel } from '../frame.ts'
import { bytesText, type Html, html, markup, spanText, timeTag } from '../html.ts'
import type { Page } from '../page.ts'
import { pictureGrid } from '../pictures.ts'
import { agentPill, face, moneyText, tokensText } from '../words.ts'
import { readTranscript } from './transcript.ts'

/** `/runs/<id>` */
export const runPage: Page = {
  path: '/runs/:id',
  async repositoryOf({ store }, { id }) {
    const found = /^\d{1,15}$/.test(id ?? '') ? await runWithItem(store.db, Number(id)) : undefined
    return found?.repo
  },
  async render(request) {
    const { services, repo, words } = request
    const agent = await findAgent(services.store.db, repo.id, words.id ?? '')
    if (!agent) return undefined
    const [used] = await services.store.db
      .select()
      .from(usage)
      .where(eq(usage.runId, Number(agent.agentId)))
    const run = await getRun(services.store.db, Number(agent.agentId))
    const left = run?.headSha ? await picturesOf(services.store.db, run.workItemId, run.headSha) : []
    const running = agent.endedAt === null
    const log = await readTranscript(services, agent.agentId, undefined)
    const name = agent.name || agent.kind
    const stop = commandForm(request, {
      ...{ command: 'stop', label: messages.stopAgent, on: agent.issue, danger: true, back: `/runs/${agent.agentId}` },
      confirm: messages.stopAndPause,
    })
    const transcript =
      log.html === '' && !running
        ? emptyState(...messages.noTranscript)
        : html`<div class="transcript" id="log" role="log" tabindex="0" aria-label="Transcript" data-still data-log="/runs/${agent.agentId}/log" data-from="${log.next}" data-running="${running ? 'true' : 'false'}">${log.cut ? html`<div class="line"><span></span><span class="muted">${messages.beginningLeftOut}</span></div>` : ''}${markup(log.html)}</div>`
    return {
      title: `${name} on #${agent.issue}`,
      where: html`${face(name)}${agentPill(agent)}<span>${agent.progress}</span>`,
      tools: running ? stop : html``,
      main: html`<div class="columns"><section class="panel"><header><h2>Transcript</h2></header><div class="body">${transcript}</div></section>
<div class="stack">${factsPanel(repo, agent, used)}${left.length > 0 ? panel(messages.picturesTitle, pictureGrid(repo, left)) : ''}</div></div>`,
    }
  },
}

function factsPanel(repo: RepositoryRow, agent: AgentView, used: typeof usage.$inferSelect | undefined): Html {
  const running = agent.endedAt === null
  const rows: [string, Html | string][] = [
    ['Item', html`<a class="link" href="${itemUrl(repo, agent.issue)}">#${agent.issue} ${agent.title}</a>`],
    ['Agent', `${agent.kind}${agent.model ? `, ${agent.model}` : ''}`],
    ['Purpose', `${agent.purpose}, attempt ${agent.attempt}`],
    ['Began', timeTag(agent.startedAt)],
    ['Took', running ? timeTag(agent.startedAt, 'lasted') : lasted(agent.startedAt, agent.endedAt)],
    ['Health', agent.health ?? (running ? 'not measured yet' : '–')],
    [
      'CPU, memory',
      agent.memoryBytes === null ? '–' : `${Math.round(agent.cpuPercent ?? 0)} %, ${bytesText(agent.memoryBytes)}`,
    ],
    ['Tokens', used ? tokensText((used.inputTokens ?? 0) + (used.outputTokens ?? 0)) : 'not reported'],
    ['Cost', used && used.cost !== null ? moneyText(used.cost, used.currency) : 'not reported'],
    ['Branch', html`<code>${agent.branch}</code>`],
  ]
  return panel(
    'Facts',
    html`<dl class="facts">${rows.map(([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`)}</dl>`,
  )
}

function lasted(from: string | null, to: string | null): string {
  return from && to ? spanText(Date.parse(to) - Date.parse(from)) : '–'
}
