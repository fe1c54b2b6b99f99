/**
 * What may come out of an agent's tree. Pure: it reads the list of changes, not the disk. The rules follow the
 * ways in which a tree can hurt those who check it out, on Linux, macOS or Windows (git's own fsck knows most of them).
 */

import type { ChangedFile } from './changes.ts'
import { isGitName, symlinkProblem } from './unsafe-names.ts'

/** What is allowed; every number has a default. */
export interface ImportPolicy {
  /** Bytes of one file. GitHub refuses 100 MiB and warns at 50; source files are far smaller. Default 20 MiB. */
  maxFileBytes?: number
  /** Bytes of one path. Default 1,024: past it, archives and other systems start to fail. */
  maxPathBytes?: number
  /** Files in one commit. Default 5,000. */
  maxFiles?: number
  /** True once a person has agreed that submodules may be added or changed. */
  allowSubmodules?: boolean
}

/** One change that was refused, and why. `kind` is for programs, `reason` completes "<path> …". */
export interface Violation {
  path: string
  kind:
    | 'symlink'
    | 'git-name'
    | 'submodule'
    | 'path'
    | 'size'
    | 'mode'
    | 'count'
    | 'repository'
    | 'conflict'
    | 'unreadable'
    | 'lfs'
  reason: string
}

/** Longest name of one file or folder in bytes, on every file system in use. */
const maxNameBytes = 255
const allowedModes = new Set(['100644', '100755', '120000', '160000'])
/** Files that git itself reads; as a link they make it read something else. */
const neverLinks = new Set(['.gitmodules', '.gitattributes', '.gitignore', '.mailmap'])

/** The policy with its defaults filled in. */
export function fullPolicy(policy: ImportPolicy = {}): Required<ImportPolicy> {
  return {
    maxFileBytes: policy.maxFileBytes ?? 20 * 1024 * 1024,
    maxPathBytes: policy.maxPathBytes ?? 1024,
    maxFiles: policy.maxFiles ?? 5000,
    allowSubmodules: policy.allowSubmodules ?? false,
  }
}

/**
 * Checks every change and says which may not leave the agent's tree, and why. An empty list means: all may.
 * Deletions are always allowed, except of a submodule.
 */
export function checkImport(changes: readonly ChangedFile[], policy: ImportPolicy = {}): Violation[] {
  const limits = fullPolicy(policy)
  const violations = changes.flatMap((change) => checkChange(change, limits))
  if (changes.length > limits.maxFiles) {
    violations.push({
      path: '',
      kind: 'count',
      reason: `${changes.length} files changed; ${limits.maxFiles} are allowed`,
    })
  }
  return [...violations, ...caseCollisions(changes), ...bareRepositories(changes)]
}

function checkChange(change: ChangedFile, limits: Required<ImportPolicy>): Violation[] {
  const found: Violation[] = []
  const refuse = (kind: Violation['kind'], reason: string) => found.push({ path: change.path, kind, reason })

  if (touchesSubmodule(change) && !limits.allowSubmodules) {
    refuse('submodule', 'adds, changes or removes a submodule; a person must agree to that')
  }
  if (change.status === 'D') return found

  const pathReason = checkPath(change.path, limits.maxPathBytes)
  if (pathReason) refuse(pathReason.kind, pathReason.reason)
  if (!allowedModes.has(change.mode)) refuse('mode', `has the file mode ${change.mode}, which git should not hold`)
  if (change.bytes > limits.maxFileBytes) {
    refuse('size', `has ${change.bytes} bytes; ${limits.maxFileBytes} are allowed`)
  }
  if (change.mode === '120000') {
    const reason = checkLink(change)
    if (reason) refuse('symlink', reason)
  }
  return found
}

function touchesSubmodule(change: ChangedFile): boolean {
  return change.mode === '160000' || change.oldMode === '160000' || change.path.toLowerCase() === '.gitmodules'
}

function checkLink(change: ChangedFile): string | undefined {
  const name = change.path.slice(change.path.lastIndexOf('/') + 1).toLowerCase()
  if (neverLinks.has(name)) return 'is a link; git reads this file and it must be a plain one'
  if (change.target === undefined) return 'is a link whose target could not be read'
  return symlinkProblem(change.path, change.target)
}

/** Why a path may not be in a commit, or undefined. Also asked before a file is read from a tree. */
export function checkPath(
  path: string,
  maxPathBytes: number,
): { kind: 'path' | 'git-name'; reason: string } | undefined {
  const bad = (reason: string) => ({ kind: 'path' as const, reason })
  if (!path.isWellFormed() || path.includes('\uFFFD')) return bad('is not valid UTF-8')
  if (Buffer.byteLength(path) > maxPathBytes) return bad(`is longer than ${maxPathBytes} bytes`)
  // Line ends break line-based tools; direction marks make one name appear as another.
  if (/[\p{Cc}\u202A-\u202E\u2066-\u2069]/u.test(path)) return bad('contains control characters')
  const parts = path.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return bad('has an empty, `.` or `..` part')
  if (parts.some((part) => Buffer.byteLength(part) > maxNameBytes))
    return bad(`has a part longer than ${maxNameBytes} bytes`)
  if (isGitName(path)) return { kind: 'git-name', reason: 'is a name that some system takes for `.git`' }
  return undefined
}

/** On a file system that ignores case, a link `A` next to a folder `a` sends the folder's files elsewhere. */
function caseCollisions(changes: readonly ChangedFile[]): Violation[] {
  const links = new Map<string, string>()
  for (const change of changes) {
    if (change.mode === '120000' && change.status !== 'D') links.set(fold(change.path), change.path)
  }
  if (links.size === 0) return []
  const found: Violation[] = []
  for (const { path, status } of changes) {
    if (status === 'D') continue
    for (const part of prefixes(path)) {
      const link = links.get(fold(part))
      if (link !== undefined && link !== part) {
        found.push({ path, kind: 'symlink', reason: `differs only in case from the link ${link}` })
      }
    }
  }
  return found
}

function fold(path: string): string {
  return path.normalize('NFC').toLowerCase()
}

/** `a/b/c` gives `a`, `a/b`, `a/b/c`. */
function prefixes(path: string): string[] {
  const parts = path.split('/')
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

/** A folder with HEAD, config, objects and refs is a repository to git: git obeys its config when it is entered. */
function bareRepositories(changes: readonly ChangedFile[]): Violation[] {
  const paths = changes.filter((change) => change.status !== 'D').map((change) => change.path)
  const known = new Set(paths)
  return paths
    .filter((path) => path === 'HEAD' || path.endsWith('/HEAD'))
    .filter((path) => {
      const folder = path.slice(0, -'HEAD'.length)
      const has = (name: string) => paths.some((other) => other.startsWith(`${folder}${name}/`))
      return known.has(`${folder}config`) && has('objects') && has('refs')
    })
    .map((path) => ({ path, kind: 'repository' as const, reason: 'makes its folder a git repository of its own' }))
}
