/** Issues in the arguments of commands: how they are written, and how replies name them. */

import { type IssueReference, referencesIn } from '../../domain/dependency-lines.ts'
import type { IssueAddress } from '../../domain/github.ts'
import { issueKey, type ResolvedIssue } from '../../github/resolve-issues.ts'
import { UserError } from '../../lib/errors.ts'
import { isPullRequest, issueNotVisible } from '../../messages/commands/schedule.ts'
import type { CommandContext } from '../command.ts'

/** One issue as it may be written: `#12`, `12`, `owner/repo#3`, or its address. */
export const issueArgument =
  /^(?:#?\d{1,9}|[\w.-]+\/[\w.-]+#\d{1,9}|https?:\/\/[^\s/]+\/[\w.-]+\/[\w.-]+\/issues\/\d{1,9}\S*)$/

/** The issues that arguments name. Each argument matches `issueArgument`. */
export function issuesNamed(texts: readonly string[], repository: string): IssueReference[] {
  return texts.flatMap((text) => referencesIn(/^\d+$/.test(text) ? `#${text}` : text, repository))
}

/** An issue as people of this repository name it. */
export function issueName({ repo }: Pick<CommandContext, 'repo'>, { repository, number }: IssueAddress): string {
  return repository === repo.fullName.toLowerCase() ? `#${number}` : `${repository}#${number}`
}

/**
 * The issue that an argument names.
 * @throws {UserError} when the app cannot see it, or it is a pull request.
 */
export function mustBeIssue(context: CommandContext, issue: IssueReference): ResolvedIssue {
  const name = issueName(context, issue)
  const known = context.named?.get(issueKey(issue))
  if (!known || known.state === 'missing') throw new UserError(...issueNotVisible(name))
  if (known.issue?.isPullRequest) throw new UserError(...isPullRequest(name))
  return known
}
