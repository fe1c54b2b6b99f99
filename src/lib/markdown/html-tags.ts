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
 * Makes a function that reads the tag at an index of `text`; it gives undefined where no complete tag starts.
 * All calls together take linear time: what follows an attribute depends on its end only, so an end that led nowhere is
 * remembered. Without that, `<a b='<a b="…` takes the square of the length.
 */
export function tagReader(text: string): (at: number) => HtmlTag | undefined {
  const failed = new Set<number>()

  function openingEnd(from: number): number | undefined {
    const passed: number[] = []
    let at = from
    while (!failed.has(at)) {
      const end = endOf(tagEnd, text, at)
      if (end !== undefined) return end
      passed.push(at)
      const next = endOf(attribute, text, at)
      if (next === undefined) break
      at = next
    }
    for (const place of passed) failed.add(place)
    return undefined
  }

  return (at) => {
    closingTag.lastIndex = at
    const closed = closingTag.exec(text)
    if (closed) return { name: (closed[1] ?? '').toLowerCase(), closing: true, end: closingTag.lastIndex }
    tagName.lastIndex = at
    const opened = tagName.exec(text)
    const end = opened ? openingEnd(tagName.lastIndex) : undefined
    return end === undefined ? undefined : { name: (opened?.[1] ?? '').toLowerCase(), closing: false, end }
  }
}

function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : undefined
}
