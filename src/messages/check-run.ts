/** The check run that shows what the gates found on a commit, and how the commit came about. */

import type { PictureName } from '../domain/pictures.ts'
import type { PlanComparison } from '../domain/plan-comparison.ts'
import { counted } from '../lib/counted.ts'
import { codeBlock, singleLine } from '../lib/sanitise.ts'
import { lastCharacters } from '../lib/sanitise-text.ts'
import { agentName, type NamedRun } from './crew.ts'
import { type GateView, gateTable } from './gates.ts'
import { namedPaths } from './paths.ts'
import { pictureList } from './pictures.ts'

/** The result of one gate, with what identifies its whole log. */
export interface GateEvidence extends GateView {
  /** SHA-256 of all that it printed; null where it printed nothing. */
  logDigest: string | null
  milliseconds: number
}

/** Everything that a check run says about a commit. */
export interface Evidence {
  sha: string
  gates: GateEvidence[]
  /** What the gates left on the commit, and where it is shown. */
  pictures: readonly PictureName[]
  repository: string
  publicUrl: string | undefined
  /** Who made the commit: the agent of an attempt, or `person`. */
  agent: string
  /** The name of that agent in the crew. */
  memberName?: string | null
  model: string | null
  sandboxed: boolean
  /** Every attempt so far, oldest first. */
  attempts: (NamedRun & { attempt: number; outcome: string | null })[]
  /** Amounts with their currency; empty where no agent has reported any. */
  cost: string[]
  /** Null where there was no plan. */
  plan: PlanComparison | null
  /** Questions of a planning agent that wait for an answer. */
  openQuestions: string[]
}

/** Of all logs together, in characters: GitHub takes 65,535 in a text (docs.github.com, "Create a check run"). */
const logCharacters = 48_000
const longestPassedLog = 2_000

/** The check run with the results for one commit. */
export function checkRunReport(evidence: Evidence): { title: string; summary: string; text: string } {
  const { gates, sha } = evidence
  return {
    title: titleOf(gates),
    summary: [
      `Run by Tutti on exactly \`${sha}\`.`,
      gateTable(gates, sha),
      pictureList(evidence.pictures, evidence),
      facts(evidence),
      questions(evidence),
    ]
      .filter(Boolean)
      .join('\n\n'),
    text: logsOf(gates) || 'No gate left a log.',
  }
}

function titleOf(gates: readonly GateEvidence[]): string {
  const count = (verdict: GateEvidence['verdict']) => gates.filter((gate) => gate.verdict === verdict).length
  const [failed, waiting] = [count('fail'), count('needs-approval')]
  if (failed > 0) return `${failed} of ${counted(gates.length, 'gate')} failed`
  return `${counted(count('pass'), 'gate')} passed${waiting > 0 ? `, ${waiting} ${waiting === 1 ? 'waits' : 'wait'} for a person` : ''}`
}

function facts(evidence: Evidence): string {
  const { attempts, cost, plan } = evidence
  const list = attempts.map((one) => singleLine(`${one.attempt}. ${agentName(one)}: ${one.outcome ?? 'under way'}`))
  const rows: [string, string][] = [
    ['made by', maker(evidence)],
    ['attempts', list.join('<br>') || 'none'],
    ['cost', singleLine(cost.join(', ')) || 'not reported'],
  ]
  if (plan) rows.push(['planned files', planned(plan)])
  return ['| | |', '|---|---|', ...rows.map(([name, text]) => `| ${name} | ${text} |`)].join('\n')
}

function maker(evidence: Evidence): string {
  const { agent, model, sandboxed } = evidence
  if (agent === 'person') return 'a person'
  const name = singleLine(`${agentName(evidence)}${model ? `, model ${model}` : ''}`)
  return `${name}, ${sandboxed ? 'in' : '⚠️ without'} a sandbox`
}

function planned({ touched, unplanned, untouched }: PlanComparison): string {
  const parts = [`${touched} changed as planned`]
  if (unplanned.length > 0) parts.push(`not in the plan: ${namedPaths(unplanned)}`)
  if (untouched.length > 0) parts.push(`planned and not changed: ${namedPaths(untouched)}`)
  return parts.join('; ').replaceAll('|', '\\|')
}

function questions({ openQuestions }: Evidence): string {
  if (openQuestions.length === 0) return ''
  return ['Open questions:', '', ...openQuestions.map((question) => `- ${singleLine(question, 500)}`)].join('\n')
}

function logsOf(gates: readonly GateEvidence[]): string {
  const logged = gates.filter((gate) => gate.log)
  const failed = logged.filter((gate) => gate.verdict === 'fail').length
  const room = Math.floor(logCharacters / Math.max(1, failed))
  return logged
    .map((gate) => {
      const digest = gate.logDigest ? `, the whole log: \`sha256:${gate.logDigest}\`` : ''
      const end = endOf(gate.log, gate.verdict === 'fail' ? room : longestPassedLog)
      return `#### ${singleLine(gate.gate)}\n${(gate.milliseconds / 1_000).toFixed(1)} s${digest}\n\n${codeBlock(end, room + 100)}`
    })
    .join('\n\n')
}

/** The end of a log: what failed stands there. @param limit characters. */
export function endOf(log: string, limit: number): string {
  if (log.length <= limit) return log
  return `… (${log.length - limit} characters before this)\n${lastCharacters(log, limit)}`
}
