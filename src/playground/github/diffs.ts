/** What a branch changes: files, line counts and patches, as GitHub lists them for a pull request. */

import type { Git } from './git.ts'
import type { ObjectId } from './sha.ts'

export interface DiffFile {
  /** Blob id on the new side, or on the old side of a removed file. */
  blob: string
  path: string
  previousPath?: string
  status: 'added' | 'removed' | 'modified' | 'renamed' | 'changed'
  additions: number
  deletions: number
  /** Missing for a binary file, as on GitHub. */
  patch?: string
}

/** Files that differ between the merge base of the two commits and `head` (git's three dots). */
export async function diffFiles(git: Git, path: string, base: ObjectId, head: ObjectId): Promise<DiffFile[]> {
  const range = `${base}...${head}`
  const [names, patches] = await Promise.all([
    git.run(path, ['diff', '-M', '--raw', '--numstat', '--abbrev=40', '-z', range, '--']),
    git.run(path, ['diff', '-M', '--no-color', '--no-ext-diff', range, '--']),
  ])
  const files = parseNames(names.stdout)
  const texts = patches.stdout.split(/^diff --git /m).slice(1)
  for (const [at, file] of files.entries()) {
    const text = texts[at] ?? ''
    const start = text.search(/^@@ /m)
    if (start >= 0) file.patch = text.slice(start).replace(/\n$/, '')
  }
  return files
}

/** Totals of the same diff. */
export async function diffTotals(
  git: Git,
  path: string,
  base: ObjectId,
  head: ObjectId,
): Promise<{ additions: number; deletions: number; changedFiles: number }> {
  const { stdout } = await git.run(path, ['diff', '-M', '--shortstat', `${base}...${head}`, '--'])
  const number = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1] ?? 0)
  return {
    changedFiles: number(/(\d+) files? changed/),
    additions: number(/(\d+) insertion/),
    deletions: number(/(\d+) deletion/),
  }
}

/** `--raw --numstat -z` prints all raw records first (each starting with a colon), then all counts, in the same order. */
function parseNames(text: string): DiffFile[] {
  const parts = text.split('\x00')
  const files: DiffFile[] = []
  let at = 0
  while (parts[at]?.startsWith(':')) {
    const [, , oldBlob = '', newBlob = '', code = ''] = (parts[at] ?? '').split(' ')
    const renamed = code.startsWith('R') || code.startsWith('C')
    const first = parts[at + 1] ?? ''
    files.push({
      blob: code === 'D' ? oldBlob : newBlob,
      path: renamed ? (parts[at + 2] ?? '') : first,
      ...(renamed ? { previousPath: first } : {}),
      status: statusOf(code),
      additions: 0,
      deletions: 0,
    })
    at += renamed ? 3 : 2
  }
  for (const file of files) {
    const [additions, deletions, name] = (parts[at] ?? '').split('\t')
    // A binary file counts as "-".
    file.additions = Number(additions) || 0
    file.deletions = Number(deletions) || 0
    // A rename has an empty name here, and old and new name follow.
    at += name === '' ? 3 : 1
  }
  return files
}

function statusOf(code: string): DiffFile['status'] {
  switch (code[0]) {
    case 'A':
      return 'added'
    case 'D':
      return 'removed'
    case 'R':
      return 'renamed'
    case 'T':
      return 'changed'
    default:
      return 'modified'
  }
}
