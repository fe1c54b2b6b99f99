/**
 * Commit messages made from what people wrote in titles. GitHub acts on words in them: `fixes #1` closes an issue once
 * the commit is on the default branch, and `[skip ci]` keeps every workflow from running.
 */

import { firstCharacters } from '../lib/sanitise-text.ts'

/** Longest subject that is kept; GitHub folds what is past 72 characters. */
const longestSubject = 200

/** GitHub's closing keywords ("Linking a pull request to an issue"). */
const closing = String.raw`\b(?<word>close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?<gap>\s*:?\s+)`
const repository = String.raw`(?<repository>[\w.-]+/[\w.-]+)`
const number = String.raw`(?<number>\d+)`
const ownIssue = new RegExp(`${closing}(?:#|GH-)${number}`, 'gi')
const otherIssue = new RegExp(`${closing}${repository}#${number}`, 'gi')
const issueAddress = new RegExp(`${closing}https?://[^\\s/]+/${repository}/(?:issues|pull)/${number}`, 'gi')

/**
 * The marks that make CI pass a commit over: GitHub Actions, GitLab, Travis, Azure, CircleCI, AppVeyor and others
 * ("Skipping workflow runs").
 */
const skips: readonly (readonly [RegExp, string])[] = [
  [/\[\s*((?:skip|no)[\s-]+[\w -]{1,30}|[\w-]{1,30}[\s-]+skip)\s*\]/gi, '($1)'],
  [/\*{3}\s*NO_CI\s*\*{3}/gi, '(no CI)'],
  [/^(\s*)(skip-checks|ci-skip)\s*:\s*/gim, '$1$2 '],
]

/** Text for a commit message in which nothing closes an issue and nothing keeps CI from running. */
export function quietCommitText(text: string): string {
  const unlinked = text
    .replace(issueAddress, '$<word>$<gap>$<repository> issue $<number>')
    .replace(otherIssue, '$<word>$<gap>$<repository> issue $<number>')
    .replace(ownIssue, '$<word>$<gap>issue $<number>')
  return skips.reduce((quiet, [pattern, instead]) => quiet.replace(pattern, instead), unlinked)
}

/** A title as the subject of a commit, on one line. */
export function commitSubject(title: string): string {
  const line = quietCommitText(title.replace(/[\s\p{Cc}]+/gu, ' ').trim())
  return line.length <= longestSubject ? line : `${firstCharacters(line, longestSubject - 1)}…`
}

/** Who a commit is made by. */
interface Signer {
  name: string
  email: string
}

/** The message of an agent's commit. @param work.agent its name and kind, for the trailer. @param signedOffBy who takes responsibility for it (DCO), where settings ask */
export function commitMessage(
  work: { title: string; issueNumber: number; attempt: number; agent: string },
  signedOffBy?: Signer,
): string {
  const agent = `Agent: ${work.agent.replace(/[\s\p{Cc}]+/gu, ' ').trim()}`
  const facts = [`Issue: #${work.issueNumber}`, `Attempt: ${work.attempt}`, agent, ...trailer(signedOffBy)]
  return `${commitSubject(work.title)}\n\n${facts.join('\n')}`
}

/** The subject and the body of a merge. */
export function mergeMessage(
  work: { title: string; issueNumber: number; pullNumber: number; approvedBy: readonly string[] },
  signedOffBy?: Signer,
): { subject: string; body: string } {
  const facts = [`Issue: #${work.issueNumber}`, `Approved by: ${work.approvedBy.join(', ')}`, ...trailer(signedOffBy)]
  return { subject: `${commitSubject(work.title)} (#${work.pullNumber})`, body: facts.join('\n') }
}

function trailer(signer: Signer | undefined): string[] {
  return signer ? [`Signed-off-by: ${signer.name} <${signer.email}>`] : []
}
