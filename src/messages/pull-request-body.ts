/** The text of a pull request that Tutti opens. */

import type { PictureName } from '../domain/pictures.ts'
import { counted } from '../lib/counted.ts'
import { sanitiseMarkdown, singleLine } from '../lib/sanitise.ts'
import { agentName, type NamedRun } from './crew.ts'
import { type GateView, gateTable } from './gates.ts'
import { namedPaths } from './paths.ts'
import { pictureList } from './pictures.ts'
import { mergeCommand } from './pull-requests.ts'

/** What the body of a pull request can say. */
export interface PullRequestBodyView {
  issueNumber: number
  /** Title and text of the issue as of the trigger. */
  issueTitle: string
  issueBody: string
  /** The approved plan; undefined when there was none. */
  plan: string | undefined
  summary: string
  agent: string
  /** The model and the provider that it used; '' where it does not say. */
  model: string
  provider: string
  attempts: (NamedRun & { attempt: number; outcome: string | null; summary: string })[]
  changes: { path: string; additions: number; deletions: number }[]
  /** What the agent left that `.gitignore` hides. */
  ignored: readonly string[]
  /** What the checkouts of agent and gates lacked. */
  notes: readonly string[]
  gates: GateView[]
  /** What the gates left on the head, and where it is shown. */
  pictures: readonly PictureName[]
  repository: string
  publicUrl: string | undefined
  headSha: string
  sandboxed: boolean
  mergeWhen: 'command' | 'approved'
  /** What other kinds of agent have made, folded; '' where one kind has built it. */
  others?: string
}

/** The body of a pull request, without its marker: what changed and why first, how it came about below. */
export function pullRequestBody(view: PullRequestBodyView): string {
  return [
    `Closes #${view.issueNumber}`,
    sanitiseMarkdown(view.summary, 6_000) || 'The agent left no summary.',
    `**Why**: ${why(view)}`,
    view.plan && folded('The plan', sanitiseMarkdown(view.plan, 8_000)),
    diffSummary(view.changes),
    ignoredNote(view.ignored),
    view.notes.map((note) => `> ${note}`).join('\n'),
    gateTable(view.gates, view.headSha),
    pictureList(view.pictures, view),
    view.others,
    attemptList(view),
    `<sub>Written by ${view.agent}${withModel(view)}${view.sandboxed ? '' : ', ⚠️ without a sandbox'}. ${nextStep(view)}</sub>`,
  ]
    .filter(Boolean)
    .join('\n\n')
}

/** The model and whose it is, in brackets. */
function withModel({ model, provider }: PullRequestBodyView): string {
  const parts = [model && `\`${model.replaceAll('`', '')}\``, singleLine(provider, 100)].filter(Boolean)
  return parts.length > 0 ? ` (${parts.join(', ')})` : ''
}

/** The issue in its own words: its title, and the first paragraph of its text. */
function why({ issueNumber, issueTitle, issueBody }: PullRequestBodyView): string {
  const asks = `#${issueNumber} asks for “${singleLine(issueTitle).replace(/[.\s]+$/, '')}”`
  const paragraph = firstParagraph(issueBody)
  return paragraph ? `${asks}: ${singleLine(paragraph, 500)}` : `${asks}.`
}

/** The first paragraph of running text; '' when there is none. */
function firstParagraph(text: string): string {
  const outsideCode = text.replace(/\r\n?/g, '\n').replace(/^(`{3,}|~{3,})[\s\S]*?(?:\n\1.*|$(?![\s\S]))/gm, '')
  const blocks = outsideCode.replace(/<!--[\s\S]*?(?:-->|$)/g, '').split(/\n\s*\n/)
  return (
    blocks.map((block) => block.trim()).find((block) => block !== '' && !/^(?:#|\||<|[-*_]{3,}$)/.test(block)) ?? ''
  )
}

function diffSummary(changes: PullRequestBodyView['changes']): string {
  const added = changes.reduce((sum, change) => sum + change.additions, 0)
  const removed = changes.reduce((sum, change) => sum + change.deletions, 0)
  const rows = changes
    .slice(0, 30)
    .map((change) => `- \`${change.path.replaceAll('`', '')}\` +${change.additions} −${change.deletions}`)
  const more = changes.length > 30 ? [`- … and ${changes.length - 30} more`] : []
  const figures = `**${counted(changes.length, 'file')}**, +${added} −${removed}`
  return `${figures}\n\n${[...rows, ...more].join('\n')}`
}

function ignoredNote(ignored: readonly string[]): string {
  return ignored.length === 0
    ? ''
    : `Not in this pull request because \`.gitignore\` hides them: ${namedPaths(ignored)}.`
}

function attemptList({ attempts }: PullRequestBodyView): string {
  if (attempts.length < 2) return ''
  const rows = attempts.map((run) => {
    const { attempt, agent, outcome, summary } = run
    if (agent === 'person') return `${attempt}. A person pushed: ${outcome ?? 'being checked'}`
    return `${attempt}. **${agentName(run)}**: ${outcome ?? 'being checked'}${summary ? `. ${singleLine(summary, 300)}` : ''}`
  })
  return folded(`Attempts: ${attempts.length}`, rows.join('\n'))
}

function folded(title: string, text: string): string {
  return `<details><summary>${title}</summary>\n\n${text}\n\n</details>`
}

function nextStep({ mergeWhen, gates }: PullRequestBodyView): string {
  if (mergeWhen === 'command') return `Approve it, then say ${mergeCommand(gates)}.`
  const asks = gates.some((gate) => gate.verdict === 'needs-approval')
  return asks
    ? `Approve it, then say ${mergeCommand(gates)}: protected paths are not merged without it.`
    : 'It merges once it is approved and green.'
}
