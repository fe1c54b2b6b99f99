/**
 * Properties over random input (fast-check). In `npm test` each sees a few hundred inputs; `npm run fuzz` gives it a time
 * instead, and the seed of an earlier failure. What has failed is printed small, with its seed.
 */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect } from 'vitest'

/** The seed of this run; set by `npm run fuzz -- --seed S`. */
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** For how long a file goes on, in ms; undefined: a number of inputs instead. */
const forMs = process.env.FUZZ_MS === undefined ? undefined : Number(process.env.FUZZ_MS)

/** The most that this process may grow beyond what it has after its first inputs, in MB. */
const mostGrowthMb = 300

/** What is left on the heap when all garbage is collected, in bytes. */
function keptBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

/** A test may take this long, in ms. */
export const fuzzTimeout = (forMs ?? 0) + 180_000

/**
 * Holds a property against random input.
 * @param options.inputs how many, where no time is given.
 * @param options.share of the time, where a file has several properties.
 * @throws with the smallest input that fails, or when memory grows with the inputs.
 */
export async function fuzz<Input>(
  name: string,
  input: fc.Arbitrary<Input>,
  { inputs, share = 1, holds }: { inputs: number; share?: number; holds: (input: Input) => void | Promise<void> },
): Promise<void> {
  let [count, most, first, keptAtFirst] = [0, 0, 0, 0]
  const property = fc.asyncProperty(input, async (one) => {
    await holds(one)
    count++
    if (count % 50 !== 0) return
    const now = process.memoryUsage.rss()
    if (forMs !== undefined) keptAtFirst ||= keptBytes()
    first ||= now
    most = Math.max(most, now)
  })
  const limit = forMs === undefined ? { numRuns: inputs } : { numRuns: 1e9, interruptAfterTimeLimit: forMs * share }
  const details = await fc.check(property, { seed, ...limit })
  const grown = Math.round((most - first) / 2 ** 20)
  if (forMs !== undefined) {
    const kept = Math.round((keptBytes() - keptAtFirst) / 2 ** 20)
    console.log(`${name}: ${count} inputs, memory at most +${grown} MB, ${kept} MB after a collection, seed ${seed}`)
  }
  if (details.failed) throw new Error(`${fc.defaultReportMessage(details) ?? 'failed'}\nnpm run fuzz -- --seed ${seed}`)
  expect(grown, 'MB of memory that came with the inputs').toBeLessThan(mostGrowthMb)
}

const pieces = [
  ...['/queue', '/merge', '/stop --all', '/help "a', '/pause\u00a0all', '@tutti', 'R1 done: x', 'R2 not done:'],
  ...['- [ ] ', '- [x] #12', '* ', '1. ', '  ', '\t', '> ', '>> ', '# ', '## Phase 1', '---', '===', '| a | b |'],
  ...[
    '```',
    '~~~~',
    '````js',
    '`',
    '``',
    '<!--',
    '-->',
    '<details>',
    '</pre>',
    '<script>',
    '&lt;',
    '[x](y)',
    '![a](b)',
  ],
  ...['[^1]:', '\\', '*', '**', '_', '~~', 'Depends on #3', 'depends on o/r#4, #5', '[effort:S]', '[priority:1]'],
  ...['[effort:', '\n', '\n\n', '\r\n', '\r', '\u0000', '\u200b', '\u202e', '\ud800', '\ufeff', '🚀', 'ſ', 'ı'],
]

/** Text that looks like what people write, and much that does not. */
export const markdown = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...pieces) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
    ),
    {
      maxLength: 120,
    },
  )
  .map((parts) => parts.join(''))

const oddValues = [null, '', 0, -1, 2 ** 31, 2 ** 53, Number.MAX_VALUE, [], {}, [[]], true, '\u0000', 'x'.repeat(300)]

/** Any JSON, and what programs trip over. */
export const oddJson = fc.oneof(fc.constantFrom<unknown>(...oddValues), fc.jsonValue({ maxDepth: 3 }), markdown)

/** One change somewhere in a value: it is taken out, replaced, or its key is another one. */
export interface Change {
  /** Where, as shares of what is there at each level. */
  path: number[]
  how: 'drop' | 'replace' | 'rename'
  value: unknown
  key: string
}

/** Up to six changes. */
export const changes = fc.array(
  fc.record<Change>({
    path: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 4 }),
    how: fc.constantFrom('drop', 'replace', 'replace', 'rename'),
    value: oddJson,
    key: fc.constantFrom('__proto__', 'constructor', 'id', 'number', '', 'x'),
  }),
  { minLength: 1, maxLength: 6 },
)

/** A copy of a value with these changes. */
export function changed<Value>(value: Value, list: readonly Change[]): Value {
  const copy = structuredClone(value)
  for (const change of list) apply(copy, change)
  return copy
}

function apply(root: unknown, { path, how, value, key }: Change): void {
  let at = root as Record<string, unknown>
  for (const [depth, share] of path.entries()) {
    const keys = Object.keys(at)
    const chosen = keys[Math.floor(share * keys.length)]
    if (chosen === undefined) return
    const next = at[chosen]
    if (depth < path.length - 1 && typeof next === 'object' && next !== null) {
      at = next as Record<string, unknown>
      continue
    }
    if (how === 'replace') at[chosen] = structuredClone(value)
    else delete at[chosen]
    // As JSON.parse does it: an own property, whatever its name.
    if (how === 'rename')
      Object.defineProperty(at, key, { value: next, enumerable: true, configurable: true, writable: true })
    return
  }
}
