/** The state of a repository as text for a terminal: agents, work, events. Pure. */

import { styleText } from 'node:util'
import { column, columnsOf, cut, oneLine } from './terminal-text.ts'

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
  agents: readonly TerminalAgent[]
  queue: {
    pending: readonly TerminalItem[]
    needsPerson: readonly TerminalItem[]
    inProgress?: readonly TerminalItem[]
  }
  events: readonly { at: string; issue: number | null; actor: string; what: string; why: string }[]
}

interface TerminalAgent {
  name: string
  kind: string
  status: string
  moduleId: string
  purpose?: string
  issue: number
  attempt: number
  progress: string
  health: string | null
  silentSeconds: number | null
  cpuPercent: number | null
  memoryBytes: number | null
}

interface TerminalItem {
  issue: number
  title: string
  state: string
  waitsFor: readonly string[]
}

/** How it is shown. */
export interface TerminalOptions {
  /** Columns; 80 and more are meant, fewer are cut. */
  width: number
  /** Lines at most: lists are shortened. All when absent. */
  height?: number
  /** Whether the terminal shows colours. */
  color: boolean
  now: Date
}

type Style = Parameters<typeof styleText>[0]
type Paint = (style: Style, text: string) => string

/** Renders lines of at most `width` columns. Text of people and agents is shown without control characters. */
export function terminalView(state: TerminalState, options: TerminalOptions): string {
  const { width, color, height = Number.POSITIVE_INFINITY } = options
  const paint: Paint = (style, text) => (color ? styleText(style, text, { validateStream: false }) : text)
  const lists = [
    { title: 'Agents', none: 'no agent is at work', lines: agentLines(state.agents, width, paint) },
    { title: 'Needs a person', none: '', lines: itemLines(state.queue.needsPerson, width, paint) },
    { title: 'In progress', none: '', lines: itemLines(withoutAgent(state), width, paint) },
    { title: 'Next', none: 'nothing waits', lines: itemLines(state.queue.pending, width, paint) },
    {
      title: 'Events',
      none: 'nothing has happened yet',
      lines: state.events.map((one) => eventLine(one, options, paint)),
    },
  ].filter(({ lines, none }) => lines.length > 0 || none !== '')
  const head = headLines(state, width, paint)
  const share = shares(
    lists.map(({ lines }) => Math.max(1, lines.length)),
    height - head.length - lists.length * 2,
  )
  const rule = (title: string) => {
    const line = '─'.repeat(Math.max(0, width - columnsOf(title) - 4))
    return `${paint('dim', '──')} ${paint('bold', title)} ${paint('dim', line)}`
  }
  const sections = lists.flatMap(({ title, none, lines }, at) => [
    '',
    rule(title),
    ...(lines.length > 0 ? shortened(lines, share[at] ?? 0, paint) : [paint('dim', cut(`  ${none}`, width))]),
  ])
  return [...head, ...sections].join('\n')
}

function headLines({ progress }: TerminalState, width: number, paint: Paint): string[] {
  const { items, agents, status, concurrencyMode, expectedHoursLeft: hours } = progress
  const limit = agents.limit === null ? '' : ` of ${agents.limit}`
  const right = [
    `${agents.active}${limit} ${agents.active === 1 && !limit ? 'agent' : 'agents'}`,
    concurrencyMode,
    ...(hours ? [`about ${hours} h left`] : []),
  ].join(' · ')
  const name = cut(oneLine(progress.systemId), Math.max(10, width - columnsOf(right) - columnsOf(status) - 6))
  const room = width - columnsOf(name) - columnsOf(status) - 4
  const facts = column(right, room, 'right')
  const colour: Style = status === 'active' ? 'green' : status === 'paused' ? 'yellow' : 'red'
  const first = ` ${paint('bold', name)}  ${paint(colour, status)} ${paint('dim', facts)}`
  const percent = `${progress.completionPercent} %`
  const counts = [
    `${items.completed} of ${items.total} done`,
    `${items.inProgress} in progress`,
    `${items.pending} pending`,
    ...(items.needsPerson > 0 ? [`${items.needsPerson} for a person`] : []),
  ].join(' · ')
  const length = Math.max(8, Math.min(40, width - columnsOf(counts) - columnsOf(percent) - 6))
  const full = Math.min(length, Math.max(0, Math.round((progress.completionPercent / 100) * length)))
  const bar = paint('green', '█'.repeat(full)) + paint('dim', '░'.repeat(length - full))
  const rest = cut(`${percent}  ${counts}`, Math.max(0, width - length - 2))
  const reason = oneLine(progress.statusReason)
  const why = reason === '' ? [] : [paint('yellow', cut(` ${reason}`, width))]
  return [first, ` ${bar} ${rest}`, ...why]
}

const healthMarks: Readonly<Record<string, { mark: string; style: Style }>> = {
  healthy: { mark: '●', style: 'green' },
  warning: { mark: '▲', style: 'yellow' },
  stalled: { mark: '▲', style: 'red' },
  critical: { mark: '✖', style: 'red' },
  dead: { mark: '✖', style: 'red' },
}

function agentLines(agents: readonly TerminalAgent[], width: number, paint: Paint): string[] {
  if (agents.length === 0) return []
  const rows = agents.map((one) => ({
    mark: healthMarks[one.health ?? ''] ?? { mark: '○', style: 'dim' as const },
    cells: [
      oneLine(one.name || one.kind),
      `#${one.issue}`,
      oneLine(one.moduleId),
      phaseOf(one),
      one.silentSeconds === null ? '–' : duration(one.silentSeconds),
      one.cpuPercent === null ? '–' : `${Math.round(one.cpuPercent)} %`,
      one.memoryBytes === null ? '–' : memory(one.memoryBytes),
    ],
    progress: oneLine(one.progress),
  }))
  const titles = ['name', 'issue', 'module', 'phase', 'silent', 'cpu', 'memory']
  const most = [12, 7, width < 100 ? 10 : 20, 12, 7, 6, 7]
  const widths = titles.map((title, at) =>
    Math.min(most[at] ?? 0, Math.max(columnsOf(title), ...rows.map(({ cells }) => columnsOf(cells[at] ?? '')))),
  )
  const line = (cells: readonly string[]) =>
    cells.map((cell, at) => column(cell, widths[at] ?? 0, at > 3 ? 'right' : 'left')).join(' ')
  const room = width - widths.reduce((sum, one) => sum + one, 0) - widths.length - 4
  const title = cut(`   ${line(titles)}  ${room > 8 ? 'progress' : ''}`.trimEnd(), width)
  return [
    paint('dim', title),
    ...rows.map(({ mark, cells, progress }) => {
      const text = cut(line(cells), width - 3)
      return ` ${paint(mark.style, mark.mark)} ${text}${room > 8 ? `  ${cut(progress, room)}` : ''}`.trimEnd()
    }),
  ]
}

function phaseOf({ status, purpose, attempt }: TerminalAgent): string {
  const phases: Record<string, string> = {
    build: 'building',
    plan: 'planning',
    breakdown: 'splitting',
    review: 'reviewing',
    propose: 'proposing',
  }
  const phase = status === 'working' ? (phases[purpose ?? ''] ?? status) : status
  return attempt > 1 ? `${phase} ×${attempt}` : phase
}

/** Items under way that no listed agent is at: under review, about to be merged. */
function withoutAgent({ queue, agents }: TerminalState): TerminalItem[] {
  const shown = new Set(agents.map(({ issue }) => issue))
  return (queue.inProgress ?? []).filter(({ issue }) => !shown.has(issue))
}

function itemLines(items: readonly TerminalItem[], width: number, paint: Paint): string[] {
  const numbers = Math.max(0, ...items.map(({ issue }) => `#${issue}`.length))
  const states = Math.max(0, ...items.map(({ state }) => columnsOf(state)))
  return items.map(({ issue, title, state, waitsFor }) => {
    const waits = waitsFor.length > 0 ? cut(oneLine(`← ${waitsFor.join(', ')}`), Math.floor(width / 3)) : ''
    const room = width - numbers - states - columnsOf(waits) - 8
    const start = `   ${paint('cyan', column(`#${issue}`, numbers))} ${paint('dim', column(state, states))}  `
    return `${start}${column(oneLine(title), room)} ${paint('dim', waits)}`.trimEnd()
  })
}

function eventLine(
  { at, issue, actor, what, why }: TerminalState['events'][number],
  { now, width }: TerminalOptions,
  paint: Paint,
): string {
  const ago = column(duration(Math.max(0, (now.getTime() - Date.parse(at)) / 1_000)), 7, 'right')
  const number = column(issue === null ? '' : `#${issue}`, 6)
  const text = [oneLine(what), ...(why === '' ? [] : [oneLine(why)])].join(' – ')
  const by = cut(oneLine(actor), Math.min(24, Math.floor(width / 4)))
  const room = width - 18 - columnsOf(by)
  return ` ${paint('dim', ago)}  ${paint('cyan', number)} ${column(text, room)} ${paint('dim', by)}`.trimEnd()
}

function duration(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`
  if (seconds < 6_000) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`
}

function memory(bytes: number): string {
  const megabytes = bytes / 2 ** 20
  return megabytes < 1_000 ? `${Math.round(megabytes)} MB` : `${(megabytes / 1_024).toFixed(1)} GB`
}

/** How many lines each list gets of what there is: every list one, then in turns. */
function shares(wanted: readonly number[], room: number): number[] {
  if (room === Number.POSITIVE_INFINITY) return [...wanted]
  const given = wanted.map(() => 1)
  let left = room - wanted.length
  for (let grew = true; left > 0 && grew; ) {
    grew = false
    for (const [at, want] of wanted.entries()) {
      if (left <= 0 || (given[at] ?? 0) >= want) continue
      given[at] = (given[at] ?? 0) + 1
      left--
      grew = true
    }
  }
  return given
}

function shortened(lines: readonly string[], most: number, paint: Paint): string[] {
  if (lines.length <= most) return [...lines]
  const kept = lines.slice(0, Math.max(0, most - 1))
  return [...kept, paint('dim', `   … ${lines.length - kept.length} more`)]
}
