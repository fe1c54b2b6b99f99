/** What people read on issues and pull requests. All wording of the journey stands here. */

import { lifecycle } from '../domain/lifecycle.ts'
import type { ItemState } from '../lib/item-state.ts'
import { codeBlock, sanitiseMarkdown, singleLine } from '../lib/sanitise.ts'

/** Everything that the status comment of an item can say. */
export interface StatusView {
  state: ItemState
  reason: string
  reply: string | null
  branch: string
  attempts: { attempt: number; agent: string; outcome: string | null; summary: string; countsAsAttempt: boolean }[]
  /** Attempts that count since a person last asked for fresh ones ... */
  used: number
  /** ... and how many may, before a person is asked. */
  allowed: number
  progress: string
  /** Why the item waits, in the scheduler's words. */
  waits: string | null
  gates: GateView[]
  headSha: string | null
  pull: {
    number: number
    state: 'open' | 'merged' | 'closed'
    mergeRequestedBy: string | null
  } | null
  mergeWhen: 'command' | 'approved'
  settingsError: string | null
  /** What a person should know of the parts of a roadmap, markdown on one line each; the last may be an example. */
  notes: string[]
  /** `off` is said loudly: the agent can do what this machine's user can. */
  sandboxed: boolean
  /** Of an epic: how far it is, and its picture. */
  roadmap: { done: number; all: number; text: string } | null
}

export interface GateView {
  gate: string
  verdict: 'pass' | 'fail' | 'needs-approval' | 'skip'
  summary: string
  log: string
}

const steps: readonly ItemState[][] = [
  ['queued', 'planning', 'asking', 'plan-review', 'ready'],
  ['running'],
  ['checking'],
  ['reviewing', 'approved', 'merging'],
  ['done'],
]

const marks = { pass: '✅', fail: '❌', 'needs-approval': '✋', skip: '➖' } as const

/** The status comment of an issue, without its marker. */
export function statusComment(view: StatusView): string {
  const parts = [
    `### ${bar(view)} ${headline(view)}`,
    sentence(view),
    view.roadmap?.text,
    gateTable(view.gates, view.headSha),
    attemptList(view),
    view.notes.length === 1 ? view.notes[0] : view.notes.map((note) => `- ${note}`).join('\n'),
    view.settingsError && `> [!WARNING]\n${quoted(view.settingsError)}`,
    view.reply && `---\n${view.reply}`,
    footer(view),
  ]
  return parts.filter(Boolean).join('\n\n')
}

function bar(view: StatusView): string {
  // The picture has a bar of its own, of what is done.
  if (view.roadmap && view.state === 'ready') return '🗺'
  const at = steps.findIndex((step) => step.includes(view.state))
  if (at === -1) return view.state === 'held' ? '✋' : '⏸'
  return '▰'.repeat(at + 1) + '▱'.repeat(steps.length - at - 1)
}

function headline(view: StatusView): string {
  const attempt = view.attempts.at(-1)
  if (view.roadmap && view.state === 'ready') return `${view.roadmap.done} of ${view.roadmap.all} done`
  if (view.state === 'ready' && view.waits) return 'Waiting'
  if (view.state === 'running' && attempt && attempt.attempt > 1)
    return `An agent is working, attempt ${attempt.attempt}`
  if (view.state === 'reviewing' && view.pull) return `Review pull request #${view.pull.number}`
  return lifecycle[view.state].label
}

function sentence(view: StatusView): string {
  const agent = view.attempts.at(-1)?.agent
  switch (view.state) {
    case 'ready':
      return view.waits ?? singleLine(view.reason, 600)
    case 'running':
      return `**${agent ?? 'An agent'}** works on branch \`${view.branch}\`.${view.progress ? ` ${singleLine(view.progress)}` : ''}`
    case 'checking':
      return `The gates run on commit ${short(view.headSha)}.`
    case 'reviewing':
    case 'approved':
    case 'merging':
      return reviewSentence(view)
    case 'done':
      return singleLine(view.reason)
    default:
      return sanitiseMarkdown(view.reason, 2_000)
  }
}

function reviewSentence(view: StatusView): string {
  if (!view.pull) return 'The gates passed; the pull request is being opened.'
  const { number, mergeRequestedBy } = view.pull
  if (mergeRequestedBy && view.state === 'merging')
    return `#${number} is being merged on the word of ${mergeRequestedBy}.`
  const next =
    view.mergeWhen === 'approved'
      ? 'It merges by itself once it is approved and green.'
      : mergeRequestedBy && view.state === 'approved'
        ? `Then it is merged on the word of ${mergeRequestedBy}.`
        : 'Review it, then say `/merge` there or here.'
  const why = view.reason ? `${singleLine(view.reason)} ` : ''
  const asks = view.gates.some((gate) => gate.verdict === 'needs-approval') ? ', but one, which waits for a person' : ''
  return `#${number} holds the result; every gate passed on ${short(view.headSha)}${asks}. ${why}${next}`
}

function gateTable(gates: GateView[], headSha: string | null): string {
  if (gates.length === 0) return ''
  const rows = gates.map(
    (gate) => `| ${marks[gate.verdict]} | ${singleLine(gate.gate)} | ${singleLine(gate.summary)} |`,
  )
  return [`Gates on ${short(headSha)}:`, '', '| | gate | |', '|---|---|---|', ...rows].join('\n')
}

function attemptList(view: StatusView): string {
  const ended = view.attempts.filter((attempt) => attempt.outcome !== null)
  if (ended.length === 0 || (ended.length === 1 && ended[0]?.outcome === 'finished')) return ''
  const rows = ended.map((attempt) => {
    if (attempt.agent === 'person')
      return `${attempt.attempt}. A person pushed; the gates looked at it: ${attempt.outcome}`
    const free = attempt.countsAsAttempt ? '' : ' (does not count)'
    return `${attempt.attempt}. **${attempt.agent}**: ${attempt.outcome}${free}${attempt.summary ? `. ${singleLine(attempt.summary, 300)}` : ''}`
  })
  return `<details><summary>Attempts: ${view.used} of ${view.allowed} used</summary>\n\n${rows.join('\n')}\n\n</details>`
}

function footer(view: StatusView): string {
  const loud = view.sandboxed || !['planning', 'running', 'checking'].includes(view.state) ? '' : ' · ⚠️ no sandbox'
  const commands: Partial<Record<ItemState, string>> = {
    held: '`/retry` tries again, `/unqueue` gives it up',
    paused: '`/resume` goes on',
    planning: '`/stop` stops it',
    asking: '`/answer` answers',
    'plan-review': '`/approve` says yes, `/reject` says no',
    running: '`/stop` stops it',
    cancelled: '`/queue` queues it again',
    skipped: '`/queue` queues it again',
  }
  return `<sub>${commands[view.state] ?? '`/status` asks where it stands'} · \`/help\` lists the commands${loud}</sub>`
}

function quoted(text: string): string {
  return text
    .split('\n')
    .map((row) => `> ${row}`)
    .join('\n')
}

function short(sha: string | null): string {
  return sha ? `\`${sha.slice(0, 7)}\`` : 'the result'
}

/** The body of a pull request, without its marker. */
export function pullRequestBody(view: {
  issueNumber: number
  summary: string
  agent: string
  attempts: number
  changes: { path: string; additions: number; deletions: number }[]
  /** What the agent left that `.gitignore` hides. */
  ignored: readonly string[]
  gates: GateView[]
  headSha: string
  sandboxed: boolean
  mergeWhen: 'command' | 'approved'
}): string {
  const added = view.changes.reduce((sum, change) => sum + change.additions, 0)
  const removed = view.changes.reduce((sum, change) => sum + change.deletions, 0)
  const shown = view.changes
    .slice(0, 30)
    .map((change) => `- \`${change.path.replaceAll('`', '')}\` +${change.additions} −${change.deletions}`)
  const more = view.changes.length > 30 ? [`- … and ${view.changes.length - 30} more`] : []
  const next =
    view.mergeWhen === 'command' ? 'Approve it, then say `/merge`.' : 'It merges once it is approved and green.'
  return [
    `Closes #${view.issueNumber}`,
    sanitiseMarkdown(view.summary, 6_000) || 'The agent left no summary.',
    `**${view.changes.length} ${view.changes.length === 1 ? 'file' : 'files'}**, +${added} −${removed}\n\n${[...shown, ...more].join('\n')}`,
    ignoredNote(view.ignored),
    gateTable(view.gates, view.headSha),
    `<sub>Written by ${view.agent}${view.attempts > 1 ? ` in ${view.attempts} attempts` : ''}${view.sandboxed ? '' : ', ⚠️ without a sandbox'}; not yet read by a person. ${next}</sub>`,
  ]
    .filter(Boolean)
    .join('\n\n')
}

/** So many paths are named in a sentence. */
const namedPaths = 10

/** Paths in a sentence, the first ones by name. */
export function pathList(paths: readonly string[]): string {
  const more = paths.length > namedPaths ? ` and ${paths.length - namedPaths} more` : ''
  const named = paths.slice(0, namedPaths).map((path) => `\`${path.replace(/[`\p{Cc}]/gu, '?').slice(0, 200)}\``)
  return named.join(', ') + more
}

function ignoredNote(ignored: readonly string[]): string {
  return ignored.length === 0 ? '' : `Not in this pull request because \`.gitignore\` hides them: ${pathList(ignored)}.`
}

/** The Check Run that carries the evidence for one commit. */
export function checkRunReport(gates: GateView[], sha: string): { title: string; summary: string; text: string } {
  const failed = gates.filter((gate) => gate.verdict === 'fail')
  const waiting = gates.filter((gate) => gate.verdict === 'needs-approval')
  const passed = gates.filter((gate) => gate.verdict === 'pass')
  const title =
    failed.length > 0
      ? `${failed.length} of ${gates.length} gates failed`
      : `${passed.length} gates passed${waiting.length > 0 ? `, ${waiting.length} wait for a person` : ''}`
  const logs = gates.filter((gate) => gate.log).map((gate) => `#### ${gate.gate}\n${codeBlock(gate.log)}`)
  return {
    title,
    summary: `Run by Tutti on exactly \`${sha}\`.\n\n${gateTable(gates, sha)}`,
    text: logs.join('\n\n') || 'No gate left a log.',
  }
}

/** The reply when a label counts for nothing. */
export const notFromWriter = (login: string, label: string) =>
  `The label \`${label}\` queues work only when someone with write access puts it on; ${login} has none here. A maintainer can put it on again or say \`/queue\`.`
