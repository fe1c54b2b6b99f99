/** Finds blockers that were closed without an event. They can be in any repository. */

import { openDependencies, setBlockerState } from '../db/dependencies.ts'
import { isPart } from '../db/epics.ts'
import { getRepository, repositoryByName, servedRepositories } from '../db/repositories.ts'
import { type ItemRow, unfinishedItems } from '../db/work-items.ts'
import type { Services } from '../work-items/services.ts'
import type { Problems } from './problems.ts'
import type { Repairs } from './repairs.ts'

/**
 * Asks GitHub about every issue that an item still waits for, once for each. Our own unfinished items are compared
 * elsewhere, and a roadmap is read again as a whole: asking about a thousand parts would take a thousand calls.
 */
export async function reconcileBlockers(services: Services, problems: Problems): Promise<Repairs> {
  const { store, github } = services
  const items = new Map((await unfinishedItems(store.db)).map((item) => [item.id, item]))
  const known = await ownNames(services, items)
  const edges = (await openDependencies(store.db)).filter((edge) => edge.blocker === 'open')
  const asked = new Set<string>(known)
  const repairs: Repairs = []
  for (const edge of edges) {
    const { repository, issueNumber } = edge
    const dependent = items.get(edge.dependentId)
    const name = `${repository}#${issueNumber}`
    if (!dependent || asked.has(name) || (dependent.kind === 'epic' && isPart(edge))) continue
    asked.add(name)
    const own = await repositoryByName(store.db, repository)
    const from = await getRepository(store.db, dependent.repositoryId)
    if (!from || from.state === 'gone' || own?.state === 'gone') continue
    const where = own ?? { fullName: repository, installationId: from.installationId }
    const read = () => github.repository(where).issue(issueNumber)
    const issue = await problems.alone(`${name}, which something waits for`, read)
    if (issue?.state !== 'closed') continue
    await store.transaction((tx) => setBlockerState(tx, repository, issueNumber, 'closed'))
    repairs.push(`${name} was closed`)
  }
  await readRoadmaps(services, [...items.values()])
  return repairs
}

/** The issues of our own unfinished items. */
async function ownNames({ store }: Services, items: ReadonlyMap<number, ItemRow>): Promise<Set<string>> {
  const names = new Map((await servedRepositories(store.db)).map((repo) => [repo.id, repo.fullName.toLowerCase()]))
  return new Set(
    [...items.values()].flatMap((item) => {
      const repository = names.get(item.repositoryId)
      return repository ? [`${repository}#${item.issueNumber}`] : []
    }),
  )
}

/** Sub-issues may have been added or removed without an event. */
async function readRoadmaps({ store }: Services, items: readonly ItemRow[]): Promise<void> {
  for (const { id, kind, state } of items) {
    if (kind === 'epic' && state === 'ready')
      await store.queues.send({ queue: 'sync-roadmap', workItemId: id, from: 'issue' })
  }
}
