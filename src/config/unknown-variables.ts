/** Variables that look like ours and are not read: a typing mistake in one would otherwise do nothing, in silence. */

import { didYouMean, editDistance } from '../lib/did-you-mean.ts'
import { variableNames } from './env.ts'
import { secretVariables } from './secret-variables.ts'

/** A variable that is set and not read. */
export interface UnknownVariable {
  name: string
  /** The one that was meant, if any is near. */
  meant: string | undefined
}

/** Read by what we are built on, or by other parts of the program. */
const readElsewhere = ['WEBHOOK_PROXY_URL', 'GH_ORG', 'GITHUB_CLIENT_ID', 'GITHUB_CLIENT_SECRET']
/** Words that no other program's variables begin with. */
const prefixes =
  /^(?:TUTTI|SANDBOX|KEEP|HEARTBEAT|LOCK_WAIT|SPARE|TIDY|SWEEP|IDLE_SWEEP|MAX_AGENTS|MAX_SPEND|MEMORY_PER|SHARE_DATA|DEPENDENCY_CACHE|MIN_FREE|API_LIMIT)_/
/** A shorter name of another program is near one of ours by chance. */
const leastLength = 6

/**
 * Finds them.
 * @param source every variable that is set.
 */
export function unknownVariables(source: Readonly<Record<string, string | undefined>>): UnknownVariable[] {
  const known = [...variableNames(), ...readElsewhere, ...secretVariables.map((name) => `${name}_FILE`)]
  return Object.keys(source)
    .filter((name) => source[name] !== undefined && !known.includes(name) && !secretVariables.includes(name))
    .flatMap((name) => {
      const near = name.length < leastLength ? undefined : nearest(name, known)
      return near || prefixes.test(name) ? [{ name, meant: near ?? didYouMean(name, known) }] : []
    })
}

/** Ours that differs from a name by two letters at most (one in a short name), or by the underscores, or by our name before it. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const bare = name.toUpperCase().replace(/^TUTTI_/, '')
  const near = didYouMean(bare, known)
  if (near === undefined) return undefined
  const [one, other] = [bare, near].map((text) => text.replaceAll('_', '')) as [string, string]
  return editDistance(one, other) <= (near.length < 8 ? 1 : 2) ? near : undefined
}
