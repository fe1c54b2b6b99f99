/** The view of a roadmap: its content, its size, and that no title can be more than a label. */

import { describe, expect, test } from 'vitest'
import type { ItemRow } from '../../../src/db/work-items.ts'
import type { RoadmapPart } from '../../../src/domain/roadmap.ts'
import { criticalPath } from '../../../src/domain/roadmap-critical-path.ts'
import type { ScheduleReport } from '../../../src/domain/schedule-report.ts'
import { roadmapGraph } from '../../../src/messages/roadmap-graph.ts'
import { roadmapView } from '../../../src/messages/roadmap-view.ts'

const home = 'acme/app'
const key = (number: number) => `${home}#${number}`

function part(number: number, item: Partial<ItemRow> | null = {}, rest: Partial<RoadmapPart> = {}): RoadmapPart {
  const row =
    item &&
    ({
      title: `Part ${number}`,
      updatedAt: new Date('2026-11-20'),
      state: 'ready',
      labels: [],
      kind: 'task',
      reason: '',
      ...item,
    } as ItemRow)
  const after = rest.waitsFor ?? []
  return {
    key: key(number),
    repository: home,
    number,
    heading: '',
    issue: 'open',
    after,
    waitsFor: [],
    ...(row ? { item: row } : {}),
    ...rest,
  }
}

function report(rest: Partial<ScheduleReport>): Map<string, ScheduleReport> {
  const nothing = {
    mode: 'sequential' as const,
    modeIsSet: false,
    next: [],
    more: 0,
    blocked: 0,
    conflicts: [],
    plan: null,
  }
  return new Map([[home, { ...nothing, ...rest }]])
}

describe('the critical path', () => {
  test('is the chain with the most hours, not the most parts; done parts are not on it', () => {
    const parts = [
      part(1, { state: 'done' }, { hours: 50 }),
      part(2, {}, { hours: 1, waitsFor: [] }),
      part(3, {}, { hours: 1, waitsFor: [key(2)] }),
      part(4, {}, { hours: 1, waitsFor: [key(3)] }),
      part(5, {}, { hours: 8 }),
      part(6, {}, { waitsFor: [key(5), key(4), key(1)] }),
    ]
    expect(criticalPath(parts)).toEqual([key(5), key(6)])
  })

  test('ignores cycles, adds no hours for an epic, and is empty without open parts', () => {
    const circle = [part(1, {}, { waitsFor: [key(2)] }), part(2, {}, { waitsFor: [key(1)] }), part(3, {}, { hours: 1 })]
    expect(criticalPath(circle)).toContain(key(2))
    const epic = [part(1, { kind: 'epic' }, { waitsFor: [key(2)] }), part(2), part(3, {}, { hours: 3 })]
    expect(criticalPath(epic)).toEqual([key(3)])
    expect(criticalPath([part(1, { state: 'done' })])).toEqual([])
  })
})

describe('the graph', () => {
  test('has a box for each part in the colour of its state, an arrow for each edge, and the path marked', () => {
    const parts = [
      part(1, { state: 'done' }),
      part(2, { state: 'running' }, { after: [key(1)] }),
      part(3, {}, { waitsFor: [key(2)], after: [key(2), key(1)] }),
      part(4, null),
    ]
    expect(roadmapGraph(parts, [key(2), key(3)], home).split('\n')).toEqual([
      'graph TD',
      '  n0["#10003; #35;1 Part 1"]:::done',
      '  n1["#9654; #35;2 Part 2"]:::running',
      '  n2["#35;3 Part 3"]:::waits',
      '  n3["#35;4"]:::outside',
      '  n0 --> n1',
      '  n1 --> n2',
      '  n0 --> n2',
      expect.stringMatching(/^ {2}classDef done /),
      expect.stringMatching(/^ {2}classDef running /),
      expect.stringMatching(/^ {2}classDef waits /),
      expect.stringMatching(/^ {2}classDef outside /),
      '  classDef critical stroke:#bc4c00,stroke-width:4px',
      '  class n1,n2 critical',
      '  linkStyle 1 stroke:#bc4c00,stroke-width:3px',
    ])
  })

  test.each([
    ['"]; end; click n0 "javascript:alert(1)"', 'quotes'],
    ['```\n@someone #12', 'a fence and a mention'],
    ['<img src=x onerror=alert(1)>', 'markup'],
    ['%%{init: {"theme":"dark"}}%%', 'a directive'],
    ['`**bold**`', 'Markdown'],
    ['a\u202Eb\u200Bc\u0000d', 'signs that cannot be seen'],
    ['日本語 Ünï 🎉', 'letters of others'],
  ])('%s is only a label (%s)', (title) => {
    const [, box = ''] = roadmapGraph([part(1, { title })], [], home).split('\n')
    expect(box).toMatch(/^ {2}n0\["(?:[\p{L}\p{M}\p{N} .,()/'+-]|…|#\d+;)+"\]:::ready$/u)
    expect(box).not.toMatch(/[@<>`{}%]/)
  })

  test('shows modules with counts for more than 100 parts, and headings for parts without module', () => {
    const parts = Array.from({ length: 120 }, (_, at) =>
      part(
        at + 1,
        { labels: at < 60 ? ['module:auth'] : [], state: at < 30 ? 'done' : 'ready' },
        {
          heading: at < 60 ? '' : 'Later',
          waitsFor: at >= 60 ? [key(at - 29)] : [],
        },
      ),
    )
    const text = roadmapGraph(parts, [], home)
    expect(text).toContain('n0["auth#58; 30 of 60 done"]:::ready')
    expect(text).toContain('n1["Later#58; 0 of 60 done"]:::waits')
    expect(text).toContain('n0 -->|"30"| n1')
  })
})

test('the whole view: a bar with counts, the next items and why, the dependencies, and at most ten conflicts', () => {
  const parts = [
    part(1, { state: 'done' }),
    part(2, { state: 'reviewing' }, { pull: 20 }),
    part(3, { state: 'held', reason: 'Broken | by @mallory', updatedAt: new Date('2026-11-01') }),
    part(4, { title: 'Free @someone' }),
    ...Array.from({ length: 14 }, (_, at) => part(at + 5, {}, { waitsFor: [key(2), 'other/lib#9'] })),
  ]
  const conflicts = Array.from({ length: 12 }, (_, at) => ({
    a: 4,
    b: at + 5,
    overlaps: [{ mine: 'src/`a`|b', theirs: 'src/' }],
  }))
  const next = [
    { issue: 4, leverage: 12, words: 'all 2 agents are at work' },
    { issue: 99, leverage: 99, words: 'not of this roadmap' },
  ]
  const text = roadmapView(
    { parts, reports: report({ next, conflicts }) },
    {
      home: 'Acme/App',
      since: new Date('2026-11-07'),
      progress: ['[5 min] Atlas started #12'],
    },
  )
  expect(text).toContain(
    '`█░░░░░░░░░░░░░░░░░░░` **1 of 18** · 1 done · 1 in review · 1 needs a person · 14 wait for others · 1 can start',
  )
  expect(text).toContain('1. #4 Free @<!-- -->someone (leverage 12): all 2 agents are at work')
  expect(text).not.toContain('not of this roadmap')
  expect(text).toContain('- #2: review #20')
  expect(text).toContain('<details><summary>Progress</summary>\n\n- [5 min] Atlas started #12\n\n</details>')
  expect(text).toContain('- #3 is held: Broken \\| by @<!-- -->mallory')
  expect(text).toMatch(/No change for a long time\*\*\n\n- #3, since 2026-11-01\n\n/)
  expect(text).toContain('- #5 waits for #2, other/lib#9')
  expect(text).toMatch(/and 4 more\n\n\*\*No change/)
  expect(text).toContain("| #4 | #5 | `src/'a'\\|b`, `src/` |")
  expect(text).toContain('and 2 more pairs')
  expect(text).toMatch(/critical path, about [\d.]+ agent hours|critical path:/)
})
