/** Replies of `/take-over`, and what `tutti checkout` says. */

import { type CommandRefusal, endedAttempt } from './common.ts'
import { typed } from './typed.ts'

export const nothingToTakeOver: CommandRefusal = [
  'Nothing of it is on GitHub yet, so there is nothing to take over.',
  'Its branch is pushed once the gates have passed or a person is needed; with `pullRequests.drafts` it is there from the first commit.',
]

interface TakenOver {
  repository: string
  issue: number
  branch: string
  pullRequest: number
  run: { attempt: number; agent: string; progress: string } | undefined
}

export function takenOver({ repository, issue, branch, pullRequest, run }: TakenOver, prefix: string): string {
  const ended = run ? ` It stops ${endedAttempt(run)}; what was changed is kept.` : ''
  const resume = typed('resume', prefix)
  return `Yours: no agent works on it until you say ${resume}.${ended} Its branch is \`${branch}\`, of #${pullRequest}: \`tutti checkout ${repository}#${issue}\` in your clone, or \`git fetch origin && git switch ${branch}\`. Push, then say ${resume}: the gates judge what you have pushed.`
}

export const noCloneHere = (folder: string) =>
  [`${folder} is no clone of a git repository`, 'Change to your clone of the repository first.'] as const
export const cloneOfAnother = (repository: string, remotes: readonly string[]) =>
  [
    `no remote of this clone is ${repository}: ${remotes.join(', ') || 'it has none'}`,
    'Change to your clone of that repository, or add it with git remote add.',
  ] as const
export const localBranchDiffers = (branch: string, remote: string) =>
  [
    `your branch ${branch} has commits that ${remote}/${branch} does not have`,
    `git rebase ${remote}/${branch} puts them on top; nothing was changed in this clone, and the issue is paused.`,
  ] as const
export const switchRefused = (what: string) =>
  [
    `git could not switch: ${what}`,
    'Commit or stash what you have changed, and try again; the issue stays paused.',
  ] as const
export const checkedOut = (branch: string, given: { remote: string; repository: string; issue: number }) =>
  `On ${branch} now. To give it back: git push ${given.remote} ${branch}, then tutti resume ${given.repository}#${given.issue}`
