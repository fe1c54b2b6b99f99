/** The page of one item: where it stands and why, what a person can do now, and everything that has led there. */

import { desc, eq, inArray } from 'drizzle-orm'
import type { Database } from '../../db/connect.ts'
import { lastDecision } from '../../db/decisions.ts'
import { openDependencies } from '../../db/dependencies.ts'
import { itemMessages } from '../../db/messages.ts'
import { picturesOf } from '../../db/pictures.ts'
import { latestPlan, roundsOf } from '../../db/plans.ts'
import { pullOfItem } from '../../db/pull-requests.ts'
import { repositoryByName } from '../../db/repositories.ts'
import { runsOf } from '../../db/runs.ts'
import { auditLog } from '../../db/schema/repositories.ts'
import { gateResults } from '../../db/schema/runs.ts'
import { usage } from '../../db/schema/usage.ts'
import { type ItemRow, itemOfIssue } from '../../db/work-items.ts'
import { lifecycle } from '../../domain/lifecycle.ts'
import { firstCharacters } from '../../lib/sanitise-text.ts'
import * as messages from '../../messages/dashboard-item.ts'
import { reportOfEpic } from '../../views/report.ts'
import { commandForm } from '../command-form.ts'
import { emptyState, itemUrl, panel, type View } from '../frame.ts'
import { type Html, html, timeTag } from '../html.ts'
import { prose } from '../markdown.ts'
import type { Page, PageRequest } from '../page.ts'
import { moneyText, pill, statePill } from '../words.ts'
import { actionsPanel } from './item-actions.ts'
import type { ItemFacts } from './item-facts.ts'
import { journeyPanel } from './item-journey.ts'
import { attemptsPanel, gatesPanel, messagesPanel, planPanel } from './item-panels.ts'
import { reportPanel } from './report-panel.ts'

/** `/items/<owner>/<name>/<number>` */
export const itemPage: Page = {
  path: '/items/:owner/:name/:number',
  repositoryOf: ({ store }, { owner, name }) => repositoryByName(store.db, `${owner}/${name}`),
  async render(request) {
    const number = Number(request.words.number)
    if (!Number.isSafeInteger(number) || number < 1 || number > 2 ** 31 - 1) return undefined
    const { db } = request.services.store
    const item = await itemOfIssue(db, request.repo.id, number)
    if (!item) return notQueued(request, number)
    return viewOf(request, await factsOf(request, item))
  },
}

async function factsOf({ services }: PageRequest, item: ItemRow): Promise<ItemFacts> {
  const { db } = services.store
  const runs = await runsOf(db, item.id)
  const ids = runs.map(({ id }) => id)
  const used = ids.length === 0 ? [] : await db.select().from(usage).where(inArray(usage.runId, ids))
  const edges = (await openDependencies(db, [item.id])).filter(({ blocker }) => blocker !== 'closed')
  return {
    item,
    runs,
    steps: await stepsOf(db, item.id),
    gates: await db.select().from(gateResults).where(eq(gateResults.workItemId, item.id)).orderBy(gateResults.id),
    pictures: await picturesOf(db, item.id),
    pull: await pullOfItem(db, item.id),
    plan: await latestPlan(db, item.id),
    rounds: await roundsOf(db, item.id),
    messages: await itemMessages(db, item.id, 50),
    decision: await lastDecision(db, item.id),
    waitsFor: [...new Set(edges.map((edge) => `${edge.repository}#${edge.issueNumber}`))],
    report: item.kind === 'epic' ? await reportOfEpic(db, item) : undefined,
    used: new Map(used.map((row) => [row.runId, row])),
  }
}

/** Of a long journey the newest steps, oldest first: a roadmap with many parts has thousands. */
async function stepsOf(db: Database, itemId: number): Promise<ItemFacts['steps']> {
  const newest = db.select().from(auditLog).where(eq(auditLog.workItemId, itemId)).orderBy(desc(auditLog.id))
  return (await newest.limit(mostSteps)).reverse()
}

const mostSteps = 500

function viewOf(request: PageRequest, facts: ItemFacts): View {
  const { item, pull } = facts
  // What a person is asked about stands above the buttons.
  const asks = item.state === 'plan-review' || item.state === 'asking'
  const outside = (url: string, text: string) =>
    /^https?:\/\//.test(url)
      ? html`<a class="link" href="${url}" rel="noreferrer">${text}</a>`
      : html`<span>${text}</span>`
  return {
    title: item.title,
    where: html`${statePill(item.state)}${outside(item.url, `Issue #${item.issueNumber}`)}${pull ? outside(pull.url, `Pull request #${pull.number}`) : ''}${pull?.revertedBy ? pill('bad', 'reverted') : ''}<span>${messages.askedForBy(item.requestedBy)} ${timeTag(item.createdAt)}</span>`,
    main: html`<div class="columns"><div class="stack">
${nowPanel(request, facts)}${asks ? planPanel(facts) : ''}${actionsPanel(request, facts)}${journeyPanel(facts)}${asks ? '' : planPanel(facts)}${item.kind === 'epic' ? reportPanel(facts.report) : gatesPanel(request.repo, facts)}</div>
<div class="stack">${factsPanel(request, facts)}${item.kind === 'epic' ? '' : attemptsPanel(facts)}${messagesPanel(facts)}${textPanel(item)}</div></div>`,
  }
}

/** Where it stands, and the decision behind it. */
function nowPanel({ repo }: PageRequest, { item, decision, waitsFor }: ItemFacts): Html {
  const waits =
    waitsFor.length === 0
      ? ''
      : html`<p class="chips">${messages.itWaitsFor} ${waitsFor.map((name) => {
          const [place, number = ''] = name.split('#')
          return place === repo.fullName.toLowerCase()
            ? html`<a class="chip" href="${itemUrl(repo, Number(number))}">#${number}</a>`
            : html`<span class="chip">${name}</span>`
        })}</p>`
  const decided = decision
    ? html`<p>${messages.decisionNow(decision.explanation, item.state)}</p>${decision.rank ? html`<p class="small muted">${decision.rank}</p>` : ''}<p class="small muted">Decided ${timeTag(decision.createdAt)}</p>`
    : html`<p class="muted">${messages.noDecisionYet}</p>`
  return panel(
    messages.whyTitle,
    html`<div class="prose"><p><strong>${lifecycle[item.state].label}.</strong> ${item.reason}</p>${waits}${decided}</div>`,
  )
}

function factsPanel(_: PageRequest, { item, used, runs }: ItemFacts): Html {
  const sums = new Map<string, number>()
  for (const { cost, currency } of used.values())
    if (cost !== null && currency !== null) sums.set(currency, (sums.get(currency) ?? 0) + cost)
  const cost = [...sums].map(([currency, millionths]) => moneyText(millionths, currency)).join(' + ')
  const rows: [string, Html | string][] = [
    ['Priority', messages.priorityText(item.priority)],
    ['Effort', item.effort ?? 'not estimated'],
    [messages.costSoFar, cost || (runs.length > 0 ? 'not reported' : 'none')],
    ['Module', item.module],
    [messages.wayOfWorking, item.loop],
    ['Branch', html`<code>${item.branch}</code>`],
    ['Base', html`<code>${item.baseBranch}</code>`],
    ['Commit', item.headSha ? html`<code>${item.headSha.slice(0, 10)}</code>` : 'none yet'],
  ]
  return panel(
    'Facts',
    html`<dl class="facts">${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`,
  )
}

function textPanel({ body }: ItemRow): Html {
  if (body.trim() === '') return html``
  return panel(
    messages.textTitle,
    html`<details><summary>${messages.showText}</summary>${prose(firstCharacters(body, 20_000))}</details>`,
  )
}

/** An issue that no agent was asked to work on. */
function notQueued(request: PageRequest, number: number): View {
  const queue = commandForm(request, {
    ...{ command: 'queue', label: 'Queue it', on: number, primary: true },
    back: itemUrl(request.repo, number),
  })
  const body = emptyState(...messages.issueNotQueued(number, request.repo.settings?.label ?? 'tutti'))
  return {
    title: `Issue #${number}`,
    main: html`<section class="panel"><div class="body">${body}<div class="empty">${queue}</div></div></section>`,
  }
}
