/** The state of a repository as text for a terminal. */

import { cleanText } from '../lib/sanitise-text.ts'

/** What is shown: the read models of `src/views/`, as far as the terminal needs them. */
export interface TerminalState {
  progress: {
    systemId: string
    status: string
    statusReason: string
    completionPercent: number
    items: { total: number; pending: number; needsPerson: number; inProgress: number; completed: number }
    agents: { active: number; limit: number | null; unhealthy: number }
    concurrencyMode: string
    expectedHoursLeft: number | null
  }
  agents: readonly {
    name: string
    kind: string
    status: string
    moduleId: string
    issue: number
    attempt: number
    progress: string
    health: string | null
    silentSeconds: number | null
    cpuPercent: number | null
    memoryBytes: number | null
  }[]
  queue: { pending: readonly TerminalItem[]; needsPerson: readonly TerminalItem[] }
  events: readonly { at: string; issue: number | null; actor: string; what: string; why: string }[]
}

interface TerminalItem {
  issue: number
  title: string
  state: string
  waitsFor: readonly string[]
}

/**
 * Renders lines of at most `width` columns. Text of people and agents is shown without control characters.
 * @param options.width columns. @param options.color whether the terminal shows ANSI colours.
 */
export function terminalView(state: TerminalState, options: { width: number; color: boolean; now: Date }): string {
  const { width, color, now } = options
  const bold = (text: string) => (color ? `\u001b[1m${text}\u001b[22m` : text)
  const section = (title: string, lines: readonly string[], none: string) => [
    '',
    bold(fitted(title, width)),
    ...(lines.length > 0 ? lines : [none]).map((line) => fitted(`  ${line}`, width)),
  ]
  return [
    bold(fitted(headline(state), width)),
    fitted(bar(state.progress.completionPercent, Math.min(40, width - 12)), width),
    ...section('Agents', state.agents.map(agentLine), 'none at work'),
    ...section('Needs a person', state.queue.needsPerson.map(itemLine), 'nothing'),
    ...section('Queue', state.queue.pending.map(itemLine), 'empty'),
    ...section(
      'Events',
      state.events.map((one) => eventLine(one, now)),
      'none yet',
    ),
  ].join('\n')
}

function headline({ progress }: TerminalState): string {
  const { items, agents } = progress
  const limit = agents.limit === null ? '' : ` of ${agents.limit}`
  const left = progress.expectedHoursLeft === null ? '' : `, about ${progress.expectedHoursLeft} h left`
  return `${progress.systemId} ${progress.status}: ${items.completed} of ${items.total} done, ${agents.active}${limit} agents, ${progress.concurrencyMode}${left}`
}

function bar(percent: number, columns: number): string {
  const full = Math.round((percent / 100) * columns)
  return `[${'#'.repeat(full)}${'.'.repeat(columns - full)}] ${percent} %`
}

function agentLine(one: TerminalState['agents'][number]): string {
  const used = [
    one.health ?? one.status,
    one.silentSeconds === null ? '' : `silent ${one.silentSeconds} s`,
    one.cpuPercent === null ? '' : `CPU ${Math.round(one.cpuPercent)} %`,
    one.memoryBytes === null ? '' : `${Math.round(one.memoryBytes / 2 ** 20)} MB`,
  ].filter(Boolean)
  return `${one.name || one.kind} #${one.issue} ${one.moduleId} attempt ${one.attempt} [${used.join(', ')}] ${one.progress}`
}

function itemLine({ issue, title, state, waitsFor }: TerminalItem): string {
  return `#${issue} ${state} ${title}${waitsFor.length > 0 ? ` (waits for ${waitsFor.join(', ')})` : ''}`
}

function eventLine({ at, issue, actor, what, why }: TerminalState['events'][number], now: Date): string {
  const minutes = Math.max(0, Math.round((now.getTime() - Date.parse(at)) / 60_000))
  return `${minutes} min ${issue === null ? '' : `#${issue} `}${what} (${actor})${why ? `: ${why}` : ''}`
}

/** One line of at most so many columns. */
function fitted(text: string, width: number): string {
  const line = cleanText(text).replace(/\s/g, ' ')
  return [...line].length <= width ? line : `${[...line].slice(0, width - 1).join('')}…`
}
