/** What is wrong with a variable, in words for whoever set it: which one, what it is, what it must be. */

import type { z } from 'zod'
import { secretVariables } from './secret-variables.ts'

type Issue = z.core.$ZodIssue

/** The longest value that is shown. */
const mostShown = 60

/**
 * One sentence for each problem.
 * @param source the environment that was checked.
 */
export function problemsOf(issues: readonly Issue[], source: Readonly<Record<string, string>>): string[] {
  const said = issues.map((issue) => {
    const name = String(issue.path[0] ?? '')
    const demand = demandOf(issue)
    return `${name} ${isState(name, source[name])}: ${demand.startsWith('must') ? `it ${demand}` : demand}`
  })
  return [...new Set(said)]
}

function isState(name: string, value: string | undefined): string {
  if (value === undefined) return 'is not set'
  if (secretVariables.includes(name)) return 'cannot be used'
  return `is "${value.length > mostShown ? `${value.slice(0, mostShown)}…` : value}"`
}

function demandOf(issue: Issue): string {
  if (issue.code === 'invalid_type') return issue.expected === 'int' ? 'must be a whole number' : 'must be a number'
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String).filter(Boolean)
    if (values.includes('true')) return 'must be true or false'
    return `must be ${values.length > 1 ? `${values.slice(0, -1).join(', ')} or ` : ''}${values.at(-1)}`
  }
  if (issue.code === 'too_small' && !hasOwnWords(issue))
    return issue.inclusive === false ? `must be more than ${issue.minimum}` : `must be ${issue.minimum} at least`
  if (issue.code === 'too_big' && !hasOwnWords(issue)) return `must be ${issue.maximum} at most`
  if (issue.code === 'invalid_format' && issue.format === 'url') return 'must be an address such as https://example.com'
  return issue.message
}

/** A message of ours begins with what must be; the validator's own do not. */
function hasOwnWords({ message }: Issue): boolean {
  return message.startsWith('must')
}
