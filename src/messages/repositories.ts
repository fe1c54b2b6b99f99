/** What people read about a repository: its settings files, and a base branch or a whole repository that is gone. */

import { singleLine } from '../lib/sanitise.ts'

export const baseBranchWasDeleted = (branch: string) =>
  `The base branch \`${singleLine(branch)}\` was deleted. Bring it back or set \`branches.base\`, then say \`/retry\`.`
/** @param problem which branch is not there, without a stop. @param then the command that goes on. */
export const baseBranchMissing = (problem: string, then: '/retry' | '/roadmap import') =>
  `${problem}. Bring it back or set \`branches.base\`, then say \`${then}\`.`
/** The same for a pull request: its base is the branch that the item was built for. */
export const pullRequestBaseMissing = (problem: string) => `${problem}. Bring it back, then say \`/retry\`.`

export const repositoryGone = (why: string) => `${why} When the app may work here again, say \`/retry\`.`
export const noAccessToRepository = 'The app has no access to this repository any more.'

/** Two files hold settings. @param used the one that counts. */
export const twoSettingsFiles = (used: string, other: string) =>
  `\`${used}\` counts; \`${other}\` is not read. Delete one of the two.`

export const notALoopFile = (path: string) =>
  `\`${path}\` is not read: a loop is a file \`<name>.md\` with a name of lower-case letters, digits and dashes.`
