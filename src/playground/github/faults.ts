/**
 * What goes wrong on purpose. Rules are tried in the order they were made; the first that fires decides.
 * Without rules nothing goes wrong.
 */

/** How a webhook is mistreated. */
export type DeliveryFault =
  /** Never arrives; recorded as failed, so the deliveries API knows it. */
  | { kind: 'drop' }
  /** Never arrives and is never recorded. */
  | { kind: 'lose' }
  /** Arrives `copies` more times (1 without it) with the same id. */
  | { kind: 'duplicate'; copies?: number }
  /** Arrives twice, the second time under a new id. */
  | { kind: 'new-guid' }
  /** Waits until the rule's `release()`. */
  | { kind: 'delay' }
  /** Holds `count` deliveries, then sends them last one first. */
  | { kind: 'reorder'; count: number }

/** How an API request is mistreated. */
export type ApiFault =
  /** Answered with this status and nothing is applied. */
  | { kind: 'status'; status: number; body?: 'json' | 'empty' | 'html' | 'truncated'; headers?: Record<string, string> }
  /** The connection is cut before anything is applied. */
  | { kind: 'reset' }
  /** Applied, then the connection is cut before the answer. */
  | { kind: 'apply-then-drop' }
  /** Applied, then silence: the answer comes when the rule is removed. */
  | { kind: 'apply-then-hang' }
  /** Secondary rate limit; `retryAfter` in seconds, left out of the answer without it. */
  | { kind: 'secondary-limit'; status?: 403 | 429; retryAfter?: number }
  /** Primary rate limit used up until `resetAt` by the playground's clock; the rule ends then. */
  | { kind: 'primary-limit'; resetAt: Date; status?: 403 | 429 }
  /** The answer is late. */
  | { kind: 'latency'; ms: number }
  /** A read is answered as the same address was answered the last time: a replica that lags behind. */
  | { kind: 'stale' }
  /** The token is not accepted. */
  | { kind: 'unauthorized' }

/** Which deliveries a rule is for; everything that is given must fit. */
export interface DeliveryMatch {
  event?: string
  action?: string
  match?: (delivery: {
    event: string
    action: string | null
    guid: string
    payload: Record<string, unknown>
  }) => boolean
}

/** Which requests a rule is for; everything that is given must fit. */
export interface ApiMatch {
  /** `'POST /repos/{owner}/{repo}/pulls'`, exactly as in `calls`. Git's routes must be named to be hit. */
  route?: string | RegExp
  method?: string
  match?: (request: { route: string; method: string; path: string }) => boolean
}

/** When a rule fires, counted in the cases that fit. */
export interface Occurrence {
  /** Only on this one, from 1. */
  nth?: number
  /** At most so often. Without `nth` and `times`: always. */
  times?: number
}

/** A rule in force. */
export interface Rule {
  /** How often it fired. */
  readonly fired: number
  /** How many cases fitted, fired or not. */
  readonly seen: number
  /** Lets held deliveries and hanging answers go; the rule stays. */
  release(): void
  /** Ends the rule, and releases. */
  remove(): void
}

export interface Faults {
  deliveries(rule: DeliveryMatch & Occurrence & { fault: DeliveryFault }): Rule
  api(rule: ApiMatch & Occurrence & { fault: ApiFault }): Rule
  /** Ends every rule. */
  clear(): void
}

/** A rule as the server and the webhook sender use it. */
export interface ActiveRule<Match, Fault> extends Rule {
  match: Match
  fault: Fault
  held: (() => void)[]
  /** Counts the case and says whether the rule fires on it. */
  take(): boolean
}

export interface FaultBook extends Faults {
  deliveryRules: ActiveRule<DeliveryMatch, DeliveryFault>[]
  apiRules: ActiveRule<ApiMatch, ApiFault>[]
}

export function createFaults(): FaultBook {
  const deliveryRules: ActiveRule<DeliveryMatch, DeliveryFault>[] = []
  const apiRules: ActiveRule<ApiMatch, ApiFault>[] = []
  return {
    deliveryRules,
    apiRules,
    deliveries: (rule) => addRule(deliveryRules, rule),
    api: (rule) => addRule(apiRules, rule),
    clear() {
      for (const rule of [...deliveryRules, ...apiRules]) rule.remove()
    },
  }
}

function addRule<Match, Fault>(
  rules: ActiveRule<Match, Fault>[],
  given: Match & Occurrence & { fault: Fault },
): ActiveRule<Match, Fault> {
  let fired = 0
  let seen = 0
  const rule: ActiveRule<Match, Fault> = {
    match: given,
    fault: given.fault,
    held: [],
    get fired() {
      return fired
    },
    get seen() {
      return seen
    },
    take() {
      seen += 1
      if (given.nth !== undefined && seen !== given.nth) return false
      if (given.times !== undefined && fired >= given.times) return false
      fired += 1
      return true
    },
    release() {
      for (const go of rule.held.splice(0)) go()
    },
    remove() {
      const at = rules.indexOf(rule)
      if (at >= 0) rules.splice(at, 1)
      rule.release()
    },
  }
  rules.push(rule)
  return rule
}

/** The first delivery rule that fits and fires. */
export function deliveryFault(
  faults: FaultBook,
  delivery: { event: string; action: string | null; guid: string; payload: Record<string, unknown> },
): ActiveRule<DeliveryMatch, DeliveryFault> | undefined {
  return faults.deliveryRules.find(({ match, take }) => {
    if (match.event !== undefined && match.event !== delivery.event) return false
    if (match.action !== undefined && match.action !== delivery.action) return false
    return (match.match?.(delivery) ?? true) && take()
  })
}

/** The first API rule that fits and fires. A primary limit whose reset has come is removed. */
export function apiFault(
  faults: FaultBook,
  request: { route: string; method: string; path: string; git: boolean },
  now: Date,
): ActiveRule<ApiMatch, ApiFault> | undefined {
  for (const rule of [...faults.apiRules])
    if (rule.fault.kind === 'primary-limit' && rule.fault.resetAt <= now) rule.remove()
  return faults.apiRules.find(({ match, take }) => {
    if (request.git && match.route === undefined) return false
    if (match.method !== undefined && match.method !== request.method) return false
    if (typeof match.route === 'string' && match.route !== request.route) return false
    if (match.route instanceof RegExp && !match.route.test(request.route)) return false
    return (match.match?.(request) ?? true) && take()
  })
}
