/** HTML tags in markdown: where one ends (CommonMark 0.31, section 6.6). */

const tagName = /<([a-z][a-z0-9-]*)/iy
const closingTag = /<\/([a-z][a-z0-9-]*)\s*>/iy
const attribute = /\s+[a-z_:][\w:.-]*(?:\s*=\s*(?:[^\s"'=<>`]+|'[^']*'|"[^"]*"))?/iy
const tagEnd = /\s*\/?>/y

/** A complete opening or closing tag. */
export interface HtmlTag {
  /** In lower case. */
  name: string
  closing: boolean
  /** The index after its `>`. */
  end: number
}

/**
 * The tag that starts at an index of a text; undefined where no complete tag does.
 * Asked for every `<` of a text, it takes linear time in all. An attempt goes past a later `<` in quotes only, and a
 * quote changes the state of each attempt to another one: outside, in `'`, in `"`. So no two attempts are in the same
 * state at one place, and at most three of them read the same character.
 */
export function readTag(text: string, at: number): HtmlTag | undefined {
  closingTag.lastIndex = at
  const closed = closingTag.exec(text)
  if (closed) return { name: (closed[1] ?? '').toLowerCase(), closing: true, end: closingTag.lastIndex }
  tagName.lastIndex = at
  const opened = tagName.exec(text)
  if (!opened) return undefined
  // By steps: as one pattern it would go back over all attributes before it fails.
  let place: number | undefined = tagName.lastIndex
  while (place !== undefined) {
    const end = endOf(tagEnd, text, place)
    if (end !== undefined) return { name: (opened[1] ?? '').toLowerCase(), closing: false, end }
    place = endOf(attribute, text, place)
  }
  return undefined
}

function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : undefined
}
