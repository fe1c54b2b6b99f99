/** Who is asked for a review, as the settings name them. */

/** People and teams by the names that GitHub's API takes; `assignees`: also those whom the issue is assigned to. */
export interface Reviewers {
  people: string[]
  teams: string[]
  assignees: boolean
}

/** @param names logins, teams as `owner/team`, and `assignees`. */
export function reviewersOf(names: readonly string[]): Reviewers {
  const others = [...new Set(names)].filter((name) => name !== 'assignees')
  return {
    people: others.filter((name) => !name.includes('/')),
    teams: others.filter((name) => name.includes('/')).map((name) => name.slice(name.indexOf('/') + 1)),
    assignees: names.includes('assignees'),
  }
}
