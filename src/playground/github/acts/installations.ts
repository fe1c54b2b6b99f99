/** Installing the app, choosing its repositories, suspending and removing it. */
import type { Auth } from '../auth.ts'
import type { ActingAccount, Installation, RepositoryRecord } from '../model.ts'
import { installationBody, nodeId } from '../payloads/accounts.ts'
import { installationOf, nameOf, type World } from '../world.ts'

/** Installs the app on the repository: in the owner's installation, which is made if there is none. */
export function installOn(world: World, actor: ActingAccount, repository: RepositoryRecord): Installation {
  const found = [...world.installations.values()].find((one) => one.account === repository.owner)
  const repositories = [listed(repository)]
  if (found) {
    found.repositories.add(repository.id)
    emitRepositories(world, actor, found, { repositories_added: repositories, repositories_removed: [] })
    return found
  }
  const installation: Installation = {
    id: world.nextId(),
    account: repository.owner,
    repositories: new Set([repository.id]),
    permissions: { ...world.app.permissions },
    events: [...world.app.events],
    createdAt: world.now(),
  }
  world.installations.set(installation.id, installation)
  emitInstallation({ world, actor }, installation, 'created', { repositories })
  return installation
}

/** Takes the repository out of its installation. */
export function removeFrom(world: World, actor: ActingAccount, repository: RepositoryRecord): void {
  const installation = installationOf(world, repository)
  if (!installation) return
  installation.repositories.delete(repository.id)
  const change = { repositories_added: [], repositories_removed: [listed(repository)] }
  emitRepositories(world, actor, installation, change)
}

/** Uninstalls the app; its tokens end at once. */
export function uninstall(world: World, auth: Auth, actor: ActingAccount, installation: Installation): void {
  const repositories = [...installation.repositories]
    .map((id) => world.repositories.get(id))
    .filter((repository) => repository !== undefined)
    .map(listed)
  emitInstallation({ world, actor }, installation, 'deleted', { repositories })
  world.installations.delete(installation.id)
  auth.revoke(installation)
}

/** Suspends the installation, or lifts that. */
export function suspend(world: World, actor: ActingAccount, installation: Installation, suspended: boolean): void {
  installation.suspendedAt = suspended ? world.now() : undefined
  installation.suspendedBy = suspended ? actor.account : undefined
  emitInstallation({ world, actor }, installation, suspended ? 'suspend' : 'unsuspend')
}

function listed(repository: RepositoryRecord) {
  const { id, name } = repository
  return {
    id,
    node_id: nodeId('Repository', id),
    name,
    full_name: nameOf(repository),
    private: repository.private,
  }
}

function emitInstallation(
  { world, actor }: { world: World; actor: ActingAccount },
  installation: Installation,
  action: string,
  more: Record<string, unknown> = {},
): void {
  const payload = { installation: installationBody(world, installation), ...more }
  world.emit({ event: 'installation', action, actor, installation, payload })
}

function emitRepositories(
  world: World,
  actor: ActingAccount,
  installation: Installation,
  change: { repositories_added: unknown[]; repositories_removed: unknown[] },
): void {
  const payload = { installation: installationBody(world, installation), repository_selection: 'selected', ...change }
  const action = change.repositories_added.length > 0 ? 'added' : 'removed'
  world.emit({ event: 'installation_repositories', action, actor, installation, payload })
}
