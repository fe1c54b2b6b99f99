/**
 * Whether two path patterns can name the same file.
 *
 * A pattern is a path from the root of the repository. `*` and `?` stand for characters of one segment, `**` for any
 * number of segments, `{a,b}` for either, `[ab]` for one character. Naming a directory names everything below it.
 * Where an answer is not certain it is *yes*: two agents in one file cost a conflict, a wrong *yes* costs a wait.
 */

export type Pattern = {
  /** `**` is a segment of its own. */
  segments: readonly string[]
  /** The last segment ends like a file name (`.ts`), so a `**` of the other side is not taken to reach below it. */
  file: boolean
}

/** Braces that would give more alternatives than this are read as `**`. */
const MOST_ALTERNATIVES = 64

/**
 * Reads a pattern. `.` and `..` are resolved, and nothing leads out of the repository.
 * @returns one pattern for each alternative in braces.
 */
export function parsePattern(text: string): Pattern[] {
  return expandBraces(text.trim()).map((one) => {
    const segments: string[] = []
    for (const raw of one.split('/')) {
      const segment = raw.replaceAll(/\[[^\]]+\]/g, '?')
      if (segment === '..') segments.pop()
      else if (segment !== '' && segment !== '.') segments.push(segment.replaceAll(/\*{2,}(?=.)|(?<=.)\*{2,}/g, '*'))
    }
    return { segments, file: /.\.[a-z][a-z0-9]{0,7}$/.test(segments.at(-1) ?? '') && !one.endsWith('/') }
  })
}

/** Whether some path lies under both patterns. */
export function patternsMeet(a: Pattern, b: Pattern): boolean {
  const backlog = new Map<string, boolean>()
  const meet = (i: number, j: number): boolean => {
    const left = a.segments[i]
    const right = b.segments[j]
    if (left === undefined) return goesOnBelow(a, b, j)
    if (right === undefined) return goesOnBelow(b, a, i)
    const key = `${i} ${j}`
    const before = backlog.get(key)
    if (before !== undefined) return before
    const either = left === '**' || right === '**'
    const answer = either ? meet(i + 1, j) || meet(i, j + 1) : segmentsMeet(left, right) && meet(i + 1, j + 1)
    backlog.set(key, answer)
    return answer
  }
  return meet(0, 0)
}

/** `ended` is at its end and names everything below: whether the rest of `other` can lie there. */
function goesOnBelow(ended: Pattern, other: Pattern, from: number): boolean {
  if (!ended.file || other.segments[from] !== '**') return true
  return other.segments.slice(from).every((segment) => segment === '**')
}

/** Whether some name fits both segments. */
function segmentsMeet(a: string, b: string): boolean {
  const wild = /[*?]/
  if (!wild.test(a) && !wild.test(b)) return a === b
  // Row j says whether the rest of `a` from i and the rest of `b` from j have a name in common; filled from the ends.
  let below: boolean[] = []
  for (let i = a.length; i >= 0; i--) {
    const row: boolean[] = []
    for (let j = b.length; j >= 0; j--) row[j] = restsMeet(a[i], b[j], below[j], row[j + 1], below[j + 1])
    below = row
  }
  return below[0] === true
}

function restsMeet(
  left: string | undefined,
  right: string | undefined,
  skipLeft: boolean | undefined,
  skipRight: boolean | undefined,
  skipBoth: boolean | undefined,
): boolean {
  if (left === undefined && right === undefined) return true
  if (left === '*' || right === '*')
    return (left !== undefined && skipLeft === true) || (right !== undefined && skipRight === true)
  if (left === undefined || right === undefined) return false
  return (left === right || left === '?' || right === '?') && skipBoth === true
}

/** `a{b,c}d` → `abd`, `acd`; inner braces too. */
function expandBraces(text: string): string[] {
  let open = [text]
  const whole: string[] = []
  while (open.length > 0) {
    if (open.length + whole.length > MOST_ALTERNATIVES) return ['**']
    const next: string[] = []
    for (const one of open) {
      const braces = /\{([^{}]*)\}/.exec(one)
      if (!braces) whole.push(one)
      else for (const choice of (braces[1] ?? '').split(',')) next.push(one.replace(braces[0], () => choice))
    }
    open = next
  }
  return whole
}
