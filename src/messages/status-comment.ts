/** The status comment of an issue: its state, the results of the gates, its attempts. */

import { lifecycle } from '../domain/lifecycle.ts'
import type { ItemState } from '../lib/item-state.ts'
import { codeBlock, sanitiseMarkdown, singleLine } from '../lib/sanitise.ts'
import { type CiView, ciSentence } from './ci.ts'
import { agentName, type NamedRun } from './crew.ts'
import { messageTable } from './crew-messages.ts'
import { commitName, type GateView, gateTable } from './gates.ts'
import { agentOutput, failedLogs, type HeldWork, heldChoices } from './held.ts'
import { lastReply } from './last-reply.ts'
import { mergeCommand } from './pull-requests.ts'

/** Everything that the status comment of an item can say. */
export interface StatusView {
  state: ItemState
  reason: string
  reply: string | null
  /** What was replied before the last step. */
  oldReply: string | null
  branch: string
  attempts: (NamedRun & { attempt: number; outcome: string | null; summary: string; countsAsAttempt: boolean })[]
  /** Attempts that count, since a person last asked for fresh ones ... */
  used: number
  /** ... and how many there may be before a person decides. */
  allowed: number
  progress: string
  /** Why the item waits, as the scheduler explains it. */
  waits: string | null
  gates: GateView[]
  headSha: string | null
  /** The commit whose changes to protected paths a person has allowed. */
  protectedAllowedSha: string | null
  pull: {
    number: number
    state: 'open' | 'merged' | 'closed'
    mergeRequestedBy: string | null
  } | null
  /** CI on the newest head; null while it has reported nothing. */
  ci: CiView | null
  mergeWhen: 'command' | 'approved'
  /** A person has seen how it would be worked on, and decides whether it is. */
  waitsForGo: boolean
  settingsError: string | null
  /** Rescue refs with work that was not committed or not merged when its worktree was removed. */
  kept: string[]
  /** Notes about the parts of a roadmap, one line of markdown each; the last may be an example. */
  notes: string[]
  /** The last messages between agents and people about it. */
  messages: Parameters<typeof messageTable>[0]
  /** False is a warning: the agent can do everything that this machine's user can. */
  sandboxed: boolean
  /** Of a held item: where its work is; null for any other, and for an epic. */
  held: HeldWork | null
  /** Of an epic: its progress, and its view. */
  roadmap: { done: number; all: number; text: string } | null
}

const steps: readonly ItemState[][] = [
  ['queued', 'planning', 'asking', 'plan-review', 'ready'],
  ['running'],
  ['checking'],
  ['reviewing', 'approved', 'merging'],
  ['done'],
]

/** The status comment of an issue, without its marker. */
export function statusComment(view: StatusView): string {
  const parts = [
    `### ${bar(view)} ${headline(view)}`,
    sentence(view),
    ciSentence(view.ci),
    view.state === 'held' && view.ci?.step === 'hold' && view.ci.logTail && codeBlock(view.ci.logTail, 3_000),
    view.roadmap?.text,
    gateTable(view.gates, view.headSha),
    view.held && (agentOutput(view.held) || failedLogs(view.gates)),
    attemptList(view),
    view.held && heldChoices(view.held),
    messageTable(view.messages),
    view.notes.length === 1 ? view.notes[0] : view.notes.map((note) => `- ${note}`).join('\n'),
    keptWork(view.kept),
    view.settingsError && `> [!WARNING]\n${quoted(view.settingsError)}`,
    lastReply(view),
    footer(view),
  ]
  return parts.filter(Boolean).join('\n\n')
}

/** One for each state outside the bar. */
const icons = { held: '✋', paused: '⏸', skipped: '⏭', cancelled: '✖' } as const

function bar(view: StatusView): string {
  // The view of a roadmap has a progress bar of its own.
  if (view.roadmap && view.state === 'ready') return '🗺'
  const at = steps.findIndex((step) => step.includes(view.state))
  if (at === -1) return icons[view.state as keyof typeof icons] ?? '⏸'
  return '▰'.repeat(at + 1) + '▱'.repeat(steps.length - at - 1)
}

function headline(view: StatusView): string {
  const attempt = view.attempts.at(-1)
  if (view.roadmap && view.state === 'ready') return `${view.roadmap.done} of ${view.roadmap.all} done`
  if (view.state === 'ready' && view.waits) return 'Waiting'
  if (view.state === 'running' && attempt && attempt.attempt > 1)
    return `An agent is working, attempt ${attempt.attempt}`
  if (view.waitsForGo) return 'Shall it be built like this?'
  if (view.state === 'reviewing' && view.pull) return `Review pull request #${view.pull.number}`
  return lifecycle[view.state].label
}

function sentence(view: StatusView): string {
  const attempt = view.attempts.at(-1)
  const agent = attempt && agentName(attempt)
  switch (view.state) {
    case 'ready':
      return view.waits ?? singleLine(view.reason, 600)
    case 'running':
      return `**${agent ?? 'An agent'}** works on branch \`${view.branch}\`.${view.progress ? ` ${singleLine(view.progress)}` : ''}`
    case 'checking':
      return `The gates run on commit ${commitName(view.headSha)}.`
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
  const allowed = view.headSha !== null && view.protectedAllowedSha === view.headSha
  if (mergeRequestedBy && view.state === 'merging') return `#${number} is being merged, as ${mergeRequestedBy} asked.`
  const next =
    view.mergeWhen === 'approved'
      ? 'It merges by itself once it is approved and green.'
      : mergeRequestedBy
        ? `Then it is merged, as ${mergeRequestedBy} asked.`
        : `**Approve** it, then say ${mergeCommand(view.gates, allowed)} there or here.`
  const why = view.reason ? `${singleLine(view.reason)} ` : ''
  const asks = view.gates.some((gate) => gate.verdict === 'needs-approval')
  const but = asks ? '; it changes protected paths, which a person must allow' : ''
  return `#${number} is ready: every gate passed on ${commitName(view.headSha)}${but}. ${why}${next}`
}

function keptWork(refs: readonly string[]): string {
  if (refs.length === 0) return ''
  const names = refs.map((ref) => `\`${ref}\``).join(', ')
  return `Work that is on no branch was kept: ${names}, in Tutti's bare clone of this repository (\`git log -p <ref>\` there).`
}

function attemptList(view: StatusView): string {
  const ended = view.attempts.filter((attempt) => attempt.outcome !== null)
  if (ended.length === 0 || (ended.length === 1 && ended[0]?.outcome === 'finished')) return ''
  const rows = ended.map((attempt) => {
    if (attempt.agent === 'person')
      return `${attempt.attempt}. A person pushed, and the gates checked it: ${attempt.outcome}`
    if (attempt.agent === 'git')
      return `${attempt.attempt}. The base branch was merged in, and the gates checked it: ${attempt.outcome}`
    const free = attempt.countsAsAttempt ? '' : ' (does not count)'
    return `${attempt.attempt}. **${agentName(attempt)}**: ${attempt.outcome}${free}${attempt.summary ? `. ${singleLine(attempt.summary, 300)}` : ''}`
  })
  return `<details><summary>Attempts: ${attemptCount(view, ended)}</summary>\n\n${rows.join('\n')}\n\n</details>`
}

/** A review or a CI that asks for more begins a new round: the attempts before it are listed, and used up nothing. */
function attemptCount({ used, allowed, state }: StatusView, listed: StatusView['attempts']): string {
  const usedUp = `${used} of ${allowed} used`
  if (listed.filter((attempt) => attempt.countsAsAttempt).length <= used) return usedUp
  return state === 'done' ? String(listed.length) : `${listed.length}, ${usedUp} in this round`
}

function footer(view: StatusView): string {
  const warning = view.sandboxed || !['planning', 'running', 'checking'].includes(view.state) ? '' : ' · ⚠️ no sandbox'
  const commands: Partial<Record<ItemState, string>> = {
    paused: '`/resume` goes on',
    planning: '`/stop` stops it',
    asking: '`/answer` answers',
    'plan-review': view.waitsForGo
      ? '`/approve` goes on, `/reject` drops it'
      : '`/approve` approves it, `/reject` rejects it',
    running: '`/stop` stops it',
    cancelled: '`/queue` queues it again',
    skipped: '`/queue` queues it again',
  }
  return `<sub>${commands[view.state] ?? '`/status` asks where it stands'} · \`/help\` lists the commands${warning}</sub>`
}

function quoted(text: string): string {
  return text
    .split('\n')
    .map((row) => `> ${row}`)
    .join('\n')
}
