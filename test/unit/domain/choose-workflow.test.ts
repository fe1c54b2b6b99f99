/** How goals are routed, and which of them are planned first: a table of titles, texts and labels. */

import { describe, expect, it } from 'vitest'
import { chooseWorkflow, type Goal, planFirst, routeWithPlan } from '../../../src/domain/choose-workflow.ts'

const goal = (title: string, more: Partial<Goal> = {}): Goal => ({ title, body: '', effort: null, ...more })
const list = (...lines: string[]) => lines.map((line) => `- ${line}`).join('\n')

describe('the workflow', () => {
  it.each<[string, Goal, string, number]>([
    ['a fixed error', goal('Fix the login error'), 'build_only', 0.85],
    ['a typo in a system', goal('Fix typo in the system prompt'), 'build_only', 0.85],
    ['to add and to fix', goal('Add the fix for the crash'), 'build_only', 0.7],
    ['something new', goal('Add dark mode'), 'plan_then_build', 0.75],
    ['what reaches far', goal('Add authentication with OAuth'), 'plan_then_build', 0.85],
    ['the same, called medium', goal('Add authentication with OAuth', { effort: 'M' }), 'plan_then_build', 0.75],
    ['a fix in it', goal('Fix the OAuth error'), 'build_only', 0.85],
    ['a new platform', goal('New platform for partners'), 'decompose_first', 0.8],
    ['a restructuring', goal('Restructure the parser'), 'plan_then_build', 0.75],
    ['a platform', goal('Build a notes platform'), 'decompose_first', 0.8],
    ['a very large project', goal('The billing project', { effort: 'XL' }), 'decompose_first', 0.75],
    ['a project only named', goal('Rename the project'), 'build_only', 0.5],
    ['a small system', goal('Create a badge system', { effort: 'S' }), 'build_only', 0.9],
    [
      'several requests',
      goal('Settings', { body: list('Add a theme', 'Remove the old one', 'Write docs') }),
      'multi_task',
      0.8,
    ],
    [
      'a list without requests',
      goal('Settings', { body: list('the theme', 'the font', 'the size') }),
      'build_only',
      0.5,
    ],
    [
      'requests in code',
      goal('Settings', { body: ['```', list('Add a', 'Add b', 'Add c'), '```'].join('\n') }),
      'build_only',
      0.5,
    ],
    [
      'requests in a quote',
      goal('Settings', { body: ['> - Add a', '> - Add b', '> - Add c'].join('\n') }),
      'build_only',
      0.5,
    ],
    ['a large effort', goal('Move to the new API', { effort: 'L' }), 'plan_then_build', 0.9],
    ['a plan that exists', goal('Build a platform', { planned: true }), 'build_only', 0.95],
    ['words inside words', goal('Prefix the address'), 'build_only', 0.5],
  ])('of %s', (_, of, workflow, confidence) => {
    const routing = chooseWorkflow(of)
    expect(routing).toMatchObject({ workflow, mode: 'implicit' })
    expect(routing.confidence).toBeCloseTo(confidence)
    expect(routing.signals.length).toBeGreaterThan(0)
  })
})

describe('planned first', () => {
  const long = `${list('one', 'two', 'three', 'four', 'five')}\n${'word '.repeat(500)}`
  it.each<[string, Goal, 'auto' | 'always' | 'never', string | undefined]>([
    ['a small change', goal('Add dark mode'), 'auto', undefined],
    [
      'what reaches far',
      goal('Add authentication with OAuth'),
      'auto',
      'the title says “add”, the title says “authentication”',
    ],
    ['the same, never', goal('Add authentication with OAuth'), 'never', undefined],
    ['a new platform', goal('New platform for partners'), 'auto', 'the title says “new”, the title says “platform”'],
    ['the same, always', goal('Add dark mode'), 'always', 'the settings have everything planned first'],
    ['a large effort', goal('Add dark mode', { effort: 'L' }), 'auto', 'its effort is labelled L'],
    ['a large effort, never', goal('Add dark mode', { effort: 'XL' }), 'never', undefined],
    ['a platform', goal('Build a platform'), 'auto', 'the title says “build”, the title says “platform”'],
    ['a long text with many points', goal('Dark mode', { body: long }), 'auto', 'the text is long and has many points'],
    ['a long text without', goal('Dark mode', { body: 'word '.repeat(500) }), 'auto', undefined],
    ['a plan that exists', goal('Add dark mode', { effort: 'L', planned: true }), 'always', undefined],
  ])('%s', (_, of, when, why) => {
    expect(planFirst(chooseWorkflow(of), of, when)).toBe(why)
  })

  it('any goal that a person wants a plan for', () => {
    const of = goal('Fix a typo')
    expect(planFirst(routeWithPlan(of, 'ann'), of, 'never')).toBe('ann asked for a plan')
    expect(routeWithPlan(of, 'ann').workflow).toBe('plan_then_build')
  })
})
