/** What a tree holds and `.gitignore` keeps out of every commit. */

import { requireRecord } from './commit.ts'
import { type BareRepository, git } from './repository.ts'
import { gitignoreOnly } from './stage.ts'
import { indexFileOf, type Worktree } from './worktree-records.ts'

/** Made by tools in passing; to name them in every pull request would hide the file that matters. */
const byTools = new Set([
  ...['node_modules', '.venv', 'venv', '__pycache__', '.pytest_cache', '.mypy_cache', '.ruff_cache', '.tox', '.nox'],
  ...['.gradle', '.next', '.nuxt', '.turbo', '.cache', '.parcel-cache', '.svelte-kit', '.terraform', '.DS_Store'],
  ...['coverage', '.nyc_output', '.coverage', '.eslintcache', '.tsbuildinfo', '.bundle', '.idea', '.vscode'],
])

/** More would be read by no person. */
const most = 50

/**
 * Files and folders (ending with `/`) that are ignored, without what tools leave behind, at most 50.
 * @throws {OperatorError} when there is no such worktree.
 */
export async function listIgnored(
  repository: BareRepository,
  worktree: Pick<Worktree, 'path' | 'branch'>,
): Promise<string[]> {
  const { record } = await requireRecord(repository, worktree)
  const args = ['ls-files', '-z', '-o', '-i', '--directory', gitignoreOnly]
  const { stdout } = await git(repository, args, { index: indexFileOf(record), workTree: record.path, cut: true })
  const paths = stdout.toString('utf8').split('\0')
  paths.pop()
  return paths.filter((path) => !isByTools(path)).slice(0, most)
}

function isByTools(path: string): boolean {
  return /\.(?:pyc|pyo|swp|log|tsbuildinfo)$/.test(path) || path.split('/').some((part) => byTools.has(part))
}
