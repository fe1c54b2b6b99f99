/** Keeps the matrix of conflicts among open module branches, and warns the owners of both early. */

import type { Tx } from '../db/connect.ts'
import { openFootprints } from '../db/footprints.ts'
import { type ForecastRow, forecastsOf, keepForecasts, type NewForecast, saveForecasts } from '../db/forecasts.ts'
import { openPullRows, type PullRow } from '../db/pull-requests.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { requestRoadmapComments, requestStatusComment } from '../db/status-comment.ts'
import { itemsByIds } from '../db/work-items.ts'
import { sharedPairs } from '../domain/forecast.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { sha } from '../lib/ids.ts'
import type { PullRequestContext } from './context.ts'

/** Tries the merges of all pairs that share files and whose heads have moved, with git alone. */
export async function updateForecasts(
  { store }: PullRequestContext,
  repo: RepositoryRow,
  control: BareClone,
): Promise<void> {
  const open: PullRow[] = []
  for (const pull of await openPullRows(store.db, repo.id)) if (await control.resolve(pull.headSha)) open.push(pull)
  const heads = new Map(open.map((pull) => [pull.workItemId, pull.headSha]))
  const footprints = await openFootprints(store.db, [...heads.keys()])
  const shared = sharedPairs([...heads.keys()].map((id) => ({ id, paths: footprints.get(id)?.observed ?? [] })))
  const before = new Map((await forecastsOf(store.db, repo.id)).map((row) => [keyOf(row.oneId, row.otherId), row]))
  const pairs = shared
    .map(([oneId, otherId]) => ({ oneId, otherId, oneSha: heads.get(oneId) ?? '', otherSha: heads.get(otherId) ?? '' }))
    .filter((pair) => !isKnown(before.get(keyOf(pair.oneId, pair.otherId)), pair))
  const results = await control.forecastPairs(pairs.map(({ oneSha, otherSha }) => [sha(oneSha), sha(otherSha)]))
  const rows = pairs.map((pair, at) => {
    const result = results[at]
    return { ...pair, repositoryId: repo.id, paths: result && !result.clean ? result.conflicts : [] }
  })
  await store.transaction(async (tx) => {
    const gone = await keepForecasts(tx, repo.id, [...heads.keys()])
    await saveForecasts(tx, rows)
    const changed = rows.filter((row) => hasChanged(before.get(keyOf(row.oneId, row.otherId)), row))
    await warn(tx, repo, [...changed, ...gone])
  })
}

const keyOf = (one: number, other: number) => `${one}:${other}`

function isKnown(row: ForecastRow | undefined, pair: Pick<NewForecast, 'oneSha' | 'otherSha'>): boolean {
  return row?.oneSha === pair.oneSha && row.otherSha === pair.otherSha
}

/** Only whether there is a conflict: the files of one change with every push. */
function hasChanged(before: ForecastRow | undefined, { paths }: NewForecast): boolean {
  return (before?.paths ?? []).length > 0 !== paths.length > 0
}

/** Both see it in their status comment, and the roadmaps above them in theirs. */
async function warn(
  tx: Tx,
  repo: RepositoryRow,
  pairs: readonly Pick<NewForecast, 'oneId' | 'otherId'>[],
): Promise<void> {
  const ids = [...new Set(pairs.flatMap(({ oneId, otherId }) => [oneId, otherId]))].toSorted((a, b) => a - b)
  for (const item of await itemsByIds(tx.db, ids)) {
    if (item.state === 'done' || item.state === 'cancelled') continue
    await requestStatusComment(tx, item, 'soon')
    await requestRoadmapComments(tx, repo, item)
  }
}
