/** Lists change while they are read page by page: what slips from one page to the one before is in none of the answers. */

import { beforeEach, describe, expect, test } from 'vitest'
import { repositories } from '../../../../src/db/schema/repositories.ts'
import { reconcile } from '../../../../src/reconcile/reconcile.ts'
import { commit } from '../../../support/fake-github.ts'
import { Stage, theStore } from '../../../support/webhook-stage.ts'

describe('a list that lacks what is there', () => {
  beforeEach(async () => {
    await theStore().db.update(repositories).set({ state: 'gone' })
  })

  /** Lists of this repository leave out one issue or pull request, as often as `rounds` says. */
  function leavingOut(
    stage: Stage,
    number: number,
    list: 'issuesLabelled' | 'openIssues' | 'openPulls',
  ): { on: boolean } {
    const lacking = { on: true }
    const read = stage.github.repository.bind(stage.github)
    stage.github.repository = (repo) => {
      const reader = read(repo)
      const without = async <One extends { number: number }>(all: Promise<One[]>) =>
        (await all).filter((one) => !lacking.on || one.number !== number)
      if (list === 'openPulls') return { ...reader, openPulls: () => without(reader.openPulls()) }
      if (list === 'openIssues') return { ...reader, openIssues: () => without(reader.openIssues()) }
      return { ...reader, issuesLabelled: (label) => without(reader.issuesLabelled(label)) }
    }
    return lacking
  }

  test('work under way goes on: an issue that no list names is asked about by its number', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('reviewing')
    leavingOut(stage, item.issueNumber, 'issuesLabelled')
    expect(await reconcile(stage.parts)).toEqual([])
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'reviewing' })
  })

  test('among many as well, where all open issues are read as one list', async () => {
    const stage = await Stage.open()
    const items = []
    for (let count = 0; count < 22; count++) items.push(await stage.issueIn('queued'))
    const [first] = items
    if (!first) throw new Error('there is no issue')
    const numbers = new Set(items.map(({ issueNumber }) => issueNumber))
    const read = stage.github.repository.bind(stage.github)
    // Queued by a command, so that no list of labelled issues names them.
    stage.github.repository = (repo) => {
      const reader = read(repo)
      return {
        ...reader,
        issuesLabelled: async (label) =>
          (await reader.issuesLabelled(label)).filter(({ number }) => !numbers.has(number)),
        openIssues: async () => (await reader.openIssues()).filter(({ number }) => number !== first.issueNumber),
      }
    }
    await reconcile(stage.parts)
    expect(await stage.item(first.issueNumber)).toMatchObject({ state: 'queued' })
  })

  test('a new issue that slipped through is found by the next look', async () => {
    const stage = await Stage.open()
    const issue = stage.people.createIssue(stage.outsider)
    stage.people.label(issue.number, 'tutti', stage.maintainer)
    const lacking = leavingOut(stage, issue.number, 'issuesLabelled')
    await reconcile(stage.parts)
    expect(await stage.maybeItem(issue.number)).toBeUndefined()
    lacking.on = false
    await reconcile(stage.parts)
    expect(await stage.item(issue.number)).toMatchObject({ state: 'queued' })
  })

  test('a pull request that no list names is open as before', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('reviewing')
    const pull = await stage.pullOf(item, commit())
    leavingOut(stage, pull.number, 'openPulls')
    await reconcile(stage.parts)
    expect(await stage.pullRow(pull.number)).toMatchObject({ state: 'open' })
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'reviewing' })
  })
})
