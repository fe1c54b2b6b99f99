/** Which parts of a roadmap its mode keeps from starting. Pure. */

import { expect, test } from 'vitest'
import type { RoadmapMode } from '../../../src/db/schema/work-items.ts'
import type { Backlog } from '../../../src/scheduling/backlog-snapshot.ts'
import { roadmapModeEdges } from '../../../src/scheduling/roadmap-mode.ts'

/** A roadmap with parts in these states, in its order. @returns the places of those that it keeps from starting. */
function blocked(pace: RoadmapMode, ...states: string[]): number[] {
  const epic = { id: 100, repositoryId: 1, issueNumber: 100, kind: 'epic', state: 'ready', epic: { pace } }
  const tasks = states.map((state, at) => ({
    id: at,
    repositoryId: 1,
    issueNumber: at,
    kind: 'task',
    state,
    priority: 2,
  }))
  const parts = tasks.map(({ id, issueNumber }) => ({
    ...{ id, repository: 'acme/app', issueNumber, source: 'sub-issue', blocker: 'open', position: id },
  }))
  const nameOf = ({ issueNumber }: { issueNumber: number }) => `acme/app#${issueNumber}`
  const all = new Map([epic, ...tasks].map((item) => [item.id, item]))
  const backlog = {
    ...{ epics: new Set([epic.id]), items: all, edges: new Map([[epic.id, parts]]), nameOf },
    named: (name: string) => [...all.values()].find((item) => nameOf(item) === name),
  }
  return [...roadmapModeEdges(backlog as unknown as Backlog, { has: () => false }).keys()].sort()
}

test('one after another: the next in the order starts, also when another one was prepared first', () => {
  expect(blocked({ mode: 'sequential' }, 'ready', 'ready', 'ready')).toEqual([1, 2])
  expect(blocked({ mode: 'sequential' }, 'queued', 'ready')).toEqual([1])
  expect(blocked({ mode: 'sequential' }, 'done', 'running', 'ready')).toEqual([2])
  expect(blocked({ mode: 'sequential' }, 'held', 'ready', 'queued')).toEqual([])
})

test('all at once, so many at once, and one', () => {
  expect(blocked({ mode: 'batch' }, 'ready', 'ready')).toEqual([])
  expect(blocked({ mode: 'parallel', max: 2 }, 'running', 'ready', 'ready')).toEqual([2])
  expect(blocked({ mode: 'one' }, 'ready', 'ready')).toEqual([1])
})
