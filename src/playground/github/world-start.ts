/** The world on its first day: two apps and no people. */
import type { Git } from './git.ts'
import type { App, Permissions } from './model.ts'
import { accountOf, randomText, type World } from './world.ts'

/** The app under test. */
export interface AppWish {
  name?: string
  /** Default `tutti`; its bot is `<slug>[bot]`. */
  slug?: string
  permissions?: Permissions
  /** Events it hears of. Default: all that the playground knows. */
  events?: string[]
}

/** What an app like Tutti asks for. `workflows` is not in it: pushing a workflow file is refused. */
const PERMISSIONS: Permissions = {
  metadata: 'read',
  contents: 'write',
  issues: 'write',
  pull_requests: 'write',
  checks: 'write',
  statuses: 'write',
  administration: 'read',
}

const EVENTS = [
  'check_run',
  'check_suite',
  'create',
  'delete',
  'issue_comment',
  'issue_dependencies',
  'issues',
  'label',
  'pull_request',
  'pull_request_review',
  'pull_request_review_comment',
  'push',
  'repository',
  'status',
  'sub_issues',
]

export interface Beginning {
  url: string
  directory: string
  git: Git
  now(): Date
  app: AppWish
  mergeableUnknownReads: number
  changed(): void
}

/** A world without repositories. Its `emit` does nothing yet: the server puts the webhooks there. */
export function createWorld(beginning: Beginning): World {
  const { url, directory, git, now, changed, mergeableUnknownReads } = beginning
  // Ids start where they are not mistaken for issue numbers.
  let lastId = 100_000
  const world: Omit<World, 'app' | 'ci'> = {
    ...{ url, directory, git, now, changed, mergeableUnknownReads },
    apiUrl: `${url}/api/v3`,
    accounts: new Map(),
    repositories: new Map(),
    installations: new Map(),
    formerNames: new Map(),
    personalTokens: new Map(),
    nextId() {
      lastId += 1
      return lastId
    },
    lacks: () => false,
    emit: () => undefined,
  }
  return Object.assign(world, {
    app: createApp(world as World, beginning.app, PERMISSIONS),
    ci: createApp(world as World, { name: 'GitHub Actions', slug: 'github-actions' }, { checks: 'write' }),
  })
}

function createApp(world: World, wish: AppWish, permissions: Permissions): App {
  const slug = wish.slug ?? 'tutti'
  return {
    id: world.nextId(),
    slug,
    name: wish.name ?? slug,
    clientId: `Iv23li${randomText(14)}`,
    owner: accountOf(world, `${slug}-owner`),
    bot: accountOf(world, `${slug}[bot]`, 'Bot'),
    permissions: { ...(wish.permissions ?? permissions) },
    events: [...(wish.events ?? EVENTS)],
    createdAt: world.now(),
  }
}
