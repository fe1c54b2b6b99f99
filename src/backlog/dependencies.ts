/** What an issue waits for, read from its text. */

/** An issue somewhere, as text names it. */
export interface IssueReference {
  /** `owner/name` in lower case. */
  repository: string
  number: number
}

const opening =
  /^\s*(?:[-*+]\s+(?:\[[ x]\]\s+)?)?(?:\*\*)?(?:depends\s+on|blocked\s+by|requires)(?:\*\*)?\s*:?(?:\*\*)?\s+/i
const reference = /(?:https?:\/\/[^\s/]+\/([\w.-]+\/[\w.-]+)\/issues\/|([\w.-]+\/[\w.-]+)?#)(\d{1,9})\b/g

/**
 * The issues named by lines such as `Depends on #12`, `Blocked by owner/repo#3, #4` or `- [ ] depends on: #5`.
 * Lines in code blocks and quotes are somebody else's words and do not count.
 * @param repository `owner/name` that a bare `#12` belongs to.
 */
export function dependenciesIn(body: string, repository: string): IssueReference[] {
  const found = new Map<string, IssueReference>()
  for (const text of plainLines(body)) {
    const start = opening.exec(text)
    if (!start) continue
    for (const [, fromUrl, named, number] of text.slice(start[0].length).matchAll(reference)) {
      const target = { repository: (fromUrl ?? named ?? repository).toLowerCase(), number: Number(number) }
      found.set(`${target.repository}#${target.number}`, target)
    }
  }
  return [...found.values()]
}

function* plainLines(body: string): Generator<string> {
  let fence: string | undefined
  for (const text of body.replace(/<!--[\s\S]*?(?:-->|$)/g, '').split(/\r?\n/)) {
    const mark = /^\s{0,3}(`{3,}|~{3,})/.exec(text)?.[1]
    if (fence !== undefined) {
      if (mark?.startsWith(fence)) fence = undefined
    } else if (mark) fence = mark
    else if (!/^(?: {4}|\t|\s{0,3}>)/.test(text)) yield text
  }
}
