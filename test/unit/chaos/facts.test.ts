/** What a chaos run counts at the end, and what it looks at on the way. */

import { expect, test } from 'vitest'
import { countFacts, pullsOf, watchRest } from '../../../scripts/chaos/facts.ts'
import type { IssueRecord, RepositoryRecord } from '../../../src/playground/github/model.ts'

const status = (text: string) => ({ body: `<!-- tutti:status:1 -->\n${text}` })
const doneStatus = status('▰▰▰▰▰ Done')

/** Two repositories that have only what is counted. */
function place() {
  const homes = new Map<IssueRecord, RepositoryRecord>()
  const repositories = ['one', 'two'].map(
    (name) => ({ name, issues: new Map(), refs: new Map(), lastNumber: 0 }) as unknown as RepositoryRecord,
  )
  const issues: IssueRecord[] = []
  function put(repository: RepositoryRecord, record: object): IssueRecord {
    const number = ++repository.lastNumber
    const issue = { state: 'open', body: '', comments: [], ...record, number } as unknown as IssueRecord
    repository.issues.set(number, issue)
    return issue
  }
  return {
    repositories,
    issues,
    repositoryOf: (issue: IssueRecord) => homes.get(issue) as RepositoryRecord,
    addIssue(index: number, record: object = {}): IssueRecord {
      const repository = repositories[index] as RepositoryRecord
      const issue = put(repository, record)
      homes.set(issue, repository)
      issues.push(issue)
      return issue
    },
    addPull: (index: number, issue: IssueRecord, mergedAt: Date | null) =>
      put(repositories[index] as RepositoryRecord, { body: `Closes #${issue.number}\n`, pull: { mergedAt } }),
  }
}

function finish(issue: IssueRecord): void {
  Object.assign(issue, { state: 'closed', comments: [doneStatus] })
}

test('an issue that is merged once, closed and said to be done counts as nothing wrong', () => {
  const world = place()
  const issue = world.addIssue(0)
  world.addPull(0, issue, new Date())
  finish(issue)
  expect(countFacts(world)).toEqual({ merged: 1, resting: 1, lost: 0, doubled: 0, stuck: 0, details: [] })
})

test('second pull requests, merges and status comments are doubled; a branch that is left is stuck', () => {
  const world = place()
  const issue = world.addIssue(0)
  world.addPull(0, issue, new Date())
  world.addPull(0, issue, new Date())
  finish(issue)
  issue.comments.push(doneStatus as IssueRecord['comments'][number])
  world.repositories[0]?.refs.set('refs/heads/module/issue-1', 'sha' as never)
  expect(countFacts(world)).toMatchObject({ merged: 1, resting: 0, doubled: 3, stuck: 1 })
})

test('silence is lost, and a held issue rests but is stuck', () => {
  const world = place()
  world.addIssue(0)
  world.addIssue(1, { comments: [status('**Held: needs a person**')] })
  expect(countFacts(world)).toMatchObject({ merged: 0, resting: 1, lost: 1, stuck: 1 })
})

test('pull requests are those of the own repository, also those that come later', () => {
  const world = place()
  const [one, two] = [world.addIssue(0), world.addIssue(1)]
  const first = world.addPull(0, one, null)
  expect([pullsOf(world, one), pullsOf(world, two)]).toEqual([[first], []])
  const second = world.addPull(0, one, null)
  expect(pullsOf(world, one)).toEqual([first, second])
})

test('the watch counts what rests, and takes up issues that are written later', () => {
  const world = place()
  const resting = watchRest(world)
  expect(resting()).toBe(0)
  const [one, two] = [world.addIssue(0), world.addIssue(1)]
  world.addPull(0, one, new Date())
  expect(resting()).toBe(0)
  finish(one)
  expect(resting()).toBe(1)
  world.addPull(1, two, new Date())
  finish(two)
  expect(resting()).toBe(2)
})
