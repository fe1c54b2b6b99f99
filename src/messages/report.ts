/** The report of orchestrated work, as markdown. */

import { singleLine } from '../lib/sanitise.ts'

/** What is reported; `src/views/report.ts` gathers it. */
export interface ReportFacts {
  title: string
  minutes: number
  items: readonly {
    issue: number
    title: string
    state: string
    agents: readonly string[]
    attempts: number
    gates: { passed: number; failed: number }
    reviewRounds: number
    pullRequest: number | null
  }[]
  testFilesChanged: number
  agents: readonly { name: string; kind: string; attempts: number; items: number }[]
  cost: readonly { currency: string; amount: number }[]
  tokens: number
  timeline: readonly { minute: number; text: string }[]
  next: readonly { issue: number; title: string }[]
}

/** The report: work completed, measures, progress, what is next. */
export function orchestrationReport(report: ReportFacts): string {
  const done = report.items.filter(({ state }) => state === 'done').length
  return [
    `**Orchestration report: ${singleLine(report.title, 120)}**`,
    report.items.length === 0 ? 'No agent has worked on anything in this time.' : workTable(report.items),
    report.items.length === 0 ? '' : measures(report, done),
    timeline(report.timeline),
    report.next.length === 0
      ? ''
      : `**Next**\n\n${report.next.map(({ issue, title }) => `- #${issue} ${singleLine(title, 100)}`).join('\n')}`,
  ]
    .filter(Boolean)
    .join('\n\n')
}

function workTable(items: ReportFacts['items']): string {
  const rows = items.map((one) => {
    const who = one.agents.map((name) => singleLine(name, 40)).join(', ') || '–'
    const pull = one.pullRequest === null ? '' : ` (#${one.pullRequest})`
    return `| #${one.issue} ${singleLine(one.title, 80)} | ${who} | ${one.state}${pull} | ${qualityText(one)} |`
  })
  return ['| work | agent | status | quality |', '|---|---|---|---|', ...rows].join('\n')
}

function qualityText({ attempts, gates, reviewRounds }: ReportFacts['items'][number]): string {
  const judged = gates.passed + gates.failed
  return [
    judged === 0 ? 'not judged' : `${gates.passed} of ${judged} gates passed`,
    `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`,
    reviewRounds > 0 ? `${reviewRounds} ${reviewRounds === 1 ? 'round' : 'rounds'} of review` : '',
  ]
    .filter(Boolean)
    .join(', ')
}

function measures(report: ReportFacts, done: number): string {
  const agents = report.agents.map(({ name, kind, items }) =>
    name === kind ? `${singleLine(name, 40)}: ${items}` : `${singleLine(name, 40)} (${singleLine(kind, 40)}): ${items}`,
  )
  const cost = report.cost.map(({ currency, amount }) => `${amount.toFixed(2)} ${currency}`)
  return [
    `- Completed: ${done} of ${report.items.length}`,
    `- Duration: ${durationText(report.minutes)}`,
    report.testFilesChanged > 0 ? `- Test files added or changed: ${report.testFilesChanged}` : '',
    `- Agents, with the items of each: ${agents.join(', ') || 'none'}`,
    cost.length > 0 ? `- Cost: ${cost.join(', ')}` : '',
    report.tokens > 0 ? `- Tokens: ${report.tokens.toLocaleString('en-US')}` : '',
  ]
    .filter(Boolean)
    .join('\n')
}

function timeline(steps: ReportFacts['timeline']): string {
  if (steps.length === 0) return ''
  const lines = steps.map(({ minute, text }) => `- [${minute} min] ${singleLine(text, 100)}`)
  return `<details><summary>Progress</summary>\n\n${lines.join('\n')}\n\n</details>`
}

function durationText(minutes: number): string {
  if (minutes < 120) return minutes === 1 ? '1 minute' : `${minutes} minutes`
  return minutes < 2_880 ? `${Math.round(minutes / 60)} hours` : `${Math.round(minutes / 1_440)} days`
}
