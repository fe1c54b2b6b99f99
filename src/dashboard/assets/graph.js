/** Draws the dependency graph: dagre places the items from left to right, cytoscape draws them on a canvas. */

/* global cytoscape, dagre */

const box = document.getElementById('graph')
const holder = () => document.getElementById('graph-data')

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}

function styles() {
  const colour = (tone) => token(tone === 'calm' ? 'muted' : tone)
  const soft = (tone) => token(`${tone}-soft`)
  const tones = ['calm', 'good', 'warn', 'bad', 'info', 'accent']
  return [
    {
      selector: 'node',
      style: {
        shape: 'round-rectangle',
        width: 'data(width)',
        height: 40,
        label: 'data(label)',
        'text-valign': 'center',
        'text-halign': 'center',
        'text-wrap': 'wrap',
        'text-max-width': 'data(textWidth)',
        'font-family': 'system-ui, sans-serif',
        'font-size': 12,
        'border-width': 1,
        'min-zoomed-font-size': 5,
      },
    },
    ...tones.map((tone) => ({
      selector: `node[tone = "${tone}"]`,
      style: { 'background-color': soft(tone), 'border-color': colour(tone), color: token('text') },
    })),
    { selector: 'node[?critical]', style: { 'border-width': 3, 'border-color': token('bad') } },
    { selector: 'node:selected', style: { 'border-width': 3, 'border-color': token('accent') } },
    {
      selector: 'edge',
      style: {
        width: 1.5,
        'curve-style': 'bezier',
        'line-color': token('line-strong'),
        'target-arrow-color': token('line-strong'),
        'target-arrow-shape': 'triangle',
        'arrow-scale': 0.9,
      },
    },
    { selector: 'edge[?closed]', style: { 'line-style': 'dashed', opacity: 0.6 } },
    {
      selector: 'edge[?critical]',
      style: { width: 3, 'line-color': token('bad'), 'target-arrow-color': token('bad') },
    },
    { selector: '.faded', style: { opacity: 0.18 } },
  ]
}

function elementsOf({ nodes, edges }) {
  const width = (label) => Math.min(280, 30 + label.length * 7)
  return [
    ...nodes.map((node) => ({ data: { ...node, width: width(node.label), textWidth: width(node.label) - 16 } })),
    ...edges.map((edge) => ({ data: { id: `${edge.source} ${edge.target}`, ...edge } })),
  ]
}

/** What depends on nothing stands in columns below the rest: a single row of a hundred could not be read. */
function place(cy) {
  const graph = new dagre.graphlib.Graph()
  graph.setGraph({ rankdir: 'LR', nodesep: 16, ranksep: 70 })
  graph.setDefaultEdgeLabel(() => ({}))
  const [linked, single] = [
    cy.nodes().filter((node) => node.degree() > 0),
    cy.nodes().filter((node) => node.degree() === 0),
  ]
  linked.forEach((node) => {
    graph.setNode(node.id(), { width: node.data('width'), height: 40 })
  })
  cy.edges().forEach((edge) => {
    graph.setEdge(edge.source().id(), edge.target().id())
  })
  dagre.layout(graph)
  let bottom = 0
  cy.batch(() => {
    linked.forEach((node) => {
      const { x, y } = graph.node(node.id())
      bottom = Math.max(bottom, y + 60)
      node.position({ x, y })
    })
    const columns = Math.max(3, Math.round(Math.sqrt(single.length / 3)))
    const wide = single.max((node) => node.data('width')).value + 24
    single.forEach((node, at) => {
      node.position({ x: wide / 2 + (at % columns) * wide, y: bottom + 20 + Math.floor(at / columns) * 56 })
    })
  })
}

let drawn = ''
let cy

function draw() {
  const text = holder()?.dataset.graph ?? ''
  if (!box || text === '' || text === drawn) return
  const before = drawn
  drawn = text
  const elements = elementsOf(JSON.parse(text))
  if (!cy) cy = start(elements)
  else {
    const view = { zoom: cy.zoom(), pan: { ...cy.pan() } }
    cy.json({ elements })
    place(cy)
    cy.viewport(view)
  }
  if (before === '') fit()
}

function start(elements) {
  const made = cytoscape({
    container: box,
    elements,
    style: styles(),
    layout: { name: 'preset' },
    minZoom: 0.08,
    maxZoom: 2.5,
    textureOnViewport: elements.length > 400,
    hideEdgesOnViewport: elements.length > 1_200,
    autoungrabify: true,
    boxSelectionEnabled: false,
  })
  place(made)
  made.on('tap', 'node', ({ target }) => {
    if (target.data('url')) location.assign(target.data('url'))
  })
  made.on('mouseover', 'node', ({ target }) => {
    const near = target.closedNeighborhood().union(target.predecessors()).union(target.successors())
    made.elements().difference(near).addClass('faded')
    box.title = `${target.data('label')}: ${target.data('state')}`
  })
  made.on('mouseout', 'node', () => {
    made.elements().removeClass('faded')
    box.title = ''
  })
  return made
}

/** A graph of three items is not blown up to the whole page. */
function fit() {
  cy.fit(undefined, 28)
  if (cy.zoom() > 1.1) {
    cy.zoom(1.1)
    cy.center()
  }
}

document.addEventListener('click', (event) => {
  const zoom = event.target instanceof Element && event.target.closest('[data-zoom]')?.getAttribute('data-zoom')
  if (!zoom || !cy) return
  if (zoom === 'fit') return fit()
  const at = { x: cy.width() / 2, y: cy.height() / 2 }
  cy.zoom({ level: cy.zoom() * (zoom === 'in' ? 1.3 : 1 / 1.3), renderedPosition: at })
})

addEventListener('theme', () => cy?.style(styles()))
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => cy?.style(styles()))
addEventListener('refreshed', draw)
draw()
