/** Plans and questions as text: for people in a comment, and for agents in a prompt. */

import {
  type Breakdown,
  type BreakdownItem,
  contentOf,
  hoursOf,
  type Plan,
  type PlanOrBreakdown,
  type QuestionRound,
  type StoredPlan,
} from '../domain/plan.ts'
import { counted } from '../lib/counted.ts'
import { effortHours } from '../lib/effort-hours.ts'
import { sanitiseMarkdown, singleLine } from '../lib/sanitise.ts'

type Clean = (text: string) => string
const asItIs: Clean = (text) => text

/** The plan for the agent that builds: as an agent wrote it or a person rewrote it, with what a person added. */
export function planForAgent(plan: StoredPlan): string {
  const text = plan.rewritten || planText(contentOf(plan), asItIs)
  if (!plan.amendment) return text
  const who = plan.decidedBy ?? 'a person'
  return `${text}\n\n## Added by ${who} when they approved it; this outranks the plan\n\n${plan.amendment}`
}

/** The questions about an item and the answers, for an agent; '' when there were none. */
export function answersForAgent(rounds: readonly QuestionRound[]): string {
  return rounds
    .map(({ round, asked, answer }) => {
      const list = asked.map((question, at) => `${at + 1}. ${question}`).join('\n')
      return `Round ${round}:\n\n${list}\n\nAnswer: ${answer ?? 'none; decide yourself.'}`
    })
    .join('\n\n')
}

/**
 * The comment that shows a plan, without its marker. Edited by a person, everything above its last rule is the plan.
 * @param asks why a person must approve it; undefined when no approval is needed.
 */
export function planComment(plan: StoredPlan, asks: string | undefined): string {
  const content = contentOf(plan)
  const what = content.kind === 'plan' ? 'Plan' : 'Breakdown'
  const again = plan.version > 1 ? `, version ${plan.version}` : ''
  return [
    `### ${what}${again}`,
    planText(content, (text) => sanitiseMarkdown(text, 4_000)),
    '---',
    nextSteps(plan, content, asks),
  ].join('\n\n')
}

/** The plan in a comment that a person edited. @param body the comment as it is now, with marker and footer. */
export function rewrittenPlan(body: string): string {
  const text = body.replace(/<!--[\s\S]*?-->/g, '')
  const rule = text.lastIndexOf('\n---\n')
  return (rule === -1 ? text : text.slice(0, rule)).replace(/^\s*### .*\n/, '').trim()
}

function nextSteps(plan: StoredPlan, content: PlanOrBreakdown, asks: string | undefined): string {
  const decided = decision(plan)
  if (decided) return decided
  const edit = content.kind === 'plan' ? ' To change the plan yourself, edit this comment.' : ''
  const change = `\`/reject\` with the reason has it planned again, \`/reject --drop\` gives the issue up.${edit}`
  if (asks === undefined)
    return `Small and sure enough to go on without asking: it is built now. Until an agent begins: ${change}`
  const makes =
    content.kind === 'plan' ? '`/approve` has it built' : '`/approve` makes an issue of each line and queues them'
  return `You are asked because ${asks}. **${makes}**; what you write after it is added to the plan and outranks it. ${change}`
}

/** What people have decided about it; '' before they have. */
function decision({ state, decidedBy, why, amendment }: StoredPlan): string {
  const who = decidedBy ? ` by ${singleLine(decidedBy, 50)}` : ''
  const because = why ? ` ${sanitiseMarkdown(why, 1_000)}` : ''
  if (state === 'approved' && decidedBy) {
    const added = amendment ? `\n\nAdded, and it outranks the plan: ${sanitiseMarkdown(amendment, 4_000)}` : ''
    return `**Approved**${who}.${added}`
  }
  if (state === 'rejected') return `**Rejected**${who}.${because}`
  return state === 'void' ? `**This plan no longer counts.**${because}` : ''
}

function planText(content: PlanOrBreakdown, clean: Clean): string {
  const body = content.kind === 'plan' ? planParts(content, clean) : breakdownParts(content, clean)
  return [clean(content.summary), ...body, list('Left out', content.outOfScope, clean), figures(content, clean)]
    .filter(Boolean)
    .join('\n\n')
}

function planParts(plan: Plan, clean: Clean): string[] {
  const steps = plan.steps.map((step, at) => `${at + 1}. ${oneLine(step, clean)}`)
  return [`**Steps**\n\n${steps.join('\n')}`, list('Belongs to it', plan.inScope, clean), pathList(plan.paths)]
}

function breakdownParts({ features }: Breakdown, clean: Clean): string[] {
  return features.map(({ title, body, items }) => {
    const rows = items.map((item) => `- ${itemRow(item, clean)}`)
    return [`**${oneLine(title, clean)}**`, clean(body), rows.join('\n')].filter(Boolean).join('\n\n')
  })
}

function itemRow({ key, title, effort, dependsOn, paths: files, module }: BreakdownItem, clean: Clean): string {
  const facts = [
    hours(effort),
    module && `module ${module}`,
    dependsOn.length > 0 && `after ${dependsOn.join(', ')}`,
    files.length > 0 && files.slice(0, 5).map(code).join(' '),
  ]
  return `\`${key}\` ${oneLine(title, clean)} (${facts.filter(Boolean).join('; ')})`
}

function figures(content: PlanOrBreakdown, clean: Clean): string {
  const sure = `${Math.round(content.confidence * 100)} %`
  const effort =
    content.kind === 'plan' ? hours(content.effort) : `${counted(round(hoursOf(content)), 'agent hour')} in all`
  const risks = content.risks.map((risk) => `\n- ${oneLine(risk, clean)}`).join('')
  return `Effort: ${effort} · Risk: ${content.risk} · Confidence: ${sure}${risks}`
}

function hours(effort: Plan['effort']): string {
  const amount = (value: number) => counted(round(value), 'hour')
  return typeof effort === 'number' ? amount(effort) : `${effort}, about ${amount(effortHours[effort])}`
}

const round = (value: number) => Math.round(value * 10) / 10

function list(title: string, rows: readonly string[], clean: Clean): string {
  return rows.length === 0 ? '' : `**${title}**\n\n${rows.map((row) => `- ${oneLine(row, clean)}`).join('\n')}`
}

/** A comment lists so many files. The scheduler knows all of them. */
const shownPaths = 40

/** The files of a plan as a list; '' when it names none. */
export function pathList(all: readonly string[]): string {
  if (all.length === 0) return ''
  const shown = all.slice(0, shownPaths).map((path) => `- ${code(path)}`)
  const more = all.length > shownPaths ? [`- … and ${all.length - shownPaths} more`] : []
  return `**Files**\n\n${[...shown, ...more].join('\n')}`
}

const code = (text: string) => `\`${text.replaceAll('`', '')}\``
/** A row of a list must not end it. */
const oneLine = (text: string, clean: Clean) => clean(text.replace(/\s*\n\s*/g, ' '))

/** The comment that asks questions, without its marker. */
export function questionsComment(round: { round: number; asked: readonly string[] }, rounds: number): string {
  const rows = round.asked.map(
    (question, at) => `${at + 1}. ${sanitiseMarkdown(question.replace(/\s*\n\s*/g, ' '), 1_000)}`,
  )
  const last = round.round >= rounds ? ' This is the last time that I ask.' : ''
  return [
    `### ${round.asked.length === 1 ? 'A question' : 'Questions'} before this is planned`,
    rows.join('\n'),
    '---',
    `Answer in a comment here, in your own words, or with \`/answer\` and the text. The first answer by someone with write access counts.${last}`,
  ].join('\n\n')
}
