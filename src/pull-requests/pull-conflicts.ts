/** The forecast of a repository by the numbers of its pull requests, as people name them. */

import type { Database } from '../db/connect.ts'
import { forecastsOf } from '../db/forecasts.ts'
import { openPullRows } from '../db/pull-requests.ts'
import type { ConflictPair } from '../domain/forecast.ts'

/** The open pull requests of a repository, oldest first, and the pairs of them that conflict. */
export async function pullConflicts(
  db: Database,
  repositoryId: number,
): Promise<{ open: number[]; pairs: ConflictPair[] }> {
  const open = await openPullRows(db, repositoryId)
  const numbers = new Map(open.map((pull) => [pull.workItemId, pull.number]))
  const pairs = (await forecastsOf(db, repositoryId)).flatMap(({ oneId, otherId, paths }) => {
    const [one, other] = [numbers.get(oneId), numbers.get(otherId)]
    return one && other && paths.length > 0 ? [{ one, other, paths }] : []
  })
  return { open: open.map(({ number }) => number), pairs }
}
