/**
 * Whether two path patterns can match the same file.
 *
 * A pattern is a path from the root of the repository. `*` and `?` match characters of one segment, `**` any number of
 * segments, `{a,b}` either text, `[ab]` one character. A directory matches all files below it.
 * An uncertain result is *yes*: two agents in one file cost a merge conflict, a wrong *yes* costs only a wait.
 */

export type Pattern = {
  /** `**` is a separate segment. */
  segments: readonly string[]
  /**
   * The last segment ends like a file name (`.ts`): it is no directory, and a `**` of the other pattern does not reach
   * below it.
   */
  file: boolean
}

/** A pattern with more alternatives in braces than this is read as `**`. */
const MAX_ALTERNATIVES = 64

/**
 * Reads a pattern. `.` and `..` are resolved, and no pattern leads out of the repository.
 * @returns one pattern for each alternative in braces.
 */
export function parsePattern(text: string): Pattern[] {
  return expandBraces(text.trim()).map((alternative) => {
    const segments: string[] = []
    for (const raw of alternative.split('/')) {
      const segment = raw.replaceAll(/\[[^\]]+\]/g, '?')
      if (segment === '..') segments.pop()
      else if (segment !== '' && segment !== '.') segments.push(segment.replaceAll(/\*{2,}(?=.)|(?<=.)\*{2,}/g, '*'))
    }
    return { segments, file: /.\.[a-z][a-z0-9]{0,7}$/.test(segments.at(-1) ?? '') && !alternative.endsWith('/') }
  })
}

/** Whether a path can match a pattern of each side. */
export function anyOverlap(a: readonly Pattern[], b: readonly Pattern[]): boolean {
  return a.some((left) => b.some((right) => patternsOverlap(left, right)))
}

/** Whether a path can match both patterns. */
export function patternsOverlap(a: Pattern, b: Pattern): boolean {
  const known = new Map<string, boolean>()
  const overlap = (i: number, j: number): boolean => {
    const left = a.segments[i]
    const right = b.segments[j]
    if (left === undefined) return matchesBelow(a, b, j)
    if (right === undefined) return matchesBelow(b, a, i)
    const key = `${i} ${j}`
    const before = known.get(key)
    if (before !== undefined) return before
    const anyDepth = left === '**' || right === '**'
    const result = anyDepth
      ? overlap(i + 1, j) || overlap(i, j + 1)
      : segmentsOverlap(left, right) && overlap(i + 1, j + 1)
    known.set(key, result)
    return result
  }
  return overlap(0, 0)
}

/** `ended` has no segments left and matches all files below it: whether the rest of `other` can match one of them. */
function matchesBelow(ended: Pattern, other: Pattern, from: number): boolean {
  if (!ended.file || other.segments[from] !== '**') return true
  return other.segments.slice(from).every((segment) => segment === '**')
}

/** Whether a name can match both segments. */
function segmentsOverlap(a: string, b: string): boolean {
  const wild = /[*?]/
  if (!wild.test(a) && !wild.test(b)) return a === b
  // row[j]: whether the rest of `a` from i and the rest of `b` from j can match the same text. Filled from the ends.
  let next: boolean[] = []
  for (let i = a.length; i >= 0; i--) {
    const row: boolean[] = []
    for (let j = b.length; j >= 0; j--) {
      row[j] = restsOverlap(a[i], b[j], { left: next[j], right: row[j + 1], both: next[j + 1] })
    }
    next = row
  }
  return next[0] === true
}

/** @param without the results without the first character of the left rest, of the right rest, and of both. */
function restsOverlap(
  left: string | undefined,
  right: string | undefined,
  without: Record<'left' | 'right' | 'both', boolean | undefined>,
): boolean {
  if (left === undefined && right === undefined) return true
  if (left === '*' || right === '*')
    return (left !== undefined && without.left === true) || (right !== undefined && without.right === true)
  if (left === undefined || right === undefined) return false
  return (left === right || left === '?' || right === '?') && without.both === true
}

/** `a{b,c}d` → `abd`, `acd`; also nested braces. */
function expandBraces(text: string): string[] {
  let unexpanded = [text]
  const expanded: string[] = []
  while (unexpanded.length > 0) {
    if (unexpanded.length + expanded.length > MAX_ALTERNATIVES) return ['**']
    const next: string[] = []
    for (const pattern of unexpanded) {
      const braces = /\{([^{}]*)\}/.exec(pattern)
      if (!braces) expanded.push(pattern)
      else for (const choice of (braces[1] ?? '').split(',')) next.push(pattern.replace(braces[0], () => choice))
    }
    unexpanded = next
  }
  return expanded
}
