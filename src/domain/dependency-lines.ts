/** What an issue waits for, by the lines of its text. Pure; what these issues are is asked in `work-items/`. */

import { plainLines } from '../lib/markdown/plain-lines.ts'

/** An issue somewhere, as text names it. */
export interface IssueReference {
  /** `owner/name` in lower case. */
  repository: string
  number: number
}

const opening = /^\s*(?:\[[ x]\]\s+)?(?:\*\*)?(?:depends\s+on|blocked\s+by|requires)(?:\*\*)?\s*:?(?:\*\*)?\s+/i
// A name starts where no other character of a name stands before it: tried at every character of a long one, the
// pattern would take the square of its length.
const reference =
  /(?:https?:\/\/[^\s/]+\/([\w.-]+\/[\w.-]+)\/(?:issues|pull)\/|((?<![\w.-])[\w.-]+\/[\w.-]+)?#)(\d{1,9})\b/g

/**
 * Whether a line says what its issue waits for.
 * @param content the line without the marker of a list; a checkbox may stand before it.
 */
export function saysDependency(content: string): boolean {
  return opening.test(content)
}

/**
 * The issues that a piece of text names, each once, in its order: `#12`, `owner/repo#3` and addresses.
 * @param repository `owner/name` that a bare `#12` belongs to.
 */
export function referencesIn(text: string, repository: string): IssueReference[] {
  const found = new Map<string, IssueReference>()
  for (const [, fromUrl, named, number] of text.matchAll(reference)) {
    const target = { repository: (fromUrl ?? named ?? repository).toLowerCase(), number: Number(number) }
    found.set(`${target.repository}#${target.number}`, target)
  }
  return [...found.values()]
}

/**
 * The issues named by lines such as `Depends on #12`, `Blocked by owner/repo#3, #4` or `- [ ] depends on: #5`. Only
 * running text counts, in paragraphs and list items: code, quotes and what is folded away or hidden are not said by the
 * author, and neither is a reference in inline code or in a comment.
 * @param body an issue's text.
 * @param repository `owner/name` that a bare `#12` belongs to.
 */
export function dependenciesIn(body: string, repository: string): IssueReference[] {
  const found = new Map<string, IssueReference>()
  for (const { content } of plainLines(body)) {
    const start = opening.exec(content)
    if (!start) continue
    for (const target of referencesIn(content.slice(start[0].length), repository))
      found.set(`${target.repository}#${target.number}`, target)
  }
  return [...found.values()]
}
