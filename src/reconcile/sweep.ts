/** The search for what was missed, as one process makes it by the clock: lost deliveries, and drift. */

import type { Env } from '../config/env.ts'
import { newestDelivery } from '../db/deliveries.ts'
import { hasUnfinishedItems } from '../db/work-items.ts'
import { currentMs } from '../lib/clock.ts'
import { wantScheduledProposals } from '../roadmaps/want-proposals.ts'
import { Gardener } from '../work-items/garden.ts'
import type { Services } from '../work-items/services.ts'
import { warnOfBypass } from './bypass.ts'
import type { HandleComment } from './comments.ts'
import { Problems } from './problems.ts'
import { reconcile } from './reconcile.ts'
import { redeliverMissed, wasSweptSince } from './redeliver.ts'

/** What the search needs. */
export interface SweepServices extends Services {
  env: Env
  handleComment: HandleComment
}

/** What another process has looked at in this last share of the interval is not looked at again: GitHub counts all calls together. */
const sharedPart = 0.5

/**
 * Makes the rounds of one process. A round does nothing unless SWEEP_MINUTES have passed since the last one, or
 * IDLE_SWEEP_MINUTES while no work is open and no delivery comes in: an idle Tutti makes few calls. The first one looks at
 * everything; the later ones leave out what others have just looked at.
 * @returns makes a round, if it is time. What fails in it is logged, and comes again with the next one.
 */
export function createSweep(services: SweepServices): () => Promise<void> {
  const { store, env, log } = services
  const gardener = new Gardener(services)
  const problems = new Problems(log)
  let lastAt = 0
  let first = true
  let asked = false
  /** What was looked at since then is left out: a round that a pause has interrupted goes on where it was. */
  let since: Date | undefined
  return async () => {
    const now = currentMs()
    const newest = await newestDelivery(store.db)
    const busy = (await hasUnfinishedItems(store.db)) || (newest !== undefined && newest.getTime() > lastAt)
    const intervalMs = (busy ? env.SWEEP_MINUTES : env.IDLE_SWEEP_MINUTES) * 60_000
    if (now - lastAt < intervalMs) return
    lastAt = now
    since ??= new Date(first ? now : now - sharedPart * intervalMs)
    const lookedAt = since
    try {
      // Once; a first start knows its repositories from its second round on.
      if (!asked) asked = Boolean(await problems.alone('the rules of branches', () => warnOfBypass(services)))
      // Side by side: the list of deliveries may be long.
      const compare = async () => {
        await problems.alone('reconcile', () => reconcile(services, problems, lookedAt))
        await problems.alone('gardener', () => gardener.round())
        await problems.alone('proposals', () => wantScheduledProposals(services))
      }
      const redeliver = async () => {
        if (first || !(await wasSweptSince(store, lookedAt))) await redeliverMissed(services)
      }
      const redelivery = problems.alone('redelivery', redeliver)
      for (const ended of await Promise.allSettled([redelivery, compare()]))
        if (ended.status === 'rejected') throw ended.reason
      since = undefined
      first = false
    } catch (pause) {
      // GitHub wants no call for a while: then all of it, as soon as it may.
      problems.note('the search for missed events', pause)
      lastAt = 0
    }
  }
}
