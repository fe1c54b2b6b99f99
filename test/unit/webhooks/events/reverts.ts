/** Merges of ours that are taken back later: by a pushed commit, by GitHub's button, and brought back again. */

import { describe, expect, test } from 'vitest'
import { latestEntries } from '../../../../src/db/audit-log.ts'
import { commit } from '../../../support/fake-github.ts'
import { Stage } from '../../../support/webhook-stage.ts'

describe('reverts', () => {
  async function merged() {
    const stage = await Stage.open()
    const item = await stage.issueIn('reviewing')
    const { number } = await stage.pullOf(item, commit())
    await stage.deliver(stage.people.mergePull(number, stage.maintainer))
    const row = () => stage.pullRow(number)
    const { fullName } = stage.repository.facts
    const push = async (message: string, more: { id?: string; ref?: string } = {}) => {
      const { id = commit(), ref = 'refs/heads/main' } = more
      const commits = [{ id, message, added: [], modified: ['a.txt'], removed: [] }]
      const payload = { ref, after: id, deleted: false, commits }
      await stage.deliver(stage.people.hook('push', undefined, stage.maintainer, payload))
      return id
    }
    /** A pull request of a person is merged, in the words of GitHub's button. */
    const mergeOther = async (title: string, body: string) => {
      const pull = stage.people.openPull('revert', commit(), stage.maintainer)
      stage.people.changePull(pull.number, 'edited', stage.maintainer, { title, body })
      const row = await stage.deliver(stage.people.mergePull(pull.number, stage.maintainer))
      return { number: pull.number, note: row.note }
    }
    return { stage, item, number, row, fullName, push, mergeOther }
  }

  test('by a commit on its base; once, and not on another branch', async () => {
    const { stage, number, row, push } = await merged()
    const { mergedSha } = await row()
    const message = `Revert "x"\n\nThis reverts commit ${mergedSha}.`
    await push(message, { ref: 'refs/heads/release' })
    expect((await row()).revertedAt).toBeNull()
    const id = await push(message)
    expect(await row()).toMatchObject({ state: 'merged', revertedBy: id, revertedAt: expect.any(Date) })
    const entries = await latestEntries(stage.store.db, (await stage.repo()).id, 50)
    expect(entries.find(({ what }) => what === 'reverted')?.detail.why).toBe(
      `The merge of #${number} was reverted by \`${id.slice(0, 7)}\`.`,
    )
    await push(message)
    expect((await row()).revertedBy).toBe(id)
    // What took it back is taken back itself.
    await push(`Reapply "x"\n\nThis reverts commit ${id}.`)
    expect(await row()).toMatchObject({ revertedAt: null, revertedBy: null })
  })

  test("by GitHub's button, whichever event comes first; only in this repository", async () => {
    const { number, row, fullName, push, mergeOther } = await merged()
    await mergeOther(`Revert "x"`, `Reverts other/${fullName.split('/')[1]}#${number}`)
    await mergeOther('Talks about it', `Reverts ${fullName}#${number}`)
    expect((await row()).revertedAt).toBeNull()
    await push(`Revert "x"\n\nReverts ${fullName.toUpperCase()}#${number}`)
    const revert = await mergeOther(`Revert "x"`, `Reverts ${fullName}#${number}`)
    expect(await row()).toMatchObject({ revertedBy: `#${revert.number}`, revertedAt: expect.any(Date) })
    const again = await mergeOther(`Revert "Revert "x""`, `Reverts ${fullName}#${revert.number}`)
    expect(again.note).toBe('a merge of ours is taken back, or brought back')
    expect((await row()).revertedAt).toBeNull()
  })
})
