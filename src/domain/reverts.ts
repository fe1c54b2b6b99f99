/** Which commits and pull requests a text takes back: in the words of `git revert`, and of GitHub's button. Pure. */

/** What one text takes back. */
export interface Reverts {
  /** Ids of commits, whole or their first digits. */
  commits: string[]
  /** Numbers of pull requests of the same repository. */
  pulls: number[]
}

/** A merged commit or pull request that takes others back. */
export interface RevertedBy extends Reverts {
  /** The id of the commit, or the pull request as `#12`. */
  by: string
}

/** A text names no more than this: an outsider may have written it. */
const most = 50

/**
 * Reads the message of a commit, or title and text of a pull request. GitHub's line `Reverts owner/name#12` counts below a
 * title `Revert "…"` alone.
 * @param repository `owner/name` in any case.
 */
export function revertsIn(text: string, repository: string): Reverts {
  const commits = [...text.matchAll(/^This reverts commit ([0-9a-f]{7,64})\b/gm)].map(([, id = '']) => id)
  const pulls = /^\s*Revert "/.test(text)
    ? [...text.matchAll(/^Reverts (?:([\w.-]+\/[\w.-]+))?#(\d{1,9})\b/gm)].flatMap(([, name = repository, number]) =>
        name.toLowerCase() === repository.toLowerCase() ? [Number(number)] : [],
      )
    : []
  return { commits: [...new Set(commits)].slice(0, most), pulls: [...new Set(pulls)].slice(0, most) }
}

/** Whether a text takes anything back. */
export function revertsAny({ commits, pulls }: Reverts): boolean {
  return commits.length + pulls.length > 0
}
