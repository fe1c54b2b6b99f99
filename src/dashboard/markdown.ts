/**
 * The little Markdown that replies and plans use, as HTML: paragraphs, lists, code, bold. Links, pictures and tags stay
 * text: what agents and outsiders wrote leads nowhere.
 */

import { escapeText, type Html, html, markup, shownText } from './html.ts'

/** A text in Markdown as HTML. Everything in it is escaped first. */
export function prose(text: string): Html {
  return html`<div class="prose">${markup(blocksOf(shownText(text)).join(''))}</div>`
}

/** One sentence with code in it. */
export function sentence(text: string): Html {
  return markup(inline(shownText(text)))
}

interface List {
  tag: 'ul' | 'ol'
  items: string[]
}

function blocksOf(text: string): string[] {
  const blocks: string[] = []
  let paragraph: string[] = []
  let list: List | undefined
  const flush = () => {
    if (paragraph.length > 0) blocks.push(`<p>${paragraph.map(inline).join('<br>')}</p>`)
    if (list) blocks.push(`<${list.tag}>${list.items.map((item) => `<li>${inline(item)}</li>`).join('')}</${list.tag}>`)
    paragraph = []
    list = undefined
  }
  const lines = text.replace(/<!--[\s\S]*?-->/g, '').split('\n')
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    const fence = /^\s*(`{3,})/.exec(line)?.[1]
    const point = fence ? undefined : pointOf(line)
    if (fence || line.trim() === '' || (point && (paragraph.length > 0 || (list && list.tag !== point.tag)))) flush()
    if (fence) {
      const end = endOf(lines, at, fence)
      blocks.push(`<pre>${escapeText(lines.slice(at + 1, end).join('\n'))}</pre>`)
      at = end
    } else if (point) {
      list ??= { tag: point.tag, items: [] }
      list.items.push(point.text)
    } else if (line.trim() !== '') {
      if (list) flush()
      paragraph.push(line.replace(/^#+\s+(.*)$/, '**$1**').replace(/^>\s?/, ''))
    }
  }
  flush()
  return blocks
}

function pointOf(line: string): { tag: List['tag']; text: string } | undefined {
  const [, mark, text] = /^\s*([-*]|\d+[.)])\s+(.*)$/.exec(line) ?? []
  return mark === undefined || text === undefined ? undefined : { tag: /\d/.test(mark) ? 'ol' : 'ul', text }
}

/** The line that ends a block of code: the last one where none does. */
function endOf(lines: readonly string[], start: number, fence: string): number {
  const end = lines.findIndex((other, index) => index > start && other.trim().startsWith(fence))
  return end === -1 ? lines.length : end
}

function inline(text: string): string {
  return escapeText(text)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
    .replace(/\\([/\\`*_|])/g, '$1')
}
