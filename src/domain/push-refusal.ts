/**
 * Why a git server refused a push, read from what it wrote. Pure: git's own summary and the server's `remote:` lines go
 * in, a kind comes out. The patterns are GitHub's (GH001 to GH013) and git's; a refusal that none knows is a rule too.
 */

import { firstCharacters } from '../lib/sanitise-text.ts'

/** What a refusal is about, and so who can do something about it. */
export type RefusalKind =
  /** Another branch has a name that git cannot keep beside this one: `module` and `module/issue-1`. */
  | 'blocked-name'
  /** Push protection found a secret in a commit. */
  | 'secret'
  /** A file, or all of them, are larger than the server takes. */
  | 'size'
  /** A rule forbids a path or a kind of file. */
  | 'forbidden-file'
  /** Commits must carry signatures that the server can check. */
  | 'signatures'
  /** Merge commits are forbidden. */
  | 'linear-history'
  /** The branch may be changed through pull requests only, or not at all. */
  | 'protected-branch'
  /** The app may not write here: archived, a missing permission. */
  | 'permission'
  /** Any other rule of the server. */
  | 'rule'

/** One refusal: its kind, and what the server wrote about it, cleaned and bounded. */
export interface PushRefusal {
  kind: RefusalKind
  /** The server's words, at most `maxWords` characters; '' when it wrote nothing. */
  words: string
  /** The branch that is in the way, for `blocked-name`: the server was asked for it. */
  inTheWay?: string
}

/** Enough for GitHub's longest list of violations that a person reads. */
const maxWords = 3_000

/** In this order: a secret is named in a list of rules, and a protected branch may name signatures as the reason. */
const kinds: readonly (readonly [RefusalKind, RegExp])[] = [
  ['blocked-name', /exists; cannot create|directory.file conflict|refname conflict/i],
  ['secret', /cannot contain secrets|push protection|GH009|secrets? detected/i],
  ['size', /GH001|file size limit|large files detected|exceeds? (?:the )?maximum (?:allowed )?size|file is too large/i],
  ['forbidden-file', /(?:file|path).{0,60}(?:restricted|not allowed)|restricted file|maximum file path length/i],
  ['signatures', /must have verified signatures|signed commits|unsigned commit|verified signature/i],
  ['linear-history', /must not contain merge commits|linear history|merge commits are not allowed/i],
  [
    'permission',
    /refusing to allow|without `?\w+`? permission|archived|read-only|Permission to .* denied|Write access .* not granted|resource not accessible/i,
  ],
  [
    'protected-branch',
    /GH006|through a pull request|protected branch|creations? being restricted|Cannot (?:create|update|delete|force-push)/i,
  ],
]

/** What only time mends: the server's own faults, a limit, a lock that someone else holds. */
const passing =
  /internal server error|\(failure\)|service unavailable|temporarily|try again|timed? ?out|rate limit|abuse|unpacker error|unable to (?:create|migrate|write)|disk quota|overloaded|\b50[0-4]\b/i

/** Content that the agent can change; the other kinds are for a person. */
const content: readonly RefusalKind[] = ['secret', 'size', 'forbidden-file']

/**
 * Reads a refusal.
 * @param summary git's own, such as `[remote rejected] (pre-receive hook declined)`
 * @param words what the server wrote, with or without `remote: `
 * @returns undefined when it is one that passes by itself
 */
export function readRefusal(summary: string, words: string): PushRefusal | undefined {
  const cleaned = serverWords(words)
  const text = `${summary}\n${cleaned}`
  const kind = kinds.find(([, pattern]) => pattern.test(text))?.[0]
  if (!kind && passing.test(text)) return undefined
  return { kind: kind ?? 'rule', words: cleaned }
}

/** Whether the agent can mend it by changing files, as it mends what a gate refused. */
export function isContentRefusal({ kind }: PushRefusal): boolean {
  return content.includes(kind)
}

/** The server's lines: without `remote: `, rulers, empty lines at both ends and control characters, and bounded. */
function serverWords(text: string): string {
  const lines = text
    .split(/\r\n|\n|\r/)
    .map((line) =>
      line
        .replace(/^remote:\s?/, '')
        .replace(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, ' ')
        .trimEnd(),
    )
    .filter((line) => !/^\s*[—=_-]{3,}\s*$/.test(line))
  const joined = lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
  return joined.length <= maxWords ? joined : `${firstCharacters(joined, maxWords)} …`
}
