/** The ladder of retries against plain retries at the same cost, on simulated items. */

import { parseArgs } from 'node:util'
import { OperatorError } from '../src/lib/errors.ts'
import { type AttemptHistory, classify, countsAsAttempt, nextRetryStep } from '../src/runs/retry-policy.ts'
import { seeded } from '../src/scheduler/optimiser/random.ts'
import {
  accidents,
  attempt,
  costs,
  drawItem,
  type SimulatedItem,
  sameAgain,
  shares,
  success,
} from './lib/ladder-model.ts'

/** One line for the list of benchmarks. */
export const about = 'items merged without a person: the ladder of retries against plain retries at the same cost'

const USAGE = 'usage: npm run bench -- ladder [--items N] [--seed N] [--json]'

/** What became of all items. */
interface Result {
  /** Shares of the items. */
  merged: number
  escalated: number
  /** Attempts for each item, in units of one that reaches the gates. */
  cost: number
}

type Fate = { merged: boolean; cost: number }

/**
 * Sends the same items through the policy that serves (`nextRetryStep`, with its default settings) and through plain
 * retries: the same agent in the same tree, accidents waited out, until it works or a number of attempts is used up. That
 * number, a fraction where needed, is the one at which both cost the same. An item with a secret always needs a person.
 */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      items: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  })
  const [items, seed] = [Number(values.items), Number(values.seed)]
  if (!(items > 0) || !Number.isInteger(items) || !Number.isInteger(seed))
    throw new OperatorError('items and seed are whole numbers, items above 0', USAGE)
  const withKinds = simulate(items, seed, (item, random) => byLadder(item, random, ['second']))
  const alone = simulate(items, seed, (item, random) => byLadder(item, random, []))
  const report = {
    items,
    seed,
    ...{ shares, accidents, success, sameAgain, costs },
    'ladder, two kinds': compared(withKinds, items, seed),
    'ladder, one kind': compared(alone, items, seed),
  }
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : table(report))
}

function simulate(items: number, seed: number, fateOf: (item: SimulatedItem, random: () => number) => Fate): Result {
  const backlog = seeded(seed)
  let [merged, cost] = [0, 0]
  for (let at = 0; at < items; at++) {
    // Every item has random numbers of its own: both policies meet the same items.
    const fate = fateOf(drawItem(backlog), seeded(seed * 1_000_003 + at + 1))
    merged += fate.merged ? 1 : 0
    cost += fate.cost
  }
  return { merged: merged / items, escalated: 1 - merged / items, cost: cost / items }
}

function byLadder(item: SimulatedItem, random: () => number, others: readonly string[]): Fate {
  const settings = { retries: 3, retryDelayMs: 5_000, escalationThreshold: 10 }
  let history: AttemptHistory[] = []
  let agent = 'first'
  let total = 0
  for (;;) {
    const { outcome, cost } = attempt(item, random)
    total += cost
    const failure = classify(outcome)
    if (!failure) return { merged: true, cost: total }
    const signature = outcome === 'gates failed' ? item.signature : outcome
    history.push({ outcome, failureClass: failure, signature, countsAsAttempt: countsAsAttempt(failure), agent })
    const otherAgents = ['first', ...others].filter((kind) => kind !== agent)
    const mayReplan = item.plan === 0
    const step = nextRetryStep(failure, history, { ...settings, otherAgents, mayReplan }, new Date(0))
    if (step.kind === 'escalate' || step.kind === 'halt') return { merged: false, cost: total }
    if (step.kind === 'replan') {
      total += costs.planning
      history = []
      agent = 'first'
      item.plan++
    }
    if (step.kind === 'replan' || step.kind === 'fresh agent') item.spoilt = false
    if ('agent' in step && step.agent !== undefined) agent = step.agent
    item.kind = agent === 'first' ? 0 : 1
  }
}

/** @param attempts that may fail before a person is asked; 4.3 is 5 for three items in ten. */
function plainly(item: SimulatedItem, random: () => number, attempts: number): Fate {
  const allowed = Math.floor(attempts) + (random() < attempts % 1 ? 1 : 0)
  let [failed, total] = [0, 0]
  while (failed < allowed) {
    const { outcome, cost } = attempt(item, random)
    total += cost
    if (outcome === 'finished') return { merged: true, cost: total }
    if (outcome === 'secret in the change') break
    // As with the ladder: a lost machine and a limit are waited out.
    if (outcome !== 'runner lost' && outcome !== 'rate limited') failed++
  }
  return { merged: false, cost: total }
}

/** A result beside plain retries that cost the same. */
function compared(ladder: Result, items: number, seed: number) {
  let [low, high] = [1, 64]
  for (let round = 0; round < 16; round++) {
    const middle = (low + high) / 2
    if (simulate(items, seed, (item, random) => plainly(item, random, middle)).cost < ladder.cost) low = middle
    else high = middle
  }
  const plain = simulate(items, seed, (item, random) => plainly(item, random, low))
  return { ladder, plain: { ...plain, attempts: low }, fewerEscalations: plain.escalated / ladder.escalated }
}

function table(report: Record<string, unknown>): string {
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`.padStart(9)
  const row = (name: string, { merged, escalated, cost }: Result) =>
    `  ${name.padEnd(28)}${percent(merged)} merged${percent(escalated)} to a person  cost ${cost.toFixed(3)} an item`
  const parts = Object.entries(report).flatMap(([name, value]) => {
    if (!name.startsWith('ladder')) return []
    const { ladder, plain, fewerEscalations } = value as ReturnType<typeof compared>
    return [
      row(name, ladder),
      row(`plain, ${plain.attempts.toFixed(2)} attempts`, plain),
      `  ${fewerEscalations.toFixed(2)} times fewer escalations`,
    ]
  })
  const assumed = JSON.stringify({ shares, accidents, success, sameAgain, costs })
  return `${report.items} items, seed ${report.seed}; assumed: ${assumed}\n${parts.join('\n')}\n`
}
