/** Names and links that mean something else to git or to another file system than they seem to. Pure. */

import { firstCharacters } from '../lib/sanitise-text.ts'

/** Code points that HFS+ drops from a name, so that `.g\u200cit` is `.git` there (git's utf8.c, next_hfs_char). */
const hfsIgnored = /[\u200C-\u200F\u202A-\u202E\u206A-\u206F\uFEFF]/gu

/**
 * True when a part of the path is `.git` to git on some system: other case, HFS+ ignorable code points, NTFS short
 * names (`git~1`), trailing dots and spaces, alternate streams (`.git::$INDEX_ALLOCATION`), `\` as separator.
 */
export function isGitName(path: string): boolean {
  return path.split(/[/\\]/).some((part) => {
    const plain = part.replace(hfsIgnored, '').toLowerCase()
    const beforeStream = plain.split(':')[0] ?? ''
    const name = beforeStream.replace(/[. ]+$/, '')
    return name === '.git' || /^git~\d+$/.test(name)
  })
}

/**
 * Why a symbolic link at `path` with this target is refused, or undefined. Allowed are relative targets that climb
 * first and then only go down. With `..` further on, a chain of links, each harmless, could still leave the tree.
 */
export function symlinkProblem(path: string, target: string): string | undefined {
  if (target === '') return 'is a link to nothing'
  if (/\p{Cc}/u.test(target) || target.includes('\uFFFD')) return 'is a link whose target is not plain text'
  if (target.startsWith('/') || target.startsWith('\\') || /^[a-z]:/i.test(target)) {
    return `is a link to ${short(target)}, which is outside the tree`
  }
  const parts = target.split(/[/\\]/).filter((part) => part !== '' && part !== '.')
  const climbs = parts.findIndex((part) => part !== '..')
  const ups = climbs === -1 ? parts.length : climbs
  const depth = path.split('/').length - 1
  if (ups > depth) return `is a link to ${short(target)}, which is outside the tree`
  if (parts.slice(ups).includes('..')) return `is a link to ${short(target)}, which climbs after it went down`
  if (isGitName(target)) return `is a link to ${short(target)}, inside a git folder`
  return undefined
}

function short(text: string): string {
  return text.length > 80 ? `${firstCharacters(text, 80)}…` : text
}
