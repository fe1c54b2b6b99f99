/**
 * What an agent is given to read, under a budget. Each part belongs to a pool with a limit of its own, so that a long log
 * cannot push out the plan, nor old learnings the task. When a pool or the whole is critical, four tiers make room, the
 * least harmful first; what is still too long is cut, and the text says so. The rules and the task are never cut.
 */

import { firstCharacters, lastCharacters } from '../lib/sanitise-text.ts'

export type ContextPool = 'reserved' | 'learnings' | 'backlog' | 'plans' | 'docs' | 'working'

/** The limits of the pools, in tokens; together 150,000: what the models in use take without losing sight of the beginning. */
export const contextPools: Readonly<Record<ContextPool, number>> = {
  reserved: 30_000,
  learnings: 20_000,
  backlog: 15_000,
  plans: 30_000,
  docs: 25_000,
  working: 30_000,
}

/** One thing to read, such as one learning, one document, one step of a plan. */
export interface ContextEntry {
  text: string
  /** Days since it was written; 0 where it has no age. */
  ageDays?: number
  /** A document that what is worked on does not name. */
  unused?: boolean
  /** A plan, or a step of one, that is done. */
  finished?: boolean
}

/** A section of what an agent reads. */
export interface ContextPart {
  pool: ContextPool
  /** Without `#`; '' for text without a heading. */
  heading: string
  /** What Tutti says about the entries, before them. */
  lead?: string
  entries: readonly ContextEntry[]
  /** Written by people, programs or agents: it is fenced, so that it cannot be taken for rules. */
  untrusted?: boolean
}

export type Pressure = 'normal' | 'warning' | 'critical'
export type ContextTier =
  | 'summarise-learnings'
  | 'archive-learnings'
  | 'drop-unused-docs'
  | 'prune-finished-plans'
  | 'cut'

export interface PoolUse {
  /** Tokens. */
  used: number
  soft: number
  pressure: Pressure
}

export interface AssembledContext {
  text: string
  pools: Record<ContextPool, PoolUse>
  total: PoolUse
  /** What was done to make room, in this order. */
  tiers: ContextTier[]
}

const totalTokens = Object.values(contextPools).reduce((sum, tokens) => sum + tokens, 0)
const poolNames = Object.keys(contextPools) as ContextPool[]
/** Shares of a limit at which a pool is under pressure. */
const [warningShare, criticalShare] = [0.8, 0.95]
/** The rule of thumb of model providers for English text and code (https://platform.openai.com/tokenizer). */
const charactersPerToken = 4
/** Learnings older than these are summarised, and left out, when there is no room. */
const [oldDays, veryOldDays] = [7, 30]
const summaryCharacters = 160

/** The tokens of a text, estimated. */
export function tokensOf(text: string): number {
  return Math.ceil(text.length / charactersPerToken)
}

/** How near a pool is to its limit. @param used @param soft tokens */
export function pressureOf(used: number, soft: number): Pressure {
  if (used >= soft * criticalShare) return 'critical'
  return used >= soft * warningShare ? 'warning' : 'normal'
}

/**
 * Puts the parts together in their order. Parts without entries are left out.
 * @param nonce marks where untrusted text begins and ends; whoever writes such text must not know it.
 */
export function assembleContext(parts: readonly ContextPart[], nonce: string): AssembledContext {
  let fitted = parts
  const tiers: ContextTier[] = []
  for (const [tier, pool, shorten] of optimisations) {
    if (!isCritical(fitted, pool)) continue
    const shorter = fitted.map((part) => (part.pool === pool ? { ...part, entries: shorten(part.entries) } : part))
    if (measured(shorter, pool) < measured(fitted, pool)) tiers.push(tier)
    fitted = shorter
  }
  const cut = poolNames.filter((pool) => pool !== 'reserved').reduce(cutPool, fitted)
  if (cut !== fitted) tiers.push('cut')
  return {
    text: cut
      .map((part) => render(part, nonce))
      .filter(Boolean)
      .join('\n\n'),
    ...usage(cut),
    tiers,
  }
}

/** The four tiers, the least harmful first. */
const optimisations: readonly [ContextTier, ContextPool, (entries: readonly ContextEntry[]) => ContextEntry[]][] = [
  ['summarise-learnings', 'learnings', (entries) => entries.map((entry) => (isOld(entry) ? summarised(entry) : entry))],
  ['archive-learnings', 'learnings', (entries) => entries.filter(({ ageDays = 0 }) => ageDays <= veryOldDays)],
  ['drop-unused-docs', 'docs', (entries) => entries.filter(({ unused }) => !unused)],
  ['prune-finished-plans', 'plans', (entries) => entries.filter(({ finished }) => !finished)],
]

function isOld({ ageDays = 0 }: ContextEntry): boolean {
  return ageDays > oldDays
}

/** The first sentence, or as much of it as fits. */
function summarised(entry: ContextEntry): ContextEntry {
  const [sentence = ''] = entry.text.split(/(?<=[.!?])\s|\n/, 1)
  return { ...entry, text: cutText(sentence, summaryCharacters) }
}

function measured(parts: readonly ContextPart[], pool: ContextPool): number {
  const own = parts.filter((part) => part.pool === pool)
  return own.reduce((sum, part) => sum + tokensOf(body(part)), 0)
}

function usage(parts: readonly ContextPart[]): Pick<AssembledContext, 'pools' | 'total'> {
  const poolUse = (used: number, soft: number): PoolUse => ({ used, soft, pressure: pressureOf(used, soft) })
  const pools = Object.fromEntries(
    poolNames.map((pool) => [pool, poolUse(measured(parts, pool), contextPools[pool])]),
  ) as Record<ContextPool, PoolUse>
  const used = Object.values(pools).reduce((sum, pool) => sum + pool.used, 0)
  return { pools, total: poolUse(used, totalTokens) }
}

function isCritical(parts: readonly ContextPart[], pool: ContextPool): boolean {
  const { pools, total } = usage(parts)
  return pools[pool].pressure === 'critical' || total.pressure === 'critical'
}

/** Cuts the longest entry of a pool that is over its limit, or leaves it out, until the pool is inside. */
function cutPool(parts: readonly ContextPart[], pool: ContextPool): readonly ContextPart[] {
  const over = () => (measured(fitted, pool) - contextPools[pool]) * charactersPerToken
  let fitted = parts
  while (over() > 0) {
    const [at, part] = longestOf(fitted, pool)
    if (!part) return fitted
    const entry = part.entries.reduce((longest, one) => (one.text.length > longest.text.length ? one : longest))
    // Some characters go into the words that say so.
    const room = Math.max(0, entry.text.length - over() - 100)
    const entries =
      room === 0
        ? part.entries.filter((one) => one !== entry)
        : part.entries.map((one) => (one === entry ? { ...one, text: cutText(entry.text, room) } : one))
    fitted = fitted.map((one, index) => (index === at ? { ...part, entries } : one))
  }
  return fitted
}

function longestOf(parts: readonly ContextPart[], pool: ContextPool): [number, ContextPart | undefined] {
  let [best, length] = [-1, 0]
  for (const [at, part] of parts.entries()) {
    const own = part.pool === pool ? body(part).length : 0
    if (own > length && part.entries.length > 0) [best, length] = [at, own]
  }
  return [best, parts[best]]
}

/** Keeps the beginning and the end: a log ends with its error. */
function cutText(text: string, characters: number): string {
  if (text.length <= characters) return text
  const left = text.length - characters
  const head = Math.ceil(characters / 2)
  return `${firstCharacters(text, head)}\n[… ${left} characters left out …]\n${lastCharacters(text, characters - head)}`
}

function body({ entries }: ContextPart): string {
  return entries.map(({ text }) => text).join('\n\n')
}

function render(part: ContextPart, nonce: string): string {
  const text = body(part)
  if (text.trim() === '') return ''
  const fenced = part.untrusted ? `<data-${nonce}>\n${text}\n</data-${nonce}>` : text
  return [part.heading && `# ${part.heading}`, part.lead, fenced].filter(Boolean).join('\n\n')
}
