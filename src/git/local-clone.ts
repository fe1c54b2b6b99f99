/** A person's own clone, for `tutti checkout`: their git, their settings, their credentials. */

import { type SimpleGit, simpleGit } from 'simple-git'
import type { BranchName } from './names.ts'

/** A clone, and the remote in it that is the repository. */
export interface LocalClone {
  git: SimpleGit
  remote: string
}

/**
 * Finds the clone that a folder is in.
 * @param repository `owner/name`.
 * @returns `remotes` where none of them is the repository; undefined where the folder is in no clone.
 */
export async function findLocalClone(
  folder: string,
  repository: string,
): Promise<LocalClone | { remotes: string[] } | undefined> {
  const git = simpleGit(folder)
  if (!(await git.checkIsRepo())) return undefined
  const remotes = await git.getRemotes(true)
  const wanted = `/${repository.toLowerCase()}`
  const found = remotes.find(({ refs }) => {
    const url = refs.fetch
      .toLowerCase()
      .replace(/\/+$/, '')
      .replace(/\.git$/, '')
    // `git@github.com:owner/name` has a colon there.
    return url.replace(/:(?=[^/]+\/[^/]+$)/, '/').endsWith(wanted)
  })
  return found ? { git, remote: found.name } : { remotes: remotes.map(({ name, refs }) => `${name} ${refs.fetch}`) }
}

/**
 * Fetches a branch and switches to it. A local branch of that name is only moved forward.
 * @returns `differs` where it has commits of its own: nothing was changed then.
 * @throws {Error} with git's words where it cannot be fetched, or changed files are in the way.
 */
export async function switchToBranch({ git, remote }: LocalClone, branch: BranchName): Promise<'switched' | 'differs'> {
  await git.fetch([remote, `+refs/heads/${branch}:refs/remotes/${remote}/${branch}`])
  const { all } = await git.branchLocal()
  if (!all.includes(branch)) {
    await git.raw(['switch', '--create', branch, '--track', `${remote}/${branch}`])
    return 'switched'
  }
  const ahead = await git.raw(['rev-list', '--count', `refs/remotes/${remote}/${branch}..refs/heads/${branch}`])
  if (Number(ahead) > 0) return 'differs'
  await git.raw(['switch', branch])
  await git.raw(['merge', '--ff-only', `refs/remotes/${remote}/${branch}`])
  return 'switched'
}
