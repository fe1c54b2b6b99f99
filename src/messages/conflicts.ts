/** What people and agents read about a branch that is behind its base branch, or in conflict with it. */

import { counted } from '../lib/counted.ts'
import { singleLine } from '../lib/sanitise.ts'
import { commitName } from './gates.ts'

/** More names than this do not help. */
const mostPaths = 10

const pathList = (paths: readonly string[]) => {
  const named = paths.slice(0, mostPaths).map((path) => `\`${singleLine(path)}\``)
  const more = paths.length - named.length
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

export const conflictFound = (base: string, paths: readonly string[]) =>
  `It conflicts with \`${base}\`${paths.length > 0 ? ` in ${pathList(paths)}` : ''}. An agent merges the two; the result needs a review of its own.`
export const broughtUpToDate = (base: string, baseSha: string, how: 'merge' | 'rebase') =>
  `\`${base}\` at ${commitName(baseSha)} was ${how === 'merge' ? 'merged into it' : 'made its new base'}; the gates judge the result, and it needs a new approval.`
export const isUpdated = 'It is brought up to date with its base branch first.'
export const alreadyUpToDate = 'It is up to date with its base branch. Say `/merge` to try once more.'

/** For a person, when no agent could merge the two. */
export function conflictForPerson(branch: string, base: string, paths: readonly string[]): string {
  return `\n\nIt conflicts with \`${base}\`${paths.length > 0 ? ` in ${pathList(paths)}` : ''}. To merge the two yourself:

\`\`\`sh
git fetch origin && git switch ${branch}
git merge origin/${base}
# mend the files, git add them, git commit
git push origin ${branch}
\`\`\`

Then say \`/resume\`. Or: \`/retry\` has an agent try again, \`/skip\` leaves the issue out, \`/unqueue\` gives it up.`
}

interface ConflictView {
  base: string
  /** `markers`: the files hold markers. */
  files: { path: string; hunks: string }[]
  ours: string[]
  theirs: string[]
  /** Files beyond those shown. */
  more: number
}

/** For the agent in whose tree the conflict is. */
export function conflictTask({ base, files, ours, theirs, more }: ConflictView): string {
  const parts = files.map(
    ({ path, hunks }) => `## ${path}\n\n${hunks ? indented(hunks) : 'One side deleted or renamed it.'}`,
  )
  return [
    `The base branch \`${base}\` has moved, and is being merged into yours. Both sides changed the same lines; the markers \`<<<<<<<\`, \`=======\` and \`>>>>>>>\` are in the files. Resolve every one of them so that the intent of both sides is kept, and remove the markers. The lines above \`=======\` are this branch's, those below are the base's.`,
    ours.length > 0 && `Commits of this branch:\n\n${list(ours)}`,
    theirs.length > 0 && `New commits of \`${base}\`:\n\n${list(theirs)}`,
    ...parts,
    more > 0 && `${counted(more, 'more file is', 'more files are')} in conflict; search for the markers.`,
  ]
    .filter(Boolean)
    .join('\n\n')
}

const list = (rows: readonly string[]) => rows.map((row) => `- ${row}`).join('\n')
const indented = (text: string) =>
  text
    .split('\n')
    .map((row) => `    ${row}`)
    .join('\n')
