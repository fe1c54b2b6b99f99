/** What the work has cost: by day as a chart and as a table, by kind of agent, and for each merged pull request. */

import { and, eq, gte, sql } from 'drizzle-orm'
import type { Settings } from '../../config/settings.ts'
import type { Database } from '../../db/connect.ts'
import { settingsOf } from '../../db/repository-settings.ts'
import { runs } from '../../db/schema/runs.ts'
import { usage } from '../../db/schema/usage.ts'
import { costOfMerged, dayOf } from '../../db/usage.ts'
import { currentMs } from '../../lib/clock.ts'
import * as messages from '../../messages/dashboard-pages.ts'
import { emptyState, panel } from '../frame.ts'
import { type Html, html } from '../html.ts'
import { sentence } from '../markdown.ts'
import type { Page } from '../page.ts'
import { moneyText, tokensText } from '../words.ts'

const days = 30
const dayMs = 24 * 3_600_000

interface DaySpend {
  day: string
  currency: string | null
  millionths: number
  tokens: number
  runs: number
}

/** `/spend` */
export const spendPage: Page = {
  path: '/spend',
  async render({ services, repo }) {
    const { db } = services.store
    const since = dayOf(new Date(currentMs() - (days - 1) * dayMs))
    const spent = await spentByDay(db, repo.id, since)
    const kinds = await spentByKind(db, repo.id, since)
    const merged = await costOfMerged(db, repo.id, new Date(currentMs() - days * dayMs))
    const currencies = [...new Set(spent.flatMap(({ currency }) => (currency === null ? [] : [currency])))]
    const { limits } = settingsOf(repo)
    const whole = (currency: string) =>
      spent.filter((one) => one.currency === currency).reduce((sum, one) => sum + one.millionths, 0)
    const figures = html`<dl class="figures">${currencies.map((currency) => html`<div class="figure"><dt>${messages.lastDays(days)}</dt><dd>${moneyText(whole(currency), currency)}</dd></div>`)}
${merged.map((one) => html`<div class="figure"><dt>${messages.forMergedPull}</dt><dd>${moneyText(one.millionths / Math.max(1, one.merged), one.currency)}</dd><dd class="note">${messages.meanOfMerged(one.merged)}</dd></div>`)}
<div class="figure"><dt>Tokens</dt><dd>${tokensText(spent.reduce((sum, one) => sum + one.tokens, 0))}</dd><dd class="note">read and written</dd></div>
${limitsOfDay(limits).map((limit) => html`<div class="figure"><dt>${messages.limitOfDay}</dt><dd>${limit}</dd><dd class="note">${sentence(messages.dayLimitNote(limit !== 'none'))}</dd></div>`)}</dl>`
    const charts =
      currencies.length === 0
        ? panel('By day', emptyState(...messages.noCostReported, 'spend'))
        : html`${currencies.map((currency) => panel(messages.byDayIn(currency), chart(spent, currency, since)))}`
    return { title: 'Spend', main: html`${figures}<div class="stack">${charts}${kindsPanel(kinds)}</div>` }
  },
}

/** What a day may use, in money and in tokens; `none` where neither is set. */
function limitsOfDay({ spendPerDay, tokensPerDay, currency }: Settings['limits']): string[] {
  const money = spendPerDay === undefined ? [] : [moneyText(spendPerDay * 1e6, currency)]
  const tokens = tokensPerDay === undefined ? [] : [messages.tokenCount(tokensText(tokensPerDay))]
  return money.length + tokens.length === 0 ? ['none'] : [...money, ...tokens]
}

async function spentByDay(db: Database, repositoryId: number, since: string): Promise<DaySpend[]> {
  return db
    .select({
      ...{ day: usage.day, currency: usage.currency, runs: sql`count(*)`.mapWith(Number) },
      millionths: sql`coalesce(sum(${usage.cost}), 0)`.mapWith(Number),
      tokens: sql`coalesce(sum(coalesce(${usage.inputTokens}, 0) + coalesce(${usage.outputTokens}, 0)), 0)`.mapWith(
        Number,
      ),
    })
    .from(usage)
    .where(and(eq(usage.repositoryId, repositoryId), gte(usage.day, since)))
    .groupBy(usage.day, usage.currency)
    .orderBy(usage.day)
}

async function spentByKind(db: Database, repositoryId: number, since: string) {
  return db
    .select({
      ...{ agent: runs.agent, currency: usage.currency, runs: sql`count(*)`.mapWith(Number) },
      millionths: sql`coalesce(sum(${usage.cost}), 0)`.mapWith(Number),
      input: sql`coalesce(sum(${usage.inputTokens}), 0)`.mapWith(Number),
      output: sql`coalesce(sum(${usage.outputTokens}), 0)`.mapWith(Number),
    })
    .from(usage)
    .innerJoin(runs, eq(usage.runId, runs.id))
    .where(and(eq(usage.repositoryId, repositoryId), gte(usage.day, since)))
    .groupBy(runs.agent, usage.currency)
    .orderBy(runs.agent)
}

/** Bars drawn on the server, with the same numbers as a table for those who read them. */
function chart(all: readonly DaySpend[], currency: string, since: string): Html {
  const byDay = new Map(all.filter((one) => one.currency === currency).map((one) => [one.day, one]))
  const names = Array.from({ length: days }, (_, at) => dayOf(new Date(Date.parse(since) + at * dayMs)))
  const top = niceTop(Math.max(...names.map((day) => byDay.get(day)?.millionths ?? 0)))
  const [width, height, left, bottom] = [900, 220, 64, 24]
  const step = (width - left) / days
  const y = (millionths: number) => (height - bottom) * (1 - millionths / top) + 8
  const lines = [0, 0.5, 1].map((part) => {
    const at = y(top * part).toFixed(1)
    return html`<line class="grid" x1="${left}" x2="${width}" y1="${at}" y2="${at}"/><text x="${left - 8}" y="${(Number(at) + 4).toFixed(1)}" text-anchor="end">${moneyText(top * part, currency)}</text>`
  })
  const bars = names.map((day, at) => {
    const millionths = byDay.get(day)?.millionths ?? 0
    const x = (left + at * step + step * 0.15).toFixed(1)
    const label =
      at % 5 === 0
        ? html`<text x="${(left + at * step + step / 2).toFixed(1)}" y="${height + 2}" text-anchor="middle">${day.slice(5)}</text>`
        : ''
    if (millionths === 0) return label
    const tall = Math.max(2, y(0) - y(millionths))
    return html`${label}<rect class="col" x="${x}" y="${(y(0) - tall).toFixed(1)}" width="${(step * 0.7).toFixed(1)}" height="${tall.toFixed(1)}" rx="2"><title>${day}: ${moneyText(millionths, currency)}</title></rect>`
  })
  const rows = names.toReversed().flatMap((day) => byDay.get(day) ?? [])
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Chart"><svg class="chart" viewBox="0 0 ${width} ${height + 8}" role="img" aria-label="${messages.costChart(days)}">${lines}${bars}</svg></div>
<details><summary>As a table</summary><table><thead><tr><th scope="col">Day</th><th scope="col" class="right">Cost</th><th scope="col" class="right">Tokens</th><th scope="col" class="right">Attempts</th></tr></thead><tbody>${rows.map((one) => html`<tr><td>${one.day}</td><td class="right num">${moneyText(one.millionths, one.currency)}</td><td class="right num">${tokensText(one.tokens)}</td><td class="right num">${one.runs}</td></tr>`)}</tbody></table></details>`
}

/** The next of 1, 2, 5, 10, … above a value, so that the axis has round numbers. */
function niceTop(value: number): number {
  if (value <= 0) return 1e6
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power
}

function kindsPanel(kinds: Awaited<ReturnType<typeof spentByKind>>): Html {
  if (kinds.length === 0) return html``
  const row = (one: (typeof kinds)[number]) =>
    html`<tr><td>${one.agent}</td><td class="right num">${one.runs}</td><td class="right num">${one.currency === null ? 'not reported' : moneyText(one.millionths, one.currency)}</td><td class="right num">${tokensText(one.input)}</td><td class="right num">${tokensText(one.output)}</td></tr>`
  return panel(
    messages.byKindOfAgent,
    html`<div class="scroll" tabindex="0" role="region" aria-label="${messages.costByKind}"><table><thead><tr><th scope="col">Agent</th><th scope="col" class="right">Attempts</th><th scope="col" class="right">Cost</th><th scope="col" class="right">Tokens read</th><th scope="col" class="right">Tokens written</th></tr></thead><tbody>${kinds.map(row)}</tbody></table></div>`,
    messages.lastDays(days),
  )
}
