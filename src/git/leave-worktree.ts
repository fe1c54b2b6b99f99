/** Leaves a worktree to an agent that cannot be ended for certain: its branch goes on in another tree. */

import { join } from 'node:path'
import { isDirectory, replaceFile } from './files.ts'
import { branchHead } from './history.ts'
import type { BareRepository } from './repository.ts'
import { readRecord, type Worktree, writeRecord } from './worktree-records.ts'

/**
 * From now on nothing is committed from this tree, and its branch can have another one. The files stay until
 * `removeWorktree`, which keeps what is not committed on a rescue ref. Done twice, or where there is no such tree, it
 * changes nothing.
 */
export async function leaveWorktree(
  repository: BareRepository,
  worktree: Pick<Worktree, 'path' | 'branch'>,
): Promise<void> {
  await repository.locks.runExclusive(`branch ${worktree.branch}`, async () => {
    const record = await readRecord(repository, worktree.path)
    const tip = await branchHead(repository, worktree.branch)
    if (!record || !tip || record.branch !== worktree.branch || record.left || record.removing) return
    await writeRecord({ ...record, left: { at: tip } })
    // git gives a branch to one tree only, and reads from HEAD which branch that is.
    if (!record.scratch && (await isDirectory(record.gitDir)))
      await replaceFile(join(record.gitDir, 'HEAD'), `${tip}\n`, 0o644)
  })
}
