/** A decision of the scheduler as sentences, for `/why` and the status comment. Markdown that mentions no person. */
import type { ItemState } from '../lib/item-state.ts'
import { money } from '../lib/money.ts'
import type { Decision, ItemRef, Overlap, Reason } from '../scheduler/decision.ts'
import type { Edge, EdgeSource, PlainSource } from '../scheduler/types.ts'

const sourceNames: Readonly<Record<PlainSource, string>> = {
  native: "GitHub's “blocked by”",
  'sub-issue': 'a sub-issue',
  body: 'a line in the issue',
  'task-list': 'a task list',
  roadmap: 'the roadmap',
  plan: 'the plan',
  command: '`/depends`',
  order: 'its line in the roadmap',
  pace: 'how its roadmap is worked on',
  member: 'who it was given to',
  runner: 'what its runner must have',
}

/** What the rank of the item consists of. */
export function rankSentence({ leverage }: Decision): string {
  return `Its leverage is ${round(leverage.value)}: ${unlockText(leverage.unlocks)}, ${round(leverage.path)} weighted hours along the longest remaining path, ${hours(leverage.effort)} of its own.`
}

/** How an item stands, after "is". */
const stateWords: Readonly<Record<ItemState, string>> = {
  ...{ queued: 'queued', planning: 'being planned', ready: 'waiting for an agent', running: 'being worked on' },
  ...{ asking: 'waiting for an answer', 'plan-review': 'waiting for its plan to be approved' },
  ...{ checking: 'being checked', reviewing: 'in review', approved: 'approved', merging: 'being merged', done: 'done' },
  ...{ paused: 'paused', held: 'held until a person decides', skipped: 'skipped', cancelled: 'cancelled' },
}

/** Each reason by itself: a part of a sentence, without a stop. */
export function reasonList({ item, reasons }: Decision): string[] {
  return reasons.map((reason) => reasonText(reason, item))
}

/** The explanation without the leverage: it changes only when the reasons change. */
export function reasonsText({ item, action, reasons }: Decision): string {
  const words = reasons.map((reason) => reasonText(reason, item))
  if (action === 'start') return `${name(item, item)} starts now: ${words.join('; ')}.`
  if (words.length === 0) return `${name(item, item)} waits for the next round.`
  if (words.length === 1) return `${name(item, item)} waits: ${words[0]}.`
  return [`${name(item, item)} waits:`, '', ...words.map((one) => `- ${one}`)].join('\n')
}

function reasonText(reason: Reason, item: ItemRef): string {
  switch (reason.kind) {
    case 'chosen':
      return chosenTexts[reason.by]
    case 'state':
      return `it is ${stateWords[reason.state]}`
    case 'blocked':
      return dependsOn(name(reason.by, item), reason, item)
    case 'blocked-outside':
      if (reason.sources.includes('pace'))
        return `its roadmap ${from(reason.reference, item)} has it wait for its turn (\`/roadmap\` says how its parts are worked on)`
      if (reason.sources.includes('member'))
        return `the agent that it was given to with \`/reassign\` is at work on ${from(reason.reference, item)}`
      if (reason.sources.includes('runner')) return runnerText(reason.reference)
      return reason.state === 'unknown'
        ? dependsOn(code(from(reason.reference, item)), reason, item)
        : dependsOn(from(reason.reference, item), reason, item)
    case 'cycle':
      return cycleText(reason, item)
    case 'conflict':
      return `${name(reason.with, item)} ${stageTexts[reason.stage]} and touches the same files (${onceEach(reason.overlaps).map(overlapText).join(', ')})`
    case 'unknown-footprint':
      return `it is not known yet which files it or ${reason.with ? name(reason.with, item) : 'another item'} touches, and such items run alone`
    case 'paused':
      return reason.because ? `${reason.repository} is paused: ${reason.because}` : `${reason.repository} is paused`
    case 'cap':
      return capText(reason)
    case 'memory':
      return `an agent needs ${bytes(reason.needed)} of memory and ${bytes(reason.available)} are free for it`
    case 'budget':
      return budgetText(reason)
    case 'outranked':
      return `${list(reason.by.map((one, at) => `${name(one, item)} (${round(reason.leverage[at] ?? 0)})`))} come${reason.by.length === 1 ? 's' : ''} first`
    case 'turn':
      return `it was the turn of ${reason.repository}, which had fewer agents or hours`
    case 'sent-back':
      return 'its pull request was sent back, so it goes before new work once it can start'
    case 'reserved':
      return `the plan keeps its files or its agent for ${list(reason.for.map((one) => name(one, item)))}, expected to start in ${hours(reason.hours)}`
  }
}

/** @param wanted labels, as `gpu, linux`; '' where the item asks for none. */
function runnerText(wanted: string): string {
  return wanted === ''
    ? 'it asks for no `runner:` label, and every runner that is up is kept for issues that do'
    : `it asks for a runner with ${wanted.split(', ').map(code).join(' and ')}, and none that is up has that`
}

const stageTexts = {
  starting: 'starts first',
  running: 'is being worked on',
  review: 'is in review',
} as const

const chosenTexts = {
  review: 'its pull request was sent back, which goes before new work',
  plan: 'it is the next in the plan',
  leverage: 'finishing it frees the most work',
  fairness: "it is its repository's turn",
} as const

function cycleText(reason: Extract<Reason, { kind: 'cycle' }>, item: ItemRef): string {
  const steps = reason.edges.map((edge, at) => {
    const [from, to] = [reason.items[at], reason.items[(at + 1) % reason.items.length]]
    return from && to ? `${name(from, item)} waits for ${name(to, item)} (${sourceOf(edge, from)})` : ''
  })
  return `it waits for itself in a circle: ${steps.join(', ')}. Remove one of these to go on`
}

function capText(reason: Extract<Reason, { kind: 'cap' }>): string {
  const agents = `${reason.limit} agent${reason.limit === 1 ? '' : 's'}`
  const busy = `${reason.limit} of ${reason.limit} busy`
  if (reason.scope === 'total' && reason.limit === 0) return 'no process that runs agents is up'
  if (reason.scope === 'total') return `no agent is free (${busy})`
  if (reason.scope === 'agent-kind') return `no agent of the kind ${code(reason.name)} is free (${busy})`
  if (reason.scope === 'singleton')
    return `one agent of the kind ${code(reason.name)} may be at work here (${code(`agents.${reason.name}.singleton`)}), and it is busy`
  if (reason.scope === 'repository') return `${reason.name} has no free agent (${busy})`
  return `${reason.name} works in the mode ${code(reason.scope)}, at most ${agents} at once`
}

type BudgetReason = Extract<Reason, { kind: 'budget' }>

/** Why an item is held: a sentence. */
export function budgetOfItem(reason: BudgetReason): string {
  return `A person is needed: ${itemBudgetText(reason)}. Raise the limit, then say \`/retry\`; \`/unqueue\` gives the issue up.`
}

function itemBudgetText({ needed, left, limit = 0, currency }: BudgetReason): string {
  const expected = needed > 0 ? ` and another one is expected to cost ${money(needed, currency)}` : ''
  return `the runs of this issue may cost ${money(limit, currency)} together (\`limits.spendPerItem\`); ${money(left, currency)} of it is left${expected}`
}

const budgetSettings = {
  money: { total: 'MAX_SPEND_PER_DAY', repository: 'limits.spendPerDay' },
  tokens: { total: 'MAX_TOKENS_PER_DAY', repository: 'limits.tokensPerDay' },
} as const

function budgetText(reason: BudgetReason): string {
  const { scope, unit, needed, left, limit, currency } = reason
  if (scope === 'item') return itemBudgetText(reason)
  const amount = (value: number) =>
    unit === 'tokens' ? `${value.toLocaleString('en-US')} tokens` : money(value, currency)
  const takes = unit === 'tokens' ? 'use' : 'cost'
  const whose = scope === 'total' ? 'the budget of all repositories' : "the repository's budget"
  const setting = code(budgetSettings[unit ?? 'money'][scope])
  const whole = limit === undefined ? setting : `${setting}, ${amount(limit)}`
  if (limit !== undefined && needed > limit)
    return `a run is expected to ${takes} ${amount(needed)}, more than ${whose} for a whole day (${whole}); it starts when that is raised`
  const expected = needed > 0 ? ` and a run is expected to ${takes} ${amount(needed)}` : ''
  return `${whose} for a day (${whole}) has ${amount(left)} left${expected}; it is full again at midnight UTC`
}

/** One pair for each pattern of the item: when two folders overlap, their files need not be named as well. */
function onceEach(overlaps: readonly Overlap[]): Overlap[] {
  const seen = new Map(overlaps.toReversed().map((one) => [one.mine, one]))
  return overlaps.filter((one) => seen.get(one.mine) === one)
}

function overlapText({ mine, theirs }: Overlap): string {
  return mine === theirs ? code(mine) : `${code(mine)} and ${code(theirs)}`
}

/** `#7`, or `owner/repo#7` when it is in another repository. */
function name(ref: ItemRef, seenFrom: ItemRef): string {
  return ref.repository === seenFrom.repository ? `#${ref.number}` : `${ref.repository}#${ref.number}`
}

/** An issue without an item: `owner/repo#7` in any case, or `#7` when it is in the same repository. */
function from(reference: string, seenFrom: ItemRef): string {
  const [repository = '', number = ''] = reference.split('#')
  return repository.toLowerCase() === seenFrom.repository.toLowerCase() ? `#${number}` : reference
}

/** A dependency of the item itself goes before one of an epic above it. */
function dependsOn(
  what: string,
  { state, sources }: { state: string; sources: readonly EdgeSource[] },
  item: ItemRef,
): string {
  const read = sources.map(readSource)
  const own = read.filter(({ epic }) => epic === undefined)
  const epics = [...new Set(read.flatMap(({ epic }) => (epic === undefined ? [] : [from(epic, item)])))]
  const named = own.length > 0 ? own : read
  const many = epics.length > 1 ? 'depend' : 'depends'
  const subject = own.length > 0 ? 'it depends' : `${list(epics)}, which it is a part of, ${many}`
  const status = state === 'unknown' ? 'cannot be read from here' : `is ${stateWords[state as ItemState] ?? state}`
  return `${subject} on ${what}, which ${status} (from ${list([...new Set(named.map(({ words }) => words))])})`
}

function sourceOf({ source }: Edge, item: ItemRef): string {
  const { epic, words } = readSource(source)
  return epic === undefined ? `from ${words}` : `from ${words} of ${from(epic, item)}, which it is a part of`
}

function readSource(source: EdgeSource): { epic: string | undefined; words: string } {
  const [, epic, plain] = /^epic:(.*):([^:]*)$/.exec(source) ?? [undefined, undefined, source]
  return { epic, words: sourceNames[plain as PlainSource] }
}

function unlockText(unlocks: number): string {
  if (unlocks === 0) return 'nothing waits for it'
  return unlocks === 1 ? '1 item waits for it' : `${unlocks} items wait for it`
}

function list(words: readonly string[]): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/** Text from outside, kept from becoming markup. */
function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replace(/\p{Cc}/gu, ' ')}\``
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)))
}

function hours(value: number): string {
  return value === 1 ? '1 hour' : `${round(value)} hours`
}

function bytes(value: number): string {
  return value >= 2 ** 30 ? `${round(value / 2 ** 30)} GiB` : `${round(value / 2 ** 20)} MiB`
}
