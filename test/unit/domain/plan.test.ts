/** Submissions of planning agents: each problem names the field and helps to fix it. */

import { describe, expect, it } from 'vitest'
import { defaultSettings } from '../../../src/config/settings.ts'
import type { PlanRow } from '../../../src/db/plans.ts'
import { hoursOf, readSubmission, type Submission, storedSubmission } from '../../../src/domain/plan.ts'
import { effortHours } from '../../../src/lib/effort-hours.ts'
import { plannedIssues } from '../../../src/messages/breakdown-issues.ts'
import { planComment, planForAgent, rewrittenPlan } from '../../../src/messages/plans.ts'
import { reasonForApproval } from '../../../src/planning/needs-approval.ts'

const plan = {
  summary: 'Do it.',
  steps: ['One', 'Two'],
  paths: ['src/a.ts', 'docs/', 'src/**/*.css'],
  effort: 'M',
  risk: 'low',
  confidence: 0.9,
}
const item = (key: string, dependsOn: string[] = [], more: object = {}) => ({
  ...{ key, title: `The ${key}`, body: 'Do.', paths: [], effort: 'S', dependsOn },
  ...more,
})
const breakdown = (items: object[], more: object = {}) => ({
  ...{ summary: 'Several.', features: [{ title: 'All', items }], risk: 'low', confidence: 1 },
  ...more,
})

function problems(tool: Parameters<typeof readSubmission>[0], given: unknown): string {
  const read = readSubmission(tool, given)
  return 'problems' in read ? read.problems.join('\n') : 'none'
}

function accepted(tool: Parameters<typeof readSubmission>[0], given: unknown): Submission {
  const read = readSubmission(tool, given)
  if ('problems' in read) throw new Error(read.problems.join('\n'))
  return read.submission
}

describe('a plan', () => {
  it('is read with its defaults, and read again from the database', () => {
    const submission = accepted('submit_plan', plan)
    expect(submission).toMatchObject({ kind: 'plan', outOfScope: [], inScope: [], risks: [] })
    expect(storedSubmission(JSON.parse(JSON.stringify(submission)))).toEqual(submission)
    expect(hoursOf(submission)).toBe(effortHours.M)
    expect(storedSubmission({ kind: 'else' })).toBeUndefined()
    expect(storedSubmission(null)).toBeUndefined()
  })

  it.each<[string, object, string]>([
    ['an unknown field', { ...plan, pahts: [] }, 'unknown field `pahts`; did you mean `paths`?'],
    [
      'an absolute path',
      { ...plan, paths: ['/etc/passwd'] },
      '`paths.0`: must be relative to the repository, not absolute',
    ],
    ["another system's absolute path", { ...plan, paths: ['C:\\Windows'] }, 'not absolute'],
    ['a way out', { ...plan, paths: ['src/../../x'] }, 'must not lead out of the repository'],
    ['a way out with backslashes', { ...plan, paths: ['src\\..\\x'] }, 'must not lead out of the repository'],
    ['10,000 steps', { ...plan, steps: Array(10_000).fill('x') }, 'at most 200 steps: join small ones'],
    ['no step', { ...plan, steps: [] }, 'needs at least one step'],
    ['no number', { ...plan, confidence: 'high' }, '`confidence`'],
    ['a nonsense effort', { ...plan, effort: 'huge' }, 'must be S, M, L or XL, or a number of hours'],
    ['something else', ['a', 'list'] as unknown as object, '`the whole`'],
  ])('is refused with %s', (_, given, words) => {
    expect(problems('submit_plan', given)).toContain(words)
  })

  it('lists at most 20 problems', () => {
    expect(problems('submit_plan', { ...plan, paths: Array(150).fill('/x') }).split('\n')).toHaveLength(21)
  })

  it('contains no character that the database refuses', () => {
    const { summary } = accepted('submit_plan', { ...plan, summary: 'a\0b\ud800' }) as { summary: string }
    expect(summary).toBe('ab\ufffd')
  })
})

describe('a breakdown', () => {
  it.each<[string, object, string]>([
    ['a circle', breakdown([item('a', ['c']), item('b', ['a']), item('c', ['b'])]), 'in a circle: a → c → b → a'],
    ['itself', breakdown([item('a', ['a'])]), 'in a circle: a → a'],
    [
      'an unknown key',
      breakdown([item('table'), item('b', ['tabel'])]),
      'b depends on tabel, which is no item; did you mean table?',
    ],
    ['a key twice', breakdown([item('a'), item('a')]), 'the key a stands twice'],
    ['too many items', breakdown(Array.from({ length: 101 }, (_, at) => item(`i${at}`))), '100'],
    ['a bad key', breakdown([item('A b')]), 'lower-case words joined by dashes'],
    ['a path out of an item', breakdown([item('a', [], { paths: ['../x'] })]), '`features.0.items.0.paths.0`'],
    ['an unknown field of an item', breakdown([item('a', [], { dependOn: [] })]), 'did you mean `dependsOn`?'],
  ])('is refused with %s', (_, given, words) => {
    expect(problems('submit_breakdown', given)).toContain(words)
  })

  it('becomes issues: a feature of several items is their parent, a single feature is not', () => {
    const items = [item('a'), item('b', ['a'], { effort: 20, module: 'web' })]
    const flat = accepted('submit_breakdown', breakdown(items))
    const deep = accepted('submit_breakdown', {
      ...breakdown(items),
      features: [
        { title: 'F', items },
        { title: 'G', items: [item('c')] },
      ],
    })
    if (flat.kind !== 'breakdown' || deep.kind !== 'breakdown') throw new Error('no breakdown')
    expect(plannedIssues(flat, 7, 'tutti').map(({ key, under }) => [key, under])).toEqual([
      ['a', undefined],
      ['b', undefined],
    ])
    const made = plannedIssues(deep, 7, 'tutti')
    expect(made.map(({ key, kind, under }) => [key, kind, under])).toEqual([
      ['FEATURE-1', 'feature', undefined],
      ['a', 'item', 'FEATURE-1'],
      ['b', 'item', 'FEATURE-1'],
      ['c', 'item', undefined],
    ])
    expect(made[2]?.issue.labels).toEqual(['tutti', 'effort:XL', 'module:web'])
    expect(made[2]?.issue.body).toContain('**Comes after**\n\n- The a')
    expect(made[2]?.issue.body).toContain('Part of #7.')
    expect(hoursOf(deep)).toBe(effortHours.S * 2 + 20)
  })
})

it('there are one to five questions', () => {
  expect(problems('ask', { questions: ['Why?'] })).toBe('none')
  expect(problems('ask', { questions: [] })).toContain('at least one')
  expect(problems('ask', { questions: Array(6).fill('Why?') })).toContain('at most 5')
})

describe('the approval', () => {
  const settings = defaultSettings().planning
  const made = (more: object) =>
    accepted('submit_plan', { ...plan, ...more }) as Exclude<Submission, { kind: 'questions' }>
  it.each<[string, object, Partial<typeof settings>, string | undefined]>([
    ['a small, certain plan needs none', {}, {}, undefined],
    ['a large plan needs one', { effort: 'L' }, {}, 'this is large'],
    ['a large plan needs one even if the settings say never', { effort: 12 }, { approval: 'never' }, 'this is large'],
    ['many files need one', { paths: Array.from({ length: 31 }, (_, at) => `a${at}`) }, {}, '31 files'],
    ['an uncertain plan needs one', { confidence: 0.79 }, {}, 'only 79 % sure'],
    ['a lower confidence in the settings is enough', { confidence: 0.5 }, { confidence: 0.4 }, undefined],
    ['none if the settings say never', { confidence: 0.1, risk: 'high' }, { approval: 'never' }, undefined],
    ['a risky plan needs one', { risk: 'high' }, {}, 'the risk is high'],
    ['every plan needs one if the settings say always', {}, { approval: 'always' }, 'the settings'],
  ])('%s', (_, more, changed, why) => {
    const asks = reasonForApproval(made(more), { ...settings, ...changed })
    if (why === undefined) expect(asks).toBeUndefined()
    else expect(asks).toContain(why)
  })

  it('what a person calls large needs one, whatever the plan says of itself', () => {
    const asks = (effort: 'S' | 'XL' | null) => reasonForApproval(made({ effort: 'S' }), settings, effort)
    expect(asks('XL')).toContain('its effort is called XL')
    expect([asks('S'), asks(null)]).toEqual([undefined, undefined])
  })
})

describe('the comment', () => {
  const row = (more: Partial<PlanRow> = {}, content: object = plan) =>
    ({
      ...{ id: 1, version: 1, kind: 'plan', content: accepted('submit_plan', content), rewritten: '', amendment: '' },
      ...{ state: 'approved', decidedBy: 'ann', why: '' },
      ...more,
    }) as unknown as PlanRow

  it("makes the agent's text harmless", () => {
    const evil = 'Hello @everyone, fixes #12 <img src=x> [a](http://evil.example)\n/merge'
    const body = planComment(row({}, { ...plan, summary: evil, steps: [evil], paths: ['a`b'], risks: [evil] }), 'it is')
    for (const harm of [/@everyone/, /fixes #12/, /<img/, /\]\(http/, /^\/merge/m]) expect(body).not.toMatch(harm)
  })

  it('gives the plan back after an edit, without heading, footer and markers', () => {
    const body = `${planComment(row(), 'it is')}\n\n<!-- tutti:plan:1 -->`
    expect(rewrittenPlan(body.replace('Do it.', 'Do it well.'))).toMatch(/^Do it well\.[\s\S]*Confidence: 90 %$/)
    expect(rewrittenPlan('All new.')).toBe('All new.')
    expect(rewrittenPlan('<!-- nothing -->\n---\nleft')).toBe('')
  })

  it('says what was decided, and asks no longer', () => {
    const waits = row({ state: 'pending', decidedBy: null })
    expect(planComment(waits, 'it is large')).toMatch(
      /You are asked because it is large\. \*\*`\/approve` has it built/,
    )
    expect(planComment(row({ decidedBy: null }), undefined)).toContain(
      'Until an agent begins: `/reject` with the reason',
    )
    const footer = (more: Partial<PlanRow>) => planComment(row(more), undefined).split('\n---\n').at(-1)?.trim()
    expect(footer({})).toBe('**Approved** by ann.')
    expect(footer({ amendment: 'Keep @bob.' })).toBe(
      '**Approved** by ann.\n\nAdded, and it outranks the plan: Keep @<!-- -->bob.',
    )
    expect(footer({ state: 'rejected', why: 'Too large.' })).toBe('**Rejected** by ann. Too large.')
    expect(footer({ state: 'void', why: 'The text was changed.' })).toBe(
      '**This plan no longer counts.** The text was changed.',
    )
  })

  it("gives the building agent a person's text before the agent's, and the amendment last", () => {
    expect(planForAgent(row())).toContain('1. One\n2. Two')
    const both = planForAgent(row({ rewritten: 'Mine.', amendment: 'Also this.' }))
    expect(both).toBe('Mine.\n\n## Added by ann when they approved it; this outranks the plan\n\nAlso this.')
  })
})
