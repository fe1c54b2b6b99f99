/** The key of a set-up step: the same key makes the same files. */

import { createHash } from 'node:crypto'
import { matchesGlob } from 'node:path'
import type { Settings } from '../../config/settings.ts'
import { validPath } from '../../git/names.ts'
import type { Sha } from '../../lib/ids.ts'

/** The methods of a bare clone that are needed here. */
export interface TreeReader {
  listFiles(commit: Sha): Promise<string[]>
  readFile(commit: Sha, path: ReturnType<typeof validPath>, maxBytes?: number): Promise<string | undefined>
}

/** Files by which package managers know what to install. */
const lockFiles = new Set([
  ...['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb', 'deno.lock'],
  ...['Cargo.lock', 'go.sum', 'Gemfile.lock', 'composer.lock', 'mix.lock', 'pubspec.lock', 'Package.resolved'],
  ...['poetry.lock', 'uv.lock', 'pdm.lock', 'Pipfile.lock', 'requirements.txt', 'conda-lock.yml', 'flake.lock'],
  ...['packages.lock.json', 'gradle.lockfile', 'Podfile.lock'],
])

/** Of more, the rest does not count: a repository with so many should name its own. */
const mostFiles = 200
const largestFile = 32 * 2 ** 20

/**
 * The key of a commit.
 * @returns hexadecimal digits; they change with the command, with what it makes, and with the files that decide it.
 */
export async function setUpKeyOf(tree: TreeReader, commit: Sha, { run, cache }: Settings['setup']): Promise<string> {
  const hash = createHash('sha256')
  // Programs that are built for one machine do not run on another one.
  hash.update(JSON.stringify(['1', process.platform, process.arch, run, cache.paths]))
  const decides = (path: string) =>
    cache.key.length > 0
      ? cache.key.some((pattern) => matchesGlob(path, pattern))
      : lockFiles.has(path.split('/').at(-1) ?? '')
  const files = (await tree.listFiles(commit)).filter(decides).sort().slice(0, mostFiles)
  for (const path of files) {
    const text = await tree.readFile(commit, validPath(path), largestFile)
    hash.update(
      JSON.stringify([
        path,
        createHash('sha256')
          .update(text ?? '')
          .digest('hex'),
      ]),
    )
  }
  return hash.digest('hex').slice(0, 32)
}
