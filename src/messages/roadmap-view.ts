/** The view of a roadmap in its status comment: progress, graph, next issues, waiting issues, conflicts. */

import { type PartStatus, partName, partStatus, partStatuses, progressOfParts } from '../domain/part-status.ts'
import { phaseLine, phaseOf } from '../domain/phases.ts'
import { conflictsIn, type RoadmapTree } from '../domain/roadmap.ts'
import { criticalPath } from '../domain/roadmap-critical-path.ts'
import { counted } from '../lib/counted.ts'
import { singleLine } from '../lib/sanitise.ts'
import { firstCharacters } from '../lib/sanitise-text.ts'
import { roadmapGraph } from './roadmap-graph.ts'

/** A list shows so many rows, and counts the rest. */
const mostRows = 10
const mostNext = 5

const statusNames: Record<PartStatus, [one: string, many: string]> = {
  done: ['done', 'done'],
  running: ['being worked on', 'being worked on'],
  review: ['in review', 'in review'],
  asks: ['needs a person', 'need a person'],
  waits: ['waits for others', 'wait for others'],
  ready: ['can start', 'can start'],
  outside: ['not queued', 'not queued'],
  dropped: ['dropped', 'dropped'],
}

/** What a view needs besides the roadmap. */
interface ViewOptions {
  /** The repository of the roadmap, `owner/name` in any case: its issues are named by their number alone. */
  home: string
  /** Issues that have not changed since then are stale. */
  since: Date
  /** The last timed lines, oldest first. */
  progress: readonly string[]
}

/** The view, as markdown. */
export function roadmapView(roadmap: RoadmapTree, { home, since, progress }: ViewOptions): string {
  if (roadmap.parts.length === 0) return ''
  const near = home.toLowerCase()
  const path = criticalPath(roadmap.parts)
  const sections = [
    `\`${phaseLine(phaseOf(roadmap))}\``,
    bar(roadmap),
    ['```mermaid', roadmapGraph(roadmap.parts, path, near), '```'].join('\n'),
    legend(roadmap, path, near),
    next(roadmap, near),
    people(roadmap, near),
    waiting(roadmap, near),
    stale(roadmap, near, since),
    matrix(roadmap, near),
    timeline(progress),
  ]
  return sections.filter(Boolean).join('\n\n')
}

const barLength = 20

function bar(roadmap: RoadmapTree): string {
  const { done, all } = progressOfParts(roadmap)
  const filled = all === 0 ? 0 : Math.floor((barLength * done) / all)
  const counted = roadmap.parts.filter(({ item }) => item?.kind !== 'epic').map(partStatus)
  const counts = partStatuses.flatMap((status) => {
    const count = counted.filter((one) => one === status).length
    return count > 0 ? [`${count} ${statusNames[status][count === 1 ? 0 : 1]}`] : []
  })
  return `\`${'█'.repeat(filled)}${'░'.repeat(barLength - filled)}\` **${done} of ${all}** · ${counts.join(' · ')}`
}

function legend({ parts }: RoadmapTree, path: readonly string[], home: string): string {
  if (path.length < 2) return ''
  const hours = parts.filter(({ key }) => path.includes(key)).reduce((sum, part) => sum + (part.hours ?? 0), 0)
  const total = hours > 0 ? `, about ${counted(Number(hours.toPrecision(2)), 'agent hour')}` : ''
  const named = path.length > mostRows ? [...path.slice(0, mostRows), '…'] : path
  return `<sub>Thick border: the critical path${total}: ${named.map((key) => partName(key, home)).join(' → ')}.</sub>`
}

function next({ parts, reports }: RoadmapTree, home: string): string {
  const byKey = new Map(parts.map((part) => [part.key, part]))
  const rows = [...reports]
    .flatMap(([repository, report]) => report.next.map((one) => ({ ...one, key: `${repository}#${one.issue}` })))
    .filter(({ key }) => byKey.has(key))
    .sort((a, b) => b.leverage - a.leverage)
  if (rows.length === 0) return ''
  const shown = rows.slice(0, mostNext).map(({ key, words, leverage }, at) => {
    const title = singleLine(byKey.get(key)?.item?.title ?? '', 80)
    return `${at + 1}. ${partName(key, home)} ${title} (leverage ${leverage}): ${words}`
  })
  return ['**Next**', '', ...shown, ...andMore(rows.length - mostNext)].join('\n')
}

function people({ parts }: RoadmapTree, home: string): string {
  const rows = parts.flatMap((part) => {
    const status = partStatus(part)
    if (status === 'review' && part.pull !== undefined) {
      const pull = partName(`${part.repository}#${part.pull}`, home)
      return [`- ${partName(part.key, home)}: review ${pull}`]
    }
    if (status !== 'asks' || !part.item) return []
    return [`- ${partName(part.key, home)} is ${part.item.state}: ${singleLine(part.item.reason, 160)}`]
  })
  return list('Waits for people', rows)
}

function waiting({ parts }: RoadmapTree, home: string): string {
  const rows = parts
    .filter((part) => part.item?.kind !== 'epic' && partStatus(part) === 'waits')
    .map(({ key, waitsFor }) => {
      const named = waitsFor.slice(0, 5).map((one) => partName(one, home))
      const more = waitsFor.length > 5 ? ` and ${waitsFor.length - 5} more` : ''
      return `- ${partName(key, home)} waits for ${named.join(', ')}${more}`
    })
  return list('Waits for other issues', rows)
}

/** An issue that waits for another one is not stale. */
function stale({ parts }: RoadmapTree, home: string, since: Date): string {
  const rows = parts.filter(({ item, ...part }) => {
    if (!item || item.kind === 'epic' || item.updatedAt >= since) return false
    return !['done', 'dropped', 'waits'].includes(partStatus({ item, ...part }))
  })
  const named = rows.map(
    ({ key, item }) => `- ${partName(key, home)}, since ${item?.updatedAt.toISOString().slice(0, 10)}`,
  )
  return list('No change for a long time', named)
}

function matrix(roadmap: RoadmapTree, home: string): string {
  const pairs = conflictsIn(roadmap)
  if (pairs.length === 0) return ''
  const rows = pairs.slice(0, mostRows).map(({ a, b, overlaps }) => {
    const shared = [...new Set(overlaps.flatMap(({ mine, theirs }) => [mine, theirs]))].slice(0, 4).map(code)
    return `| ${partName(a, home)} | ${partName(b, home)} | ${shared.join(', ')} |`
  })
  const more = pairs.length > mostRows ? [`\nand ${counted(pairs.length - mostRows, 'more pair')}`] : []
  const head = '**Not run together**, since they touch the same files:'
  return [head, '', '| issue | and | files |', '|---|---|---|', ...rows, ...more].join('\n')
}

function timeline(lines: readonly string[]): string {
  if (lines.length === 0) return ''
  const rows = lines.map((line) => `- ${singleLine(line, 120)}`)
  return `<details><summary>Progress</summary>\n\n${rows.join('\n')}\n\n</details>`
}

function list(title: string, rows: readonly string[]): string {
  if (rows.length === 0) return ''
  return [`**${title}**`, '', ...rows.slice(0, mostRows), ...andMore(rows.length - mostRows)].join('\n')
}

function andMore(count: number): string[] {
  return count > 0 ? ['', `and ${count} more`] : []
}

/** A path as code in a table cell. */
function code(path: string): string {
  const plain = path
    .replaceAll('`', "'")
    .replaceAll('|', '\\|')
    .replace(/\p{Cc}/gu, ' ')
  return `\`${firstCharacters(plain, 100)}\``
}
