/** Issues in the arguments of commands: how they are written, and how they are named in replies. */

import { type IssueReference, referencesIn } from '../../domain/dependency-lines.ts'
import type { IssueAddress } from '../../domain/github.ts'
import { issueKey, type ResolvedIssue } from '../../github/resolve-issues.ts'
import { UserError } from '../../lib/errors.ts'
import type { CommandContext } from '../command.ts'

/** One issue as it may be written: `#12`, `12`, `owner/repo#3`, or its address. */
export const issueArgument =
  /^(?:#?\d{1,9}|[\w.-]+\/[\w.-]+#\d{1,9}|https?:\/\/[^\s/]+\/[\w.-]+\/[\w.-]+\/issues\/\d{1,9}\S*)$/

/** What is said when an argument names no issue. */
export const notAnIssue = 'an issue is written `#12` or `owner/repo#3`'

/** The issues that words name, which have passed `writtenIssue`. */
export function issuesNamed(words: readonly string[], repository: string): IssueReference[] {
  return words.flatMap((word) => referencesIn(/^\d+$/.test(word) ? `#${word}` : word, repository))
}

/** An issue as people of this repository name it. */
export function issueName({ repo }: Pick<CommandContext, 'repo'>, { repository, number }: IssueAddress): string {
  return repository === repo.fullName.toLowerCase() ? `#${number}` : `${repository}#${number}`
}

/**
 * What an issue is that an argument names.
 * @throws {UserError} when nobody can see it, or it is a pull request.
 */
export function mustBeIssue(context: CommandContext, issue: IssueReference): ResolvedIssue {
  const name = issueName(context, issue)
  const known = context.named?.get(issueKey(issue))
  if (!known || known.state === 'missing') {
    throw new UserError(
      `${name} does not exist, or cannot be seen from here.`,
      'Check the number; where it is in another repository, install the app there.',
    )
  }
  if (known.issue?.isPullRequest) throw new UserError(`${name} is a pull request.`, 'Name the issue that it is about.')
  return known
}
