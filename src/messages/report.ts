/** The report of orchestrated work, as markdown. */

import { counted } from '../lib/counted.ts'
import { singleLine } from '../lib/sanitise.ts'
import { timedLine } from './progress.ts'

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
    testsAdded: number | null
    coverage: readonly { command: string; percent: number }[]
  }[]
  testFilesChanged: number
  testsAdded: { files: number; cases: number }
  coverage: readonly { command: string; percent: number; issue: number }[]
  agents: readonly { name: string; kind: string; attempts: number; items: number }[]
  cost: readonly { currency: string; amount: number }[]
  tokens: number
  timeline: readonly { minute: number; text: string }[]
  next: readonly { issue: number; title: string }[]
}

/** The report: work completed, measures, progress, what is next. */
export function orchestrationReport(report: ReportFacts): string {
  return [
    `**Orchestration report: ${singleLine(report.title, 120)}**`,
    report.items.length === 0 ? 'No agent has worked on anything in this time.' : workTable(report.items),
    report.items.length === 0 ? '' : reportMeasures(report),
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
    return `| #${one.issue} ${singleLine(one.title, 80)} | ${who} | ${one.state}${pull} | ${reportQuality(one)} |`
  })
  return ['| work | agent | status | quality |', '|---|---|---|---|', ...rows].join('\n')
}

/** How well one item went, in one line. */
export function reportQuality({
  attempts,
  gates,
  reviewRounds,
  testsAdded,
  coverage,
}: ReportFacts['items'][number]): string {
  const judged = gates.passed + gates.failed
  return [
    judged === 0 ? 'not judged' : `${gates.passed} of ${judged} gates passed`,
    counted(attempts, 'attempt'),
    reviewRounds > 0 ? `${counted(reviewRounds, 'round')} of review` : '',
    testsAdded ? `${counted(testsAdded, 'test')} added` : '',
    coverage.length > 0 ? `coverage ${coverage.map(({ percent }) => `${percent} %`).join(', ')}` : '',
  ]
    .filter(Boolean)
    .join(', ')
}

/** The measures of the whole, as a list. */
export function reportMeasures(report: ReportFacts): string {
  const done = report.items.filter(({ state }) => state === 'done').length
  const agents = report.agents.map(({ name, kind, items }) =>
    name === kind ? `${singleLine(name, 40)}: ${items}` : `${singleLine(name, 40)} (${singleLine(kind, 40)}): ${items}`,
  )
  const cost = report.cost.map(({ currency, amount }) => `${amount.toFixed(2)} ${currency}`)
  return [
    `- Completed: ${done} of ${report.items.length}`,
    `- Duration: ${durationText(report.minutes)}`,
    testsText(report),
    report.coverage.length > 0
      ? `- Coverage, as the gates printed it: ${report.coverage.map(coverageText).join(', ')}`
      : '',
    `- Agents, with the items of each: ${agents.join(', ') || 'none'}`,
    cost.length > 0 ? `- Cost: ${cost.join(', ')}` : '',
    report.tokens > 0 ? `- Tokens: ${report.tokens.toLocaleString('en-US')}` : '',
  ]
    .filter(Boolean)
    .join('\n')
}

/** Counted by the names of files and by lines: nothing was run for it. */
function testsText({ testsAdded: { files, cases }, testFilesChanged }: ReportFacts): string {
  const added = [
    cases > 0 ? counted(cases, 'case') : '',
    files > 0 ? `${files} new ${files === 1 ? 'file' : 'files'}` : '',
  ].filter(Boolean)
  return [
    added.length > 0 ? `- Tests added in what was completed: ${added.join(' in ')}` : '',
    testFilesChanged > 0 ? `- Test files added or changed: ${testFilesChanged}` : '',
  ]
    .filter(Boolean)
    .join('\n')
}

function coverageText({ command, percent, issue }: ReportFacts['coverage'][number]): string {
  return `${percent} % (${singleLine(command, 40)}, #${issue})`
}

function timeline(steps: ReportFacts['timeline']): string {
  if (steps.length === 0) return ''
  const lines = steps.map(({ minute, text }) => `- ${timedLine(minute, singleLine(text, 100))}`)
  return `<details><summary>Progress</summary>\n\n${lines.join('\n')}\n\n</details>`
}

function durationText(minutes: number): string {
  if (minutes < 120) return minutes === 1 ? '1 minute' : `${minutes} minutes`
  return minutes < 2_880 ? `${Math.round(minutes / 60)} hours` : `${Math.round(minutes / 1_440)} days`
}
