/**
 * How a goal is worked on: built at once, planned first, or split into several items. Pure: triage uses it when an
 * issue is queued, and commands use it when a person asks what would happen.
 */

import type { Settings } from '../config/settings.ts'
import type { ItemState } from '../lib/item-state.ts'

/** How a goal is worked on, and how certain that is. */
export interface Routing {
  workflow: 'build_only' | 'plan_then_build' | 'decompose_first' | 'multi_task'
  /** 0 to 1. */
  confidence: number
  /** The words and facts behind the decision, for people. */
  signals: string[]
  /** `explicit`: a person wants to see the workflow before work starts. */
  mode: 'implicit' | 'explicit'
  /** A person asked for a plan: it is made in any case. */
  asked?: boolean
}

/** The facts about a goal that decide its workflow. */
export interface Goal {
  title: string
  body: string
  effort: 'S' | 'M' | 'L' | 'XL' | null
  /** An approved plan for exactly this text. */
  planned?: boolean
}

const fixing = /\b(fix(?:e[sd])?|bugs?|errors?|typos?|crash(?:es)?|broken|regressions?)\b/i
const building = /\b(add|create|implement|refactor|restructure|build|design|develop|introduce|rewrite)\b/i
const large = /\b(projects?|systems?|platforms?)\b/i
/** A title that begins like this asks for something that is not there yet. */
const novelty = /^\s*(?:an?\s+)?new\b/i
/** Work on these touches many places, and is hard to take back: it is planned, whatever its text looks like. */
const wide =
  /\b(authentication|authori[sz]ation|oauth|sso|single sign-on|permissions?|billing|payments?|database|multi-tenan\w+|i18n|internationali[sz]ation|encryption|architecture)\b/i
/** A line of a list that asks for a change. */
const requestLine =
  /^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ x]\]\s+)?(?:add|build|create|design|develop|fix|implement|introduce|make|migrate|port|refactor|remove|replace|restructure|rewrite|support|write)\b/i
const listLine = /^\s*(?:[-*+]|\d+[.)])\s+\S/
/** An issue with this many requests becomes several items. Two requests are often one change and its test. */
const minRequests = 3
/** A text with this many characters and list lines is too much to keep in mind. */
const longText = { characters: 2_000, points: 5 }
/** Below this confidence, a word in the title is not enough to split an issue into several items. */
const minConfidence = 0.7
/** From this confidence on, what is to be planned is planned; below, a small change is built at once. */
const surelyPlanned = 0.8

/**
 * Reads the signals in the text of a goal. Decisions of a person (a label for the effort, an approved plan) outrank the
 * text. Code and quotes in the text are ignored.
 */
export function chooseWorkflow(goal: Goal): Routing {
  const { requests, fix, verb, scope, reach } = signalsIn(goal)
  const titleContains = (word: string | undefined) => `the title says “${word?.toLowerCase()}”`
  const result = (workflow: Routing['workflow'], confidence: number, ...signals: string[]): Routing => ({
    workflow,
    confidence,
    signals,
    mode: 'implicit',
  })
  if (goal.planned) return result('build_only', 0.95, 'there is an approved plan')
  if (goal.effort === 'S') return result('build_only', 0.9, 'its effort is labelled S')
  if (requests >= minRequests && goal.effort !== 'M')
    return result('multi_task', Math.min(0.95, 0.65 + 0.05 * requests), `the text asks for ${requests} things`)
  if (scope && !fix && goal.effort !== 'M') {
    if (verb) return result('decompose_first', 0.8, titleContains(verb), titleContains(scope))
    if (goal.effort === 'XL') return result('decompose_first', 0.75, titleContains(scope), 'its effort is labelled XL')
  }
  if (goal.effort === 'L' || goal.effort === 'XL')
    return result('plan_then_build', 0.9, `its effort is labelled ${goal.effort}`)
  if (fix) return result('build_only', verb ? 0.7 : 0.85, titleContains(fix))
  if (verb && reach) return result('plan_then_build', 0.85, titleContains(verb), titleContains(reach))
  if (verb) return result('plan_then_build', scope ? 0.6 : 0.75, titleContains(verb))
  return result('build_only', 0.5, 'nothing in it says that it is large')
}

interface Signals {
  /** Lines of the text that ask for a change. */
  requests: number
  /** The words of the title: something is mended, something is done, a whole system, something that reaches far. */
  fix: string | undefined
  verb: string | undefined
  scope: string | undefined
  reach: string | undefined
}

function signalsIn({ title, body, effort }: Goal): Signals {
  const [fix, does, begins, scope, far] = [fixing, building, novelty, large, wide].map(
    (pattern) => pattern.exec(title)?.[0],
  )
  const requests = plainLines(body).filter((line) => requestLine.test(line)).length
  return { requests, fix, verb: does ?? begins?.trim(), scope, reach: fix || effort === 'M' ? undefined : far }
}

/**
 * Why an agent plans a goal before it is built; undefined when it is built at once. With `auto` only a large goal, a
 * long one or one with several requests is planned: for a small change the plan would cost more than it saves.
 */
export function planFirst(routing: Routing, goal: Goal, when: Settings['planning']['when']): string | undefined {
  if (routing.asked) return routing.signals.join(', ') || 'a person asked for a plan'
  if (goal.planned || when === 'never') return undefined
  const signals = routing.signals.join(', ')
  if (goal.effort === 'L' || goal.effort === 'XL') return signals
  if (needsBreakdown(routing) && routing.confidence >= minConfidence) return signals
  // It was called small since its text was read.
  const sure = routing.confidence >= surelyPlanned && goal.effort !== 'S'
  if (routing.workflow === 'plan_then_build' && sure) return signals
  if (isLong(goal)) return 'the text is long and has many points'
  return when === 'always' ? 'the settings have everything planned first' : undefined
}

/** The routing of a goal that a person wants a plan for. */
export function routeWithPlan(goal: Goal, login: string): Routing {
  const routing = chooseWorkflow(goal)
  const workflow = routing.workflow === 'build_only' ? 'plan_then_build' : routing.workflow
  return { ...routing, workflow, asked: true, signals: [`${login} asked for a plan`] }
}

/** Whether a person has been shown how an item would be worked on, and must still decide if it is. */
export function waitsForGo(item: { state: ItemState; routing: Pick<Routing, 'mode'> | null }): boolean {
  return item.state === 'plan-review' && item.routing?.mode === 'explicit'
}

/** Whether the goal becomes several items and is not planned as one. */
export function needsBreakdown(routing: Pick<Routing, 'workflow'> | null): boolean {
  return routing?.workflow === 'decompose_first' || routing?.workflow === 'multi_task'
}

function isLong(goal: Goal): boolean {
  const lines = plainLines(goal.body)
  const points = lines.filter((line) => listLine.test(line)).length
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
