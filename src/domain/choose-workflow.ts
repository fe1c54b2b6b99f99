/**
 * How a goal is worked on: built at once, planned first, or taken apart. Pure, and on this shelf because two rooms
 * ask it: the backlog when an issue is queued, and the commands when a person asks what would happen.
 */

import type { Settings } from '../config/settings.ts'

/** How a goal is worked on, and how sure we are of it. */
export interface Routing {
  workflow: 'build_only' | 'plan_then_build' | 'decompose_first' | 'multi_task'
  /** 0 to 1. */
  confidence: number
  /** The words and facts that decided it, for people. */
  signals: string[]
  /** `explicit`: a person wants to see how before anything happens. */
  mode: 'implicit' | 'explicit'
  /** Somebody asked for a plan: it is made whatever the words say. */
  asked?: boolean
}

/** What is known of a goal. */
export interface Goal {
  title: string
  body: string
  effort: 'S' | 'M' | 'L' | 'XL' | null
  /** An approved plan for exactly this text. */
  planned?: boolean
}

const mending = /\b(fix(?:e[sd])?|bugs?|errors?|typos?|crash(?:es)?|broken|regressions?)\b/i
const making = /\b(add|create|implement|refactor|restructure|build|design|develop|introduce|rewrite)\b/i
const large = /\b(projects?|systems?|platforms?)\b/i
/** A line of a list that asks for something to be made or mended. */
const wish =
  /^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ x]\]\s+)?(?:add|build|create|design|develop|fix|implement|introduce|make|migrate|port|refactor|remove|replace|restructure|rewrite|support|write)\b/i
const listed = /^\s*(?:[-*+]|\d+[.)])\s+\S/
/** As many wishes as make several items of an issue; two are often one change and its test. */
const several = 3
/** A text this long, in characters, with this many points in it is more than anybody keeps in mind. */
const longText = { characters: 2_000, points: 5 }
/** Less sure than this, a word alone does not take an issue apart. */
const sureEnough = 0.7

/**
 * Reads the signals in a goal's words. What a person has said (a label for the effort, an approved plan) outranks words.
 * Code and quotes in the text are not read.
 */
export function chooseWorkflow(goal: Goal): Routing {
  const lines = plainLines(goal.body)
  const wishes = lines.filter((line) => wish.test(line)).length
  const [fix, verb, scope] = [mending, making, large].map((words) => words.exec(goal.title)?.[0])
  const said = (word: string | undefined) => `the title says “${word?.toLowerCase()}”`
  const result = (workflow: Routing['workflow'], confidence: number, ...signals: string[]): Routing => ({
    workflow,
    confidence,
    signals,
    mode: 'implicit',
  })
  if (goal.planned) return result('build_only', 0.95, 'there is an approved plan')
  if (goal.effort === 'S') return result('build_only', 0.9, 'its effort is labelled S')
  if (wishes >= several && goal.effort !== 'M')
    return result('multi_task', Math.min(0.95, 0.65 + 0.05 * wishes), `the text asks for ${wishes} things`)
  if (scope && !fix && goal.effort !== 'M') {
    if (verb) return result('decompose_first', 0.8, said(verb), said(scope))
    if (goal.effort === 'XL') return result('decompose_first', 0.75, said(scope), 'its effort is labelled XL')
  }
  if (goal.effort === 'L' || goal.effort === 'XL')
    return result('plan_then_build', 0.9, `its effort is labelled ${goal.effort}`)
  if (fix) return result('build_only', verb ? 0.7 : 0.85, said(fix))
  if (verb) return result('plan_then_build', scope ? 0.6 : 0.75, said(verb))
  return result('build_only', 0.5, 'nothing in it says that it is large')
}

/**
 * Why an agent plans a goal before it is built; undefined when it is built at once. With `auto` only what is large, long
 * or made of several things is planned: for a small change the plan would cost more than it saves.
 */
export function planFirst(routing: Routing, goal: Goal, when: Settings['planning']['when']): string | undefined {
  if (routing.asked) return routing.signals.join(', ') || 'somebody asked for a plan'
  if (goal.planned || when === 'never') return undefined
  const signals = routing.signals.join(', ')
  if (goal.effort === 'L' || goal.effort === 'XL') return signals
  if (needsBreakdown(routing) && routing.confidence >= sureEnough) return signals
  if (isLong(goal)) return 'the text is long and has many points'
  return when === 'always' ? 'the settings have everything planned first' : undefined
}

/** The routing of a goal that somebody wants a plan of. */
export function askedItems(goal: Goal, login: string): Routing {
  const routing = chooseWorkflow(goal)
  const workflow = routing.workflow === 'build_only' ? 'plan_then_build' : routing.workflow
  return { ...routing, workflow, asked: true, signals: [`${login} asked for a plan`] }
}

/** Whether the goal is to become several items, instead of being planned as one. */
export function needsBreakdown(routing: Pick<Routing, 'workflow'> | null): boolean {
  return routing?.workflow === 'decompose_first' || routing?.workflow === 'multi_task'
}

function isLong(goal: Goal): boolean {
  const lines = plainLines(goal.body)
  const points = lines.filter((line) => listed.test(line)).length
  return lines.join('\n').length >= longText.characters && points >= longText.points
}

function plainLines(body: string): string[] {
  let fence: string | undefined
  return body.split(/\r?\n/).filter((line) => {
    const mark = /^\s{0,3}(`{3,}|~{3,})/.exec(line)?.[1]
    if (fence !== undefined) {
      if (mark?.startsWith(fence)) fence = undefined
      return false
    }
    fence = mark
    return mark === undefined && !/^\s{0,3}>/.test(line)
  })
}
