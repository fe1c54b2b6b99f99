/**
 * Names that come from outside (a webhook, a settings file, an agent) become branches, paths and addresses here, or
 * are refused. Only these functions make the branded types, so an unchecked name cannot reach git's argument list.
 */

import { UserError } from '../lib/errors.ts'
import { isLoopback } from '../lib/peer.ts'
import { firstCharacters } from '../lib/sanitise-text.ts'

declare const brand: unique symbol
type Brand<Name extends string> = string & { readonly [brand]: Name }

/** A branch name without `refs/heads/`, such as `module/api`. */
export type BranchName = Brand<'BranchName'>
/** A path inside a repository: relative, `/` between the parts, no `.` or `..` part. */
export type TreePath = Brand<'TreePath'>
/** An address git may talk to. It holds no user name and no password. */
export type CloneUrl = Brand<'CloneUrl'>

/** Longest branch name in bytes: git keeps one as a file, and a file name ends at 255 with `.lock` added. */
const maxBranchBytes = 244
/** Longest path in bytes: Linux's PATH_MAX, less room for the folder of the worktree. */
const maxPathBytes = 3500

/** An allow-list, stricter than `git check-ref-format`: letters and digits of any script and a few marks. */
const branchLetters = /^[\p{L}\p{M}\p{N}._/+@#=,-]+$/u

/**
 * Checks a branch name by an allow-list that lies inside `git check-ref-format`.
 * @throws {UserError} saying what is wrong with the name.
 */
export function validBranch(text: string): BranchName {
  const problem = branchProblem(text)
  if (problem) throw new UserError(`${quote(text)} cannot be used as a branch name: ${problem}.`)
  return text as BranchName
}

function branchProblem(text: string): string | undefined {
  if (text === '') return 'it is empty'
  if (Buffer.byteLength(text) > maxBranchBytes) return `it is longer than ${maxBranchBytes} bytes`
  if (!text.isWellFormed() || !branchLetters.test(text)) return 'only letters, digits and `. _ / + @ # = , -` are taken'
  if (text.startsWith('-')) return 'it starts with `-`'
  if (text.includes('..')) return 'it contains `..`'
  if (text === '@' || text === 'HEAD' || text === 'FETCH_HEAD') return 'git uses that name itself'
  if (text.startsWith('refs/')) return 'it starts with `refs/`'
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text)) return 'it looks like a commit id'
  if (text.endsWith('.')) return 'it ends with `.`'
  return branchPartProblem(text.split('/'))
}

function branchPartProblem(parts: string[]): string | undefined {
  if (parts.includes('')) return 'it has an empty part between two `/`'
  if (parts.some((part) => part.startsWith('.'))) return 'a part of it starts with `.`'
  if (parts.some((part) => part.startsWith('-'))) return 'a part of it starts with `-`'
  if (parts.some((part) => part.toLowerCase().endsWith('.lock'))) return 'a part of it ends with `.lock`'
  return undefined
}

/**
 * Checks a path inside a repository.
 * @throws {UserError} for an absolute path, a `..` or `.git` part, control characters, or one that is too long.
 */
export function validPath(text: string): TreePath {
  const problem = pathProblem(text)
  if (problem) throw new UserError(`${quote(text)} cannot be used as a path: ${problem}.`)
  return text as TreePath
}

function pathProblem(text: string): string | undefined {
  if (text === '') return 'it is empty'
  if (!text.isWellFormed() || text.includes('\uFFFD')) return 'it is not valid text'
  if (Buffer.byteLength(text) > maxPathBytes) return `it is longer than ${maxPathBytes} bytes`
  if (/\p{Cc}/u.test(text)) return 'it contains control characters'
  if (text.startsWith('/')) return 'it is not relative to the repository'
  if (text.startsWith('-')) return 'it starts with `-`'
  if (text.startsWith(':')) return 'it starts with `:`, which git reads as a pattern'
  const parts = text.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return 'it has an empty, `.` or `..` part'
  if (parts.some((part) => part.toLowerCase() === '.git')) return 'it has a `.git` part'
  return undefined
}

/**
 * Checks the address of a repository: `https://`, `http://` to this machine (or anywhere with `allowHttp`), and a
 * local folder only with `allowLocal`.
 * @throws {UserError} for everything else: `ext::`, ssh, credentials or a query in the address.
 */
export function validCloneUrl(text: string, options: { allowLocal?: boolean; allowHttp?: boolean } = {}): CloneUrl {
  const problem = urlProblem(text, options)
  // The address is not repeated in the message: it may hold a password.
  if (problem) throw new UserError(`the clone address cannot be used: ${problem}.`)
  return text as CloneUrl
}

function urlProblem(text: string, options: { allowLocal?: boolean; allowHttp?: boolean }): string | undefined {
  if (!text.isWellFormed() || /[\p{Cc}\s\\]/u.test(text)) return 'it contains spaces or control characters'
  if (text.startsWith('/')) return options.allowLocal ? undefined : 'local folders are not allowed here'
  // `helper::address` starts a program of that name.
  if (/^[^/]*::/.test(text) || !URL.canParse(text)) return 'it is not an address'
  const url = new URL(text)
  if (url.username || url.password) return 'it contains a user name or a password'
  if (url.search || url.hash) return 'it contains `?` or `#`'
  if (url.protocol === 'https:') return hostProblem(url)
  if (url.protocol === 'http:') {
    return options.allowHttp || isLoopback(url.hostname)
      ? hostProblem(url)
      : 'plain http is allowed to this machine only'
  }
  if (url.protocol === 'file:' && !url.hostname)
    return options.allowLocal ? undefined : 'local folders are not allowed here'
  return 'only https:// is taken'
}

function hostProblem(url: URL): string | undefined {
  if (!url.hostname || url.hostname.startsWith('-')) return 'its host cannot be used'
  return url.pathname.length > 1 ? undefined : 'it names no repository'
}

/** A name from outside in a message: one line, not endless. */
function quote(text: string): string {
  return `\`${firstCharacters(text, 100).replace(/[\p{C}`]/gu, '?')}\``
}
