/** The board: every item by its state, who waits for whom, the agents at work, and what has just happened. */

import { asc, desc, type SQL, sql } from 'drizzle-orm'
import type { RepositoryRow } from '../../db/repositories.ts'
import { workItems } from '../../db/schema/work-items.ts'
import { counted } from '../../lib/counted.ts'
import type { ItemState } from '../../lib/item-state.ts'
import * as messages from '../../messages/dashboard-pages.ts'
import { type AgentView, listAgents } from '../../views/agents.ts'
import { type EventView, listEvents } from '../../views/events.ts'
import { type ProgressView, progressOf } from '../../views/progress.ts'
import { countStates, itemsIn, type WorkItemView } from '../../views/work-queue.ts'
import { commandForm } from '../command-form.ts'
import { emptyState, itemUrl, pageUrl, panel } from '../frame.ts'
import { bytesText, type Html, html, spanText, timeTag } from '../html.ts'
import { sentence } from '../markdown.ts'
import type { Page, PageRequest } from '../page.ts'
import { agentPill, face, moneyText, statePill, stateTone, statusPill, tokensText } from '../words.ts'
import { eventLine } from './events.ts'

interface Lane {
  /** Its title, and what an empty one means. */
  words: readonly [title: string, empty: string]
  states: readonly ItemState[]
  order?: SQL[]
}

const lanes: readonly Lane[] = [
  {
    words: messages.lanes.person,
    states: ['asking', 'plan-review', 'held', 'reviewing', 'paused'],
  },
  { words: messages.lanes.next, states: ['ready', 'queued'] },
  { words: messages.lanes.atWork, states: ['running', 'checking', 'planning'] },
  { words: messages.lanes.merging, states: ['merging', 'approved'] },
  {
    words: messages.lanes.done,
    states: ['done'],
    order: [sql`${workItems.doneAt} desc nulls last`, desc(workItems.id)],
  },
]
/** Cards of one lane. */
const mostCards = 30

/** `/` */
export const boardPage: Page = {
  path: '/',
  async render(request) {
    const { services, repo } = request
    const { db } = services.store
    const counts = await countStates(db, repo.id)
    const shown: { lane: Lane; items: WorkItemView[]; total: number }[] = []
    for (const lane of lanes) {
      const order = lane.order ?? [stateOrder(lane.states), asc(workItems.priority), asc(workItems.issueNumber)]
      const items = await itemsIn(db, repo.id, { states: lane.states, order, limit: mostCards })
      shown.push({ lane, items, total: lane.states.reduce((sum, state) => sum + (counts.get(state) ?? 0), 0) })
    }
    const agents = await listAgents(db, repo.id, { active: true, limit: 50 })
    const progress = await progressOf(db, repo)
    const events = await listEvents(db, [repo.id], { limit: 8 })
    const main =
      counts.size === 0
        ? firstSteps(request)
        : html`${problems(repo, progress)}${figures(progress, shown[0]?.total ?? 0)}
<div class="board">${shown.map((one) => laneOf(request, one))}</div>
<div class="columns"><div class="stack">${agentsPanel(repo, agents)}${panel('Lately', eventList(repo, events), html`<a class="link" href="${pageUrl('/audit', repo)}">All</a>`)}</div>
<div class="stack">${queueForm(request)}${waitingPanel(repo, shown)}</div></div>`
    return { title: 'Board', where: repositoryLine(request, progress), main }
  },
}

/** The states of a lane in the order in which they are written there. */
function stateOrder(states: readonly ItemState[]): SQL {
  return sql`array_position(array[${sql.join(
    states.map((state) => sql`${state}`),
    sql`, `,
  )}]::text[], ${workItems.state})`
}

function repositoryLine({ repo }: PageRequest, { status, concurrencyMode }: ProgressView): Html {
  return html`<span>${repo.fullName}</span>${statusPill(status)}<span>${concurrencyMode}</span>`
}

function problems(repo: RepositoryRow, { status, statusReason }: ProgressView): Html {
  const settings = repo.settingsError
    ? html`<div class="notice">${messages.badSettingsFile(repo.settingsError)}</div>`
    : ''
  if (status === 'halted')
    return html`<div class="notice">${sentence(messages.everythingStopped(statusReason))}</div>${settings}`
  if (status === 'paused') return html`<div class="notice">${messages.pausedHere}</div>${settings}`
  return html`${settings}`
}

function figures(progress: ProgressView, needed: number): Html {
  const { items, agents, completionPercent, expectedHoursLeft, spentToday, tokensToday } = progress
  const left =
    expectedHoursLeft === null ? 'not known yet' : `about ${spanText(Math.max(60_000, expectedHoursLeft * 3_600_000))}`
  const spent = spentToday.map(({ amount, currency }) => moneyText(amount * 1e6, currency)).join(' + ')
  return html`<dl class="figures">
<div class="figure"><dt>Completed</dt><dd>${completionPercent}<small> %</small></dd>
<dd class="note"><svg class="bar" role="img" aria-label="${completionPercent} % completed" preserveAspectRatio="none"><rect width="${completionPercent}%" height="100%" rx="3"/></svg></dd></div>
<div class="figure ${needed > 0 ? 'call' : ''}"><dt>Need a person</dt><dd>${needed}</dd><dd class="note">${messages.neededFor(needed)}</dd></div>
<div class="figure"><dt>Agents</dt><dd>${agents.active}${agents.limit === null ? '' : html`<small> of ${agents.limit}</small>`}</dd><dd class="note">${agents.unhealthy > 0 ? html`<span class="urgent">${agents.unhealthy} unwell</span>` : agents.active > 0 ? 'all healthy' : 'none at work'}</dd></div>
<div class="figure"><dt>Open items</dt><dd>${items.total - items.completed}<small> of ${items.total}</small></dd><dd class="note">time left: ${items.total === items.completed ? 'none' : left}</dd></div>
<div class="figure"><dt>Spent today</dt><dd>${spent || '–'}</dd><dd class="note">${tokensText(tokensToday)} tokens</dd></div>
</dl>`
}

function laneOf(
  request: PageRequest,
  { lane, items, total }: { lane: Lane; items: WorkItemView[]; total: number },
): Html {
  const more = total - items.length
  const [title, empty] = lane.words
  const tone = stateTone(lane.states[0] ?? '')
  return html`<section class="lane" aria-label="${title}"><h2><span class="dot ${tone}"></span>${title}<span class="num">${total}</span></h2>
${items.length === 0 ? html`<div class="empty">${empty}</div>` : html`<ol>${items.map((item) => cardOf(request.repo, item))}</ol>`}
${more > 0 ? html`<p class="more">and ${more} more: ${html`<a class="link" href="${pageUrl('/graph', request.repo)}">see all</a>`}</p>` : ''}</section>`
}

function cardOf(repo: RepositoryRow, item: WorkItemView): Html {
  const needs = item.state === 'held' || item.state === 'asking' || item.state === 'paused'
  const waits = item.waitsFor.slice(0, 4).map((name) => reference(repo, name))
  const more = item.waitsFor.length - waits.length
  return html`<li class="card" id="card-${item.issue}"><div class="row"><span class="num">#${item.issue}</span>${statePill(item.state)}${item.priority < 2 && item.state !== 'done' ? html`<span class="urgent">P${item.priority}</span>` : ''}${item.effort ? html`<span class="chip" title="Effort">${item.effort}</span>` : ''}</div>
<a class="title" href="${itemUrl(repo, item.issue)}">${item.title}</a>
${needs && item.reason ? html`<p class="why">${sentence(item.reason)}</p>` : ''}
${waits.length > 0 ? html`<div class="row">waits for ${waits}${more > 0 ? html`<span>+${more}</span>` : ''}</div>` : ''}
${item.agent || item.pullRequest !== null || item.state === 'done' ? html`<div class="row">${item.agent ? html`${face(item.agent)}<span>${item.agent}</span>` : ''}${item.pullRequest === null ? '' : html`<span>PR #${item.pullRequest}</span>`}${item.state === 'done' ? timeTag(item.updatedAt) : ''}</div>` : ''}</li>`
}

/** An issue by its name; one of this repository leads to its page. @param name `owner/name#12` */
function reference(repo: RepositoryRow, name: string): Html {
  const [repository = '', number = ''] = name.split('#')
  return repository.toLowerCase() === repo.fullName.toLowerCase()
    ? html`<a class="chip" href="${itemUrl(repo, Number(number))}">#${number}</a>`
    : html`<span class="chip">${name}</span>`
}

function agentsPanel(repo: RepositoryRow, agents: readonly AgentView[]): Html {
  const row = (agent: AgentView) => {
    const name = agent.name || agent.kind
    const load = [
      agent.cpuPercent === null ? '' : `${Math.round(agent.cpuPercent)} % CPU`,
      agent.memoryBytes === null ? '' : bytesText(agent.memoryBytes),
      agent.silentSeconds !== null && agent.silentSeconds > 30
        ? `silent for ${spanText(agent.silentSeconds * 1_000)}`
        : '',
    ].filter(Boolean)
    return html`<li id="agent-${agent.agentId}">${face(name)}<div class="grow"><span><a class="name" href="/runs/${agent.agentId}">${name}</a> <span class="muted">${agent.purpose === 'build' ? '' : `${agent.purpose}s `}</span><a href="${itemUrl(repo, agent.issue)}">#${agent.issue} ${agent.title}</a></span>
<span class="small muted">${agent.progress || (agent.status === 'waiting' ? messages.waitsForTurn : messages.noReportYet)}</span></div>
<div class="side-note"><span>${agentPill(agent)}</span><span class="num">${agent.startedAt ? timeTag(agent.startedAt, 'lasted') : ''}${load.length > 0 ? ` · ${load.join(' · ')}` : ''}</span></div></li>`
  }
  const body =
    agents.length === 0 ? emptyState(...messages.noAgentAtWork) : html`<ul class="rows">${agents.map(row)}</ul>`
  return panel(messages.agentsAtWorkTitle, body, html`<a class="link" href="${pageUrl('/crew', repo)}">The crew</a>`)
}

/** Who waits for whom: the items that hold up others, the one with the most first. */
function waitingPanel(repo: RepositoryRow, shown: readonly { items: WorkItemView[] }[]): Html {
  const all = shown.flatMap(({ items }) => items)
  const titles = new Map(all.map(({ issue, title }) => [`${repo.fullName.toLowerCase()}#${issue}`, title]))
  const waiting = new Map<string, WorkItemView[]>()
  for (const item of all)
    for (const name of item.waitsFor)
      waiting.set(name.toLowerCase(), [...(waiting.get(name.toLowerCase()) ?? []), item])
  const rows = [...waiting].toSorted(([, a], [, b]) => b.length - a.length).slice(0, 8)
  if (rows.length === 0) return html``
  const row = ([name, items]: [
    string,
    WorkItemView[],
  ]) => html`<li><div class="grow"><span>${reference(repo, name)} ${titles.get(name) ?? ''}</span>
<span class="small muted chips">${messages.itemsWait(items.length, counted(items.length, 'item'))} ${items.slice(0, 12).map(({ issue }) => reference(repo, `${repo.fullName}#${issue}`))}</span></div></li>`
  return panel(
    messages.whoWaitsTitle,
    html`<ul class="rows">${rows.map(row)}</ul>`,
    html`<a class="link" href="${pageUrl('/graph', repo)}">As a graph</a>`,
  )
}

function eventList(repo: RepositoryRow, events: readonly EventView[]): Html {
  return events.length === 0
    ? emptyState(...messages.nothingHappened)
    : html`<ul class="rows">${events.map((event) => eventLine(repo, event))}</ul>`
}

function queueForm(request: PageRequest): Html {
  const { repo } = request
  const back = pageUrl('/', repo)
  const stop =
    repo.state === 'paused'
      ? commandForm(request, { command: 'resume', label: messages.resumeButton, args: { all: 'true' }, back })
      : commandForm(request, { command: 'pause', label: messages.pauseButton, args: { all: 'true' }, back })
  const queue = commandForm(request, {
    ...{ command: 'queue', label: 'Queue', back, primary: true },
    fields: html`<label class="visually-hidden" for="on">${messages.numberOfIssue}</label><input id="on" name="on" inputmode="numeric" pattern="[0-9]+" required placeholder="Issue number" size="12" data-still>`,
  })
  return panel(messages.putToWorkTitle, html`<div class="actions">${queue}${stop}</div>`)
}

/** For a repository without items. */
function firstSteps(request: PageRequest): Html {
  const { repo } = request
  const label = repo.settings?.label ?? 'tutti'
  return html`<div class="columns"><section class="panel"><div class="body">${emptyState(...messages.firstIssue(label, repo.fullName), 'board')}</div></section>${queueForm(request)}</div>`
}
