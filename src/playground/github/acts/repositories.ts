/** Making repositories, and what their owners change. */
import { join } from 'node:path'
import { importBare, makeBare, readRefs } from '../bare.ts'
import { commitFiles, type FileChanges } from '../commits.ts'
import type { Account, ActingAccount, RepositoryRecord, Role } from '../model.ts'
import type { Bypass, MergeMethods } from '../protection.ts'
import { noPushRules, type PushRules } from '../push-rules.ts'
import { accountOf, createLock, gitSignatureOf, nameOf, type World } from '../world.ts'
import { installOn } from './installations.ts'

export interface RepositoryWish {
  owner: string
  name: string
  /** An organisation owns nothing as a person: being the owner makes no one admin. Default `User`. */
  ownerType?: 'User' | 'Organization'
  private?: boolean
  description?: string
  /** Login → role. `'none'` makes the account and gives it nothing, not even in a public repository. */
  collaborators?: Record<string, Role>
  /** Is the app installed on it? Default true. */
  installed?: boolean
  mergeMethods?: Partial<MergeMethods>
  deleteBranchOnMerge?: boolean
}

export interface NewRepository extends RepositoryWish {
  /** Path → content of the first commit; without files the repository stays empty. */
  files?: FileChanges
  /** Default `main`. */
  defaultBranch?: string
}

export interface ImportedRepository extends RepositoryWish {
  /** A git repository on this machine; its HEAD's branch becomes the default branch. */
  path: string
}

/** Makes a repository with one commit. @throws {TypeError} for a name GitHub does not take or that is taken. */
export async function createRepository(world: World, wish: NewRepository): Promise<RepositoryRecord> {
  const repository = record(world, wish, wish.defaultBranch ?? 'main')
  await makeBare(repository.path, repository.defaultBranch)
  if (wish.files && Object.keys(wish.files).length > 0) {
    const author = gitSignatureOf(world, repository.owner)
    const ref = `refs/heads/${repository.defaultBranch}`
    const commit = { ref, files: wish.files, message: 'Initial commit\n', author, committer: author }
    repository.refs.set(ref, await commitFiles(world.git, repository.path, commit))
  }
  return settle(world, wish, repository)
}

/** Makes a repository from a copy of one on disk; the original is only read. */
export async function importRepository(world: World, wish: ImportedRepository): Promise<RepositoryRecord> {
  const repository = record(world, wish, 'main')
  repository.defaultBranch = await importBare(world.git, wish.path, repository.path)
  repository.refs = await readRefs(world.git, repository.path)
  return settle(world, wish, repository)
}

function record(world: World, wish: RepositoryWish, defaultBranch: string): RepositoryRecord {
  const { owner, name } = wish
  if (!/^[\w.-]+$/.test(name) || /^\.{1,2}$|\.git$/.test(name)) throw new TypeError(`not a repository name: ${name}`)
  if (!/^[\w-]+$/.test(owner)) throw new TypeError(`not a login: ${owner}`)
  const wanted = `${owner}/${name}`.toLowerCase()
  if ([...world.repositories.values()].some((one) => nameOf(one).toLowerCase() === wanted))
    throw new TypeError(`there is a repository ${owner}/${name} already`)
  const id = world.nextId()
  return {
    id,
    owner: accountOf(world, owner, wish.ownerType ?? 'User'),
    name,
    path: join(world.directory, `${id}.git`),
    description: wish.description ?? null,
    private: wish.private ?? false,
    defaultBranch,
    createdAt: world.now(),
    pushedAt: world.now(),
    collaborators: new Map(),
    labels: [],
    issues: new Map(),
    lastNumber: 0,
    refs: new Map(),
    suites: [],
    statuses: [],
    protections: new Map(),
    mergeQueue: [],
    pushRules: noPushRules,
    signed: new Set(),
    mergeMethods: { merge: true, squash: true, rebase: true, ...wish.mergeMethods },
    deleteBranchOnMerge: wish.deleteBranchOnMerge ?? false,
    lock: createLock(),
  }
}

function settle(world: World, wish: RepositoryWish, repository: RepositoryRecord): RepositoryRecord {
  for (const [login, role] of Object.entries(wish.collaborators ?? {}))
    repository.collaborators.set(accountOf(world, login).id, role)
  world.repositories.set(repository.id, repository)
  if (wish.installed ?? true) installOn(world, { account: repository.owner }, repository)
  world.changed()
  return repository
}

/** Gives the account a role, or takes it away with `'none'`. */
export function setCollaborator(world: World, repository: RepositoryRecord, account: Account, role: Role): void {
  repository.collaborators.set(account.id, role)
  world.changed()
}

/** Renames; the old name answers with a redirect. */
export function renameRepository(world: World, actor: ActingAccount, repository: RepositoryRecord, name: string): void {
  const from = repository.name
  world.formerNames.set(nameOf(repository).toLowerCase(), repository)
  repository.name = name
  const payload = { changes: { repository: { name: { from } } } }
  world.emit({ event: 'repository', action: 'renamed', actor, repository, payload })
}

/** Deletes the repository; the bare repository stays on disk. */
export function deleteRepository(world: World, actor: ActingAccount, repository: RepositoryRecord): void {
  world.emit({ event: 'repository', action: 'deleted', actor, repository, payload: {} })
  world.repositories.delete(repository.id)
  for (const installation of world.installations.values()) installation.repositories.delete(repository.id)
}

export interface ProtectionWish {
  /** How many approvals by people with write access. Default 1. */
  requiredApprovals?: number
  /** Names of check runs or status contexts that must be green. */
  requiredChecks?: string[]
  /** A push takes approvals back. Default false. */
  dismissStaleReviews?: boolean
  /** Every thread of comments on lines must be resolved. Default false. */
  conversations?: boolean
  /** As a ruleset instead of classic protection. Default false. */
  ruleset?: boolean
  /** The base must be in the head. Default false. */
  upToDate?: boolean
  /** Merges go through the merge queue only, which is a rule of rulesets. Default false. */
  mergeQueue?: boolean
  /** Whether apps may go around it, which is told of rulesets only. Default never. */
  bypass?: Bypass
}

/** Protects a branch, or with undefined stops that. */
export function protectBranch(
  world: World,
  repository: RepositoryRecord,
  branch: string,
  wish: ProtectionWish | undefined,
): void {
  if (!wish) repository.protections.delete(branch)
  else
    repository.protections.set(branch, {
      requiredApprovals: wish.requiredApprovals ?? 1,
      requiredChecks: wish.requiredChecks ?? [],
      dismissStaleReviews: wish.dismissStaleReviews ?? false,
      conversations: wish.conversations ?? false,
      ruleset: wish.ruleset ?? wish.mergeQueue ?? false,
      upToDate: wish.upToDate ?? false,
      mergeQueue: wish.mergeQueue ?? false,
      bypass: wish.bypass ?? 'never',
    })
  world.changed()
}

/** Changes what pushes to the repository are refused for. */
export function setPushRules(world: World, repository: RepositoryRecord, rules: Partial<PushRules>): void {
  repository.pushRules = { ...repository.pushRules, ...rules }
  world.changed()
}
