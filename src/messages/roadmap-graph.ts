/** A roadmap as a Mermaid graph, which GitHub draws. A text from an issue can only be a label in it. */

import { type PartStatus, partName, partStatus, partStatuses } from '../domain/part-status.ts'
import type { RoadmapPart } from '../domain/roadmap.ts'

/** A larger graph cannot be read. Past this many nodes, modules are drawn, and their parts are counted. */
const mostNodes = 100
const mostEdges = 300

/** GitHub's own colours, which can be read on light and dark pages. */
const colours: Record<PartStatus, string> = {
  done: 'fill:#1f883d,stroke:#1f883d,color:#ffffff',
  running: 'fill:#0969da,stroke:#0969da,color:#ffffff',
  review: 'fill:#8250df,stroke:#8250df,color:#ffffff',
  asks: 'fill:#cf222e,stroke:#cf222e,color:#ffffff',
  waits: 'fill:#d0d7de,stroke:#8c959f,color:#1f2328',
  ready: 'fill:#ddf4ff,stroke:#0969da,color:#1f2328',
  outside: 'fill:#ffffff,stroke:#8c959f,color:#1f2328,stroke-dasharray:4 3',
  dropped: 'fill:#eaeef2,stroke:#d0d7de,color:#8c959f',
}

/** For people who do not see the colours. */
const signs: Record<PartStatus, string> = {
  done: '✓ ',
  running: '▶ ',
  review: '◆ ',
  asks: '! ',
  waits: '',
  ready: '',
  outside: '',
  dropped: '✗ ',
}

interface Box {
  key: string
  label: string
  status: PartStatus
  /** An epic: rounded. */
  round: boolean
}

/**
 * @param path keys on the critical path, see domain/roadmap-critical-path.ts.
 * @param home the roadmap's own repository, in lower case.
 * @returns Mermaid text: a box for each part, or for each module when there are more than 100 parts.
 */
export function roadmapGraph(parts: readonly RoadmapPart[], path: readonly string[], home: string): string {
  if (parts.length > mostNodes) return byModule(parts, path)
  const boxes = parts.map((part): Box => {
    const status = partStatus(part)
    const title = part.item?.title ?? ''
    return {
      key: part.key,
      label: `${signs[status]}${partName(part.key, home)} ${title}`,
      status,
      round: part.item?.kind === 'epic',
    }
  })
  const edges = parts.flatMap(({ key, after }) => after.map((from): Arrow => ({ from, to: key, label: '' })))
  return draw(boxes, edges, path)
}

interface Arrow {
  from: string
  to: string
  label: string
}

function byModule(parts: readonly RoadmapPart[], path: readonly string[]): string {
  const groupOf = new Map(parts.map((part) => [part.key, moduleOf(part)]))
  const groups = new Map<string, RoadmapPart[]>()
  for (const part of parts.filter(({ item }) => item?.kind !== 'epic')) {
    const name = groupOf.get(part.key) ?? ''
    groups.set(name, [...(groups.get(name) ?? []), part])
  }
  // When there are too many modules, the small ones are drawn as one.
  const large = [...groups].sort(([, a], [, b]) => b.length - a.length)
  const drawn = large.slice(0, mostNodes - 1)
  const rest = large.slice(mostNodes - 1).flatMap(([, some]) => some)
  const named = rest.length > 0 ? [...drawn, ['…', rest] as const] : drawn
  const boxes = named.map(([name, some]): Box => {
    const done = some.filter((part) => partStatus(part) === 'done').length
    return { key: name, label: `${name}: ${done} of ${some.length} done`, status: mostUrgent(some), round: false }
  })
  const counts = new Map<string, Arrow & { count: number }>()
  for (const { key, after } of parts) {
    for (const blocker of after) {
      const [from, to] = [groupOf.get(blocker), groupOf.get(key)]
      if (from === undefined || to === undefined || from === to) continue
      const known = counts.get(`${from}\n${to}`)
      counts.set(`${from}\n${to}`, { from, to, count: (known?.count ?? 0) + 1, label: String((known?.count ?? 0) + 1) })
    }
  }
  const along = [...new Set(path.map((key) => groupOf.get(key) ?? ''))]
  return draw(boxes, [...counts.values()], along)
}

/** The module in its labels, else the heading above it, else its repository. */
function moduleOf({ item, heading, repository }: RoadmapPart): string {
  const label = item?.labels.find((one) => /^module:/i.test(one))
  return label?.slice('module:'.length).trim().toLowerCase() || heading || repository
}

/** The status of a module: the most urgent one of its parts. */
function mostUrgent(parts: readonly RoadmapPart[]): PartStatus {
  const found = new Set(parts.map(partStatus))
  if (found.size === 1) return partStatus(parts[0] as RoadmapPart)
  const first = (['asks', 'running', 'review', 'ready', 'waits', 'outside'] as const).find((one) => found.has(one))
  return first ?? 'done'
}

function draw(boxes: readonly Box[], arrows: readonly Arrow[], path: readonly string[]): string {
  const ids = new Map(boxes.map(({ key }, at) => [key, `n${at}`]))
  const known = arrows.filter(({ from, to }) => ids.has(from) && ids.has(to)).slice(0, mostEdges)
  const steps = new Set(path.slice(1).map((key, at) => `${path[at]}\n${key}`))
  const thick = known.flatMap(({ from, to }, at) => (steps.has(`${from}\n${to}`) ? [at] : []))
  const used = partStatuses.filter((status) => boxes.some((box) => box.status === status))
  const critical = path.flatMap((key) => ids.get(key) ?? [])
  return [
    'graph TD',
    ...boxes.map(({ key, label, status, round }) => {
      const text = quoted(label)
      return `  ${ids.get(key)}${round ? `([${text}])` : `[${text}]`}:::${status}`
    }),
    ...known.map(({ from, to, label }) => `  ${ids.get(from)} -->${label ? `|${quoted(label)}|` : ''} ${ids.get(to)}`),
    ...used.map((status) => `  classDef ${status} ${colours[status]}`),
    ...(critical.length > 1
      ? ['  classDef critical stroke:#bc4c00,stroke-width:4px', `  class ${critical.join(',')} critical`]
      : []),
    ...(thick.length > 0 ? [`  linkStyle ${thick.join(',')} stroke:#bc4c00,stroke-width:3px`] : []),
  ].join('\n')
}

const longestLabel = 48

/** A label in quotes. Other characters than letters, digits and harmless signs are written as Mermaid's `#code;`. */
function quoted(label: string): string {
  const plain = label.replace(/[\p{C}\p{Z}\s]+/gu, ' ').trim()
  const signs = [...plain]
  const short = signs.length > longestLabel ? [...signs.slice(0, longestLabel - 1), '…'] : signs
  const safe = short.map((sign) => (/^[\p{L}\p{M}\p{N} .,()/'+-]$/u.test(sign) ? sign : `#${sign.codePointAt(0)};`))
  return `"${safe.join('')}"`
}
