/** Which phase a roadmap is announced to be in. */

import { expect, test } from 'vitest'
import { phaseLine, phaseOf, phasesAtStart, phaseToAnnounce } from '../../../src/domain/phases.ts'
import type { RoadmapPart } from '../../../src/domain/roadmap.ts'
import type { ItemState } from '../../../src/lib/item-state.ts'

function part(state: ItemState | 'outside', waitsFor: string[] = []): RoadmapPart {
  const item = {
    id: 1,
    repositoryId: 1,
    kind: 'task' as const,
    title: '',
    labels: [],
    reason: '',
    updatedAt: new Date(),
  }
  const base = { key: 'a/b#1', repository: 'a/b', number: 1, heading: '', issue: 'open' as const, after: [], waitsFor }
  return state === 'outside' ? base : { ...base, item: { ...item, state } }
}

test.each<[string, RoadmapPart[]]>([
  ['>>> PHASE 4: Monitoring - In Progress (2 agents)', [part('running'), part('checking'), part('ready')]],
  ['>>> PHASE 3: Agent Spawn - Starting (1 agent)', [part('ready'), part('reviewing')]],
  ['>>> PHASE 5: Verification - In Progress (1 item)', [part('reviewing'), part('held')]],
  ['>>> PHASE 2: Roadmap Health Check - In Progress (2 items)', [part('held'), part('ready', ['a/b#2'])]],
  ['>>> PHASE 1: Goal Interpretation - In Progress (1 item)', [part('outside'), part('done')]],
  ['>>> PHASE 6: Report - Complete', [part('done'), part('skipped')]],
])('%s', (line, parts) => {
  expect(phaseLine(phaseOf({ parts }))).toBe(line)
})

test.each<[string | undefined, string[]]>([
  [undefined, ['>>> PHASE 2: Roadmap Health Check - Complete', '>>> PHASE 3: Agent Spawn - Starting (2 agents)']],
  ['1 Complete', ['>>> PHASE 2: Roadmap Health Check - Complete', '>>> PHASE 3: Agent Spawn - Starting (2 agents)']],
  ['4 In Progress', ['>>> PHASE 3: Agent Spawn - Starting (2 agents)']],
])('after %s, two agents start', (last, lines) => {
  expect(phasesAtStart(last, 2).map(phaseLine)).toEqual(lines)
})

test('a phase is announced when it is another one; starts and the end are announced when they happen', () => {
  expect(phaseToAnnounce('3 Starting', ['running', 'ready'])).toMatchObject({ phase: 4, count: { agents: 1 } })
  expect(phaseToAnnounce('4 In Progress', ['running', 'running'])).toBeUndefined()
  expect(phaseToAnnounce('4 In Progress', ['ready', 'review'])).toBeUndefined()
  expect(phaseToAnnounce('4 In Progress', ['done'])).toBeUndefined()
  expect(phaseToAnnounce('4 In Progress', ['review', 'asks'])).toMatchObject({ phase: 5 })
})
