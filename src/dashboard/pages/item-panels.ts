/** The parts of the page of an item: plan and questions, gates with their logs, attempts, messages. */

import type { RepositoryRow } from '../../db/repositories.ts'
import type { RunRow } from '../../db/runs.ts'
import { contentOf } from '../../domain/plan.ts'
import { isAgentRun } from '../../domain/run-author.ts'
import * as messages from '../../messages/dashboard-item.ts'
import { planForAgent } from '../../messages/plans.ts'
import { emptyState, panel } from '../frame.ts'
import { type Html, html, spanText, timeTag } from '../html.ts'
import { prose, sentence } from '../markdown.ts'
import { pictureGrid } from '../pictures.ts'
import { face, moneyText, pill, type Tone, tokensText } from '../words.ts'
import type { ItemFacts, UsageRow } from './item-facts.ts'

/** The plan as it counts now, and what was asked about it. */
export function planPanel({ plan, rounds }: ItemFacts): Html {
  if (!plan && rounds.length === 0) return html``
  const tones: Record<string, Tone> = { pending: 'warn', approved: 'good', rejected: 'bad', void: 'calm' }
  const asked = rounds.map(
    (
      round,
    ) => html`<div class="prose"><p class="name">${messages.askedInRound(round.round)}</p><ol>${round.asked.map((question) => html`<li>${question}</li>`)}</ol>
${round.answer === null ? html`<p class="muted">${messages.notAnswered}</p>` : html`<p><span class="muted">${messages.answeredBy(round.answeredBy)}</span> ${round.answer}</p>`}</div>`,
  )
  const decided = plan?.decidedBy ? html` by ${plan.decidedBy} ${timeTag(plan.decidedAt)}` : ''
  const body = plan
    ? html`<p class="chips">${pill(tones[plan.state] ?? 'calm', plan.state)}<span class="small muted">${messages.planVersion(plan.version, Math.round(plan.confidence * 100))}${decided}</span></p>
${plan.why ? html`<p class="small muted">${sentence(plan.why)}</p>` : ''}<details ${plan.state === 'pending' ? html`open` : ''}><summary>${contentOf(plan).kind === 'plan' ? 'The plan' : 'The breakdown'}</summary>${prose(planForAgent(plan))}</details>`
    : ''
  return panel('Plan', html`<div class="stack">${asked}${body}</div>`)
}

/** What the gates said about each commit, the newest first. */
export function gatesPanel(repo: RepositoryRow, { gates, pictures, item }: ItemFacts): Html {
  if (gates.length === 0) return panel('Gates', emptyState(...messages.nothingJudged, 'check'))
  const words: Record<string, [Tone, string]> = {
    pass: ['good', 'passed'],
    fail: ['bad', 'failed'],
    'needs-approval': ['warn', 'needs approval'],
    skip: ['calm', 'skipped'],
  }
  const commits = [...new Set(gates.map(({ sha }) => sha))].toReversed()
  const row = (gate: (typeof gates)[number]) => {
    const [tone, word] = words[gate.verdict] ?? ['calm', gate.verdict]
    return html`<li id="gate-${gate.id}"><div class="grow"><span><span class="name">${gate.gate}</span> ${pill(tone, word)}</span><span class="small">${sentence(gate.summary)}</span>
${gate.log ? html`<details><summary>Log</summary><pre tabindex="0">${gate.log}</pre></details>` : ''}</div><div class="side-note"><span class="num">${spanText(gate.milliseconds)}</span></div></li>`
  }
  const part = (sha: string, at: number) => {
    const left = pictures.filter((picture) => picture.sha === sha)
    const rows = html`<ul class="rows">${gates.filter((gate) => gate.sha === sha).map(row)}</ul>${pictureGrid(repo, left)}`
    const name = html`<code>${sha.slice(0, 10)}</code>${sha === item.headSha ? ' · the newest' : ''}`
    return at === 0
      ? html`<p class="small muted">${name}</p>${rows}`
      : html`<details><summary>${name}</summary>${rows}</details>`
  }
  return panel('Gates', html`<div class="stack">${commits.map(part)}</div>`)
}

/** Every attempt, the newest first. */
export function attemptsPanel({ runs, used }: ItemFacts): Html {
  if (runs.length === 0) return panel('Attempts', emptyState(...messages.noAgentTried))
  return panel(
    'Attempts',
    html`<ul class="rows">${runs.toReversed().map((run) => attemptRow(run, used.get(run.id)))}</ul>`,
  )
}

function attemptRow(run: RunRow, spent: UsageRow | undefined): Html {
  const who = run.memberName ?? run.agent
  const name = isAgentRun(run)
    ? html`<a class="name" href="/runs/${run.id}">${who}</a>`
    : html`<span class="name">${run.agent === 'person' ? messages.personPushedHere : messages.gitUpdatedBranch}</span>`
  const live = run.stage !== 'ended'
  const said = live ? run.progress : run.summary || run.progress
  return html`<li id="run-${run.id}">${face(who)}<div class="grow"><span>${name} <span class="small muted">${run.purpose === 'build' ? 'attempt' : run.purpose} ${run.attempt}</span></span>
<span>${pill(outcomeTone(run), live ? stageWords[run.stage] : (run.outcome ?? 'ended'))}</span>
${said ? html`<span class="small muted clamp">${sentence(said)}</span>` : ''}${run.memberWhy ? html`<span class="small muted">${run.memberWhy}</span>` : ''}</div>
<div class="side-note"><span class="num">${live ? timeTag(run.startedAt, 'lasted') : tookText(run)}</span>${spent ? spentLines(spent) : ''}</div></li>`
}

const stageWords = { waiting: 'waiting', agent: 'at work', gates: 'checking', ended: 'ended' } as const

function outcomeTone({ stage, outcome }: RunRow): Tone {
  if (stage !== 'ended') return 'accent'
  if (outcome === 'stopped' || outcome === null) return 'calm'
  return ['finished', 'planned', 'reviewed', 'proposed', 'asked'].includes(outcome) ? 'good' : 'bad'
}

function tookText({ startedAt, endedAt }: RunRow): string {
  return startedAt && endedAt ? spanText(endedAt.getTime() - startedAt.getTime()) : ''
}

function spentLines({ cost, currency, inputTokens, outputTokens }: UsageRow): Html {
  const tokens = (inputTokens ?? 0) + (outputTokens ?? 0)
  return html`${cost === null ? '' : html`<span class="num">${moneyText(cost, currency)}</span>`}${tokens > 0 ? html`<span class="num">${tokensText(tokens)} tokens</span>` : ''}`
}

/** What the crew and people said to each other about it. */
export function messagesPanel({ messages }: ItemFacts): Html {
  if (messages.length === 0) return html``
  const row = ({ message, delivery }: ItemFacts['messages'][number]) =>
    html`<li id="message-${delivery.id}">${face(message.fromName)}<div class="grow"><span><span class="name">${message.fromName}</span> <span class="muted small">to ${message.toName}</span></span><span>${sentence(message.text)}</span></div><div class="side-note">${timeTag(message.createdAt)}<span>${delivery.state}</span></div></li>`
  return panel('Messages', html`<ul class="rows">${messages.map(row)}</ul>`)
}
