/** Facts about repositories, their branches, and where the app is installed. */

import { settingsPath } from '../config/settings.ts'
import type { DomainEvent } from '../domain/events.ts'
import type { Payload } from './parse.ts'
import * as read from './payload-schemas.ts'

const branchPrefix = 'refs/heads/'

/** `push`: to branches; tags mean nothing here. */
export function parsePush(payload: Payload): DomainEvent[] {
  const { ref, after, deleted, commits } = read.push.parse(payload)
  if (!ref.startsWith(branchPrefix)) return []
  const branch = ref.slice(branchPrefix.length)
  const settings = commits.some((one) => [...one.added, ...one.modified, ...one.removed].includes(settingsPath))
  return [
    {
      kind: 'branch-pushed',
      ...read.envelope.parse(payload),
      at: null,
      branch,
      head: deleted ? null : after,
      settings,
    },
  ]
}

/** `delete`: a push that deletes a branch tells the same; either may be lost. */
export function parseDelete(payload: Payload): DomainEvent[] {
  const { ref, ref_type } = read.deletedRef.parse(payload)
  if (ref_type !== 'branch') return []
  return [
    { kind: 'branch-pushed', ...read.envelope.parse(payload), at: null, branch: ref, head: null, settings: false },
  ]
}

/** `installation`. */
export function parseInstallation(payload: Payload, action: string): DomainEvent[] {
  const { id } = read.installation.parse(payload).installation
  if (['created', 'unsuspend', 'new_permissions_accepted'].includes(action)) return [{ kind: 'repositories-added' }]
  if (action !== 'deleted' && action !== 'suspend') return []
  const why = action === 'deleted' ? 'The app was uninstalled.' : 'The installation of the app was suspended.'
  return [{ kind: 'repositories-removed', which: { installationId: id }, why }]
}

/** `installation_repositories`. */
export function parseInstalledRepositories(payload: Payload, action: string): DomainEvent[] {
  if (action === 'added') return [{ kind: 'repositories-added' }]
  if (action !== 'removed') return []
  const githubIds = read.removed.parse(payload).repositories_removed.map(({ id }) => id)
  const why = 'The repository was taken out of the installation of the app.'
  return [{ kind: 'repositories-removed', which: { githubIds }, why }]
}

const gone: Readonly<Record<string, string>> = {
  deleted: 'The repository was deleted.',
  archived: 'The repository was archived; nothing in it can be changed.',
  transferred: 'The repository was transferred to another owner.',
}
const changes = ['renamed', 'edited', 'privatized', 'publicized', 'unarchived']

/** `repository`. */
export function parseRepository(payload: Payload, action: string): DomainEvent[] {
  const why = Object.hasOwn(gone, action) ? gone[action] : undefined
  if (!why && !changes.includes(action)) return []
  const common = read.envelope.parse(payload)
  const { repository } = common
  if (why) return [{ kind: 'repositories-removed', which: { githubIds: [repository.githubId] }, why }]
  const from = read.renamed.parse(payload).changes?.repository?.name.from
  const before = from ? `${repository.fullName.split('/')[0]}/${from}` : null
  return [{ kind: 'repository-changed', ...common, at: null, before }]
}
