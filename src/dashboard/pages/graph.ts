/** The dependency graph: items and the issues they wait for, with the chain that takes the longest. */

import { and, eq, inArray, notInArray, or, sql } from 'drizzle-orm'
import type { Database } from '../../db/connect.ts'
import type { RepositoryRow } from '../../db/repositories.ts'
import { dependencies, workItems } from '../../db/schema/work-items.ts'
import { counted } from '../../lib/counted.ts'
import { effortHours } from '../../lib/effort-hours.ts'
import { firstCharacters } from '../../lib/sanitise-text.ts'
import * as messages from '../../messages/dashboard-pages.ts'
import { emptyState, itemUrl } from '../frame.ts'
import { type Html, html } from '../html.ts'
import type { Page } from '../page.ts'
import { stateLabel, statePill, stateTone } from '../words.ts'

/** More than this cannot be looked at. */
const mostNodes = 800
/** Done items stay for this long, so that one sees what has just been unblocked. */
const doneDays = 7
const usualHours = 2

interface GraphNode {
  id: string
  label: string
  title: string
  tone: string
  state: string
  url: string
  critical: boolean
  hours: number
}

interface GraphEdge {
  /** Is done before ... */
  source: string
  /** ... this one. */
  target: string
  critical: boolean
  closed: boolean
}

/** `/graph` */
export const graphPage: Page = {
  path: '/graph',
  async render({ services, repo }) {
    const { nodes, edges, path } = await graphOf(services.store.db, repo)
    if (nodes.length === 0)
      return {
        title: 'Dependencies',
        main: html`<section class="panel"><div class="body">${emptyState(...messages.nothingInGraph, 'graph')}</div></section>`,
      }
    const hours = nodes.filter(({ critical }) => critical).reduce((sum, node) => sum + node.hours, 0)
    const data = JSON.stringify({ nodes, edges })
    return {
      title: 'Dependencies',
      scripts: ['dagre.js', 'cytoscape.js', 'graph.js'],
      where: html`<span>${counted(nodes.length, 'item')}, ${counted(edges.length, 'dependency', 'dependencies')}</span>${path.length > 1 ? html`<span class="pill bad">${messages.criticalPathOf(path.length, hours)}</span>` : ''}`,
      main: html`<div class="stack"><section class="panel" aria-label="Graph"><div class="filter"><div class="graph-tools" data-still><button type="button" data-zoom="in" aria-label="Zoom in">+</button><button type="button" data-zoom="out" aria-label="Zoom out">−</button><button type="button" data-zoom="fit">Fit</button></div><ul class="legend">${legend}</ul></div>
<span id="__________cytoscape_stylesheet" hidden></span><div id="graph-data" data-graph="${data}"></div><div class="graph" id="graph" data-still role="img" aria-label="${messages.graphPicture}"></div></section>
${listPanel(repo, nodes, edges)}</div>`,
    }
  },
}

const legend = Object.entries(messages.graphLegend).map(
  ([tone, word]) => html`<li><span class="dot ${tone}"></span>${word}</li>`,
)

async function graphOf(db: Database, repo: RepositoryRow) {
  const recent = sql`${workItems.doneAt} > now() - make_interval(days => ${doneDays})`
  const items = await db
    .select()
    .from(workItems)
    .where(
      and(
        eq(workItems.repositoryId, repo.id),
        or(notInArray(workItems.state, ['done', 'skipped', 'cancelled']), recent),
      ),
    )
    .orderBy(workItems.issueNumber)
    .limit(mostNodes)
  const ids = items.map(({ id }) => id)
  const rows =
    ids.length === 0 ? [] : await db.select().from(dependencies).where(inArray(dependencies.dependentId, ids))
  const here = repo.fullName.toLowerCase()
  const nameOf = (repository: string, number: number) =>
    repository === here ? `#${number}` : `${repository}#${number}`
  const known = new Map(items.map((item) => [item.id, `#${item.issueNumber}`]))
  const edges = new Map<string, GraphEdge>()
  for (const row of rows) {
    const [source, target] = [nameOf(row.repository, row.issueNumber), known.get(row.dependentId) ?? '']
    if (source !== target)
      edges.set(`${source} ${target}`, { source, target, critical: false, closed: row.blocker === 'closed' })
  }
  const nodes = new Map<string, GraphNode>(
    items.map((item) => [
      `#${item.issueNumber}`,
      {
        ...{ id: `#${item.issueNumber}`, label: `#${item.issueNumber} ${short(item.title)}`, title: item.title },
        ...{ tone: stateTone(item.state), state: item.state, url: itemUrl(repo, item.issueNumber), critical: false },
        hours:
          item.state === 'done' || item.kind === 'epic'
            ? 0
            : (item.plannedHours ?? (item.effort ? effortHours[item.effort] : usualHours)),
      },
    ]),
  )
  for (const { source, closed } of edges.values())
    if (!nodes.has(source) && !closed)
      nodes.set(source, {
        id: source,
        label: source,
        title: messages.notQueuedHere,
        tone: 'calm',
        state: 'not queued',
        url: '',
        critical: false,
        hours: 0,
      })
  const drawn = [...edges.values()].filter(({ source, target }) => nodes.has(source) && nodes.has(target))
  const path = longestChain(
    nodes,
    drawn.filter(({ closed }) => !closed),
  )
  return { nodes: [...nodes.values()], edges: drawn, path }
}

/** Marks the chain of open items with the most hours. A dependency that closes a cycle is left out. */
export function longestChain(nodes: ReadonlyMap<string, GraphNode>, edges: readonly GraphEdge[]): string[] {
  const into = new Map<string, GraphEdge[]>()
  for (const edge of edges) into.set(edge.target, [...(into.get(edge.target) ?? []), edge])
  const best = new Map<string, { hours: number; by: GraphEdge | undefined }>()
  const measure = (id: string, above: ReadonlySet<string>): number => {
    const done = best.get(id)
    if (done) return done.hours
    let [hours, by]: [number, GraphEdge | undefined] = [0, undefined]
    for (const edge of into.get(id) ?? []) {
      if (above.has(edge.source)) continue
      const other = measure(edge.source, new Set([...above, id]))
      if (other > hours) [hours, by] = [other, edge]
    }
    const whole = hours + (nodes.get(id)?.hours ?? 0)
    best.set(id, { hours: whole, by })
    return whole
  }
  // Of two that take as long, the one that waits for another shows more.
  const chained = (id: string) => Number(best.get(id)?.by !== undefined)
  const [last] = [...nodes.keys()].toSorted(
    (a, b) => measure(b, new Set()) - measure(a, new Set()) || chained(b) - chained(a),
  )
  const path: string[] = []
  for (let id = last; id !== undefined; ) {
    const edge: GraphEdge | undefined = best.get(id)?.by
    path.unshift(id)
    if (edge) edge.critical = true
    id = edge?.source
  }
  if (path.length < 2) return []
  for (const id of path) {
    const node = nodes.get(id)
    if (node) node.critical = true
  }
  return path
}

function short(title: string): string {
  return title.length > 34 ? `${firstCharacters(title, 33)}…` : title
}

/** The same for those who do not see the graph. */
function listPanel(repo: RepositoryRow, nodes: readonly GraphNode[], edges: readonly GraphEdge[]): Html {
  const before = new Map<string, string[]>()
  for (const { source, target, closed } of edges)
    if (!closed) before.set(target, [...(before.get(target) ?? []), source])
  const row = (node: GraphNode) =>
    html`<tr><td>${node.url ? html`<a href="${node.url}">${node.id} ${node.title}</a>` : html`${node.id} <span class="muted">${node.title}</span>`}</td><td>${node.state === 'not queued' ? stateLabel(node.state) : statePill(node.state)}</td><td>${before.get(node.id)?.join(', ') ?? html`<span class="muted">nothing</span>`}</td><td>${node.critical ? messages.onCriticalPath : ''}</td></tr>`
  return html`<section class="panel"><header><h2>As a list</h2><span class="count small muted">${repo.fullName}</span></header><div class="body"><div class="scroll" tabindex="0" role="region" aria-label="${messages.graphList}"><table><thead><tr><th scope="col">Item</th><th scope="col">State</th><th scope="col">Waits for</th><th scope="col"><span class="visually-hidden">Critical path</span></th></tr></thead><tbody>${nodes.map(row)}</tbody></table></div></div></section>`
}
