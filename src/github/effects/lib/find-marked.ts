/** Finds what we have written, when its answer was lost. */

import type { EffectContext } from './handler.ts'
import { marker } from './marker.ts'

/** What is looked through: comments and reviews. */
interface Written {
  id: number
  body?: string | null
  user?: { login?: string } | null
}

/**
 * The first text of the app itself that bears the marker of this effect.
 * @param pages as `octokit.paginate.iterator` gives them.
 * @param options.single there is one text of this kind on an issue: the numbers in its marker may differ after a restore.
 * @throws {RetryAfter} where there is none, while an earlier attempt may still be under way.
 */
export async function findMarked<Item extends Written>(
  pages: AsyncIterable<{ data: Item[] }>,
  { key, botLogin, notFound }: Pick<EffectContext, 'key' | 'botLogin' | 'notFound'>,
  { single = false }: { single?: boolean } = {},
): Promise<Item | undefined> {
  const plain = (text: string) => (single ? text.replaceAll(/:\d+(?=[: ])/g, ':#') : text)
  const sought = plain(marker(key))
  for await (const { data } of pages) {
    const mine = data.find(({ user, body }) => user?.login === botLogin && plain(body ?? '').includes(sought))
    if (mine) return mine
  }
  notFound()
  return undefined
}
