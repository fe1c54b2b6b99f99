/** Reads the text of a patch: which lines it adds to which files. Pure. */

/** The lines that a patch adds to one file. */
export interface AddedLines {
  path: string
  /** The lines in their order, joined; a gap is a line end. */
  text: string
  /** The number, in the new file, of each line of `text`. */
  numbers: number[]
}

/** One line that a patch adds or removes. */
export interface ChangedLine {
  /** The same object for all lines of a file. `from` and `path`: its path before and after; `/dev/null` where there is none. */
  file: { from: string; path: string }
  mark: '+' | '-'
  text: string
  /** Its number in the new file; of a removed line, that of the line that follows. */
  number: number
}

/**
 * The added and removed lines of a patch in their order, as `git diff-tree -p` writes it. A patch that was cut off is read
 * as far as it goes.
 */
export function* changedLines(patch: string): Generator<ChangedLine> {
  let file = { from: '', path: '' }
  let hunk: Hunk | undefined
  for (const row of linesOf(patch)) {
    if (hunk && (hunk.old > 0 || hunk.new > 0)) {
      const [mark] = row
      if (mark === '+' || mark === '-') yield { file, mark, text: row.slice(1), number: hunk.at }
      advance(hunk, mark)
    } else if (row.startsWith('diff --git ')) hunk = undefined
    else if (row.startsWith('--- ')) file = { from: pathOf(row.slice(4)), path: '' }
    else if (row.startsWith('+++ ')) file = { from: file.from, path: pathOf(row.slice(4)) }
    else hunk = hunkOf(row)
  }
}

/** The numbers, in the new file, of all lines that a patch shows: what it adds, and what stands around it. By path. */
export function shownLines(patch: string): Map<string, Set<number>> {
  const files = new Map<string, Set<number>>()
  let own: Set<number> | undefined
  let hunk: Hunk | undefined
  for (const row of linesOf(patch)) {
    if (hunk && (hunk.old > 0 || hunk.new > 0)) {
      const [mark] = row
      if (mark === '+' || mark === ' ') own?.add(hunk.at)
      advance(hunk, mark)
    } else if (row.startsWith('diff --git ')) hunk = undefined
    else if (row.startsWith('+++ ')) {
      own = new Set()
      files.set(pathOf(row.slice(4)), own)
    } else hunk = hunkOf(row)
  }
  return files
}

/** The added lines of every file of a patch that adds any. */
export function addedLines(patch: string): AddedLines[] {
  const files = new Map<ChangedLine['file'], { rows: string[]; numbers: number[] }>()
  for (const { file, mark, text, number } of changedLines(patch)) {
    if (mark === '-') continue
    const own = files.get(file) ?? { rows: [], numbers: [] }
    files.set(file, own)
    own.rows.push(text)
    own.numbers.push(number)
  }
  return [...files].map(([{ path }, { rows, numbers }]) => ({ path, text: rows.join('\n'), numbers }))
}

/** The lines of a hunk that are still to come, in the old file and in the new one, and the next one's number there. */
interface Hunk {
  old: number
  new: number
  at: number
}

function advance(hunk: Hunk, mark: string | undefined): void {
  // "No newline at end of file" is no line.
  if (mark === '\\') return
  if (mark !== '+') hunk.old--
  if (mark === '-') return
  hunk.new--
  hunk.at++
}

/** Splits without an array of all lines: a patch may be large. */
function* linesOf(text: string): Generator<string> {
  let at = 0
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', at)) {
    yield text.slice(at, end)
    at = end + 1
  }
  if (at < text.length) yield text.slice(at)
}

function hunkOf(row: string): Hunk | undefined {
  const [, old = '1', at = '0', added = '1'] = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(row) ?? []
  return row.startsWith('@@ ') ? { old: Number(old), new: Number(added), at: Number(at) } : undefined
}

/** git quotes odd names as C does, and ends names with blanks with a tab. */
function pathOf(name: string): string {
  const plain = name.replace(/\t$/, '')
  const quoted = /^"(.*)"$/.exec(plain)?.[1]
  const path = quoted === undefined ? plain : unquote(quoted)
  return path.replace(/^[ab]\//, '')
}

const escapes: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, a: 7, b: 8, f: 12, v: 11, '"': 34, '\\': 92 }

function unquote(text: string): string {
  const bytes: number[] = []
  for (const [match, octal, letter] of text.matchAll(/\\([0-7]{3})|\\(.)|[^\\]+/g)) {
    if (octal) bytes.push(Number.parseInt(octal, 8))
    else if (letter) bytes.push(escapes[letter] ?? letter.charCodeAt(0))
    else bytes.push(...Buffer.from(match))
  }
  return Buffer.from(bytes).toString('utf8')
}
