/** Everything one playground knows, and the small verbs that every act uses. */
import { randomBytes } from 'node:crypto'
import type { Signature } from './commits.ts'
import type { Git } from './git.ts'
import {
  type Account,
  type ActingAccount,
  ApiRefusal,
  type App,
  type Installation,
  type IssueRecord,
  type Lock,
  type RepositoryRecord,
  type Role,
} from './model.ts'

/** Something that happened, sent to every app that asked for it. */
export interface Happening {
  event: string
  action?: string
  actor: ActingAccount
  repository?: RepositoryRecord
  /** Where it happened, when the repository does not say it. */
  installation?: Installation
  /** The body beside `action`, `repository`, `sender`, `installation` and `organization`, which are added. */
  payload: Record<string, unknown>
}

export interface World {
  /** `http://127.0.0.1:PORT`; web pages and git. */
  url: string
  /** `${url}/api/v3`. */
  apiUrl: string
  directory: string
  git: Git
  now(): Date
  app: App
  /** The app in whose name people's CI speaks. */
  ci: App
  accounts: Map<number, Account>
  repositories: Map<number, RepositoryRecord>
  installations: Map<number, Installation>
  /** Old `owner/name`, in lower case → repository: GitHub answers these with a redirect. */
  formerNames: Map<string, RepositoryRecord>
  /** Secret → whose it is, for git over HTTP as a person. */
  personalTokens: Map<string, Account>
  /** How many reads of a pull request answer `mergeable: null` after its head moved. */
  mergeableUnknownReads: number
  /** Addresses that this server does not have: what only they would show is not in other answers either. */
  lacks(part: string): boolean
  /** An id never given before. */
  nextId(): number
  /** Wakes everything that waits for facts. */
  changed(): void
  /** Sends the webhook. The body is fixed at once; later changes do not show in it. */
  emit(happening: Happening): void
}

/** The account with this login, made now if it is new. Logins are compared without case. */
export function accountOf(world: World, login: string, type: Account['type'] = 'User'): Account {
  const found = findAccount(world, login)
  if (found) return found
  const account: Account = { id: world.nextId(), login, type, createdAt: world.now() }
  world.accounts.set(account.id, account)
  return account
}

export function findAccount(world: World, login: string): Account | undefined {
  const wanted = login.toLowerCase()
  return [...world.accounts.values()].find((account) => account.login.toLowerCase() === wanted)
}

/** The repository called `owner/name`, also under a former name. */
export function findRepository(world: World, fullName: string): RepositoryRecord | undefined {
  const wanted = fullName.toLowerCase()
  const found = [...world.repositories.values()].find((repository) => nameOf(repository).toLowerCase() === wanted)
  return found ?? world.formerNames.get(wanted)
}

/** `owner/name` */
export function nameOf(repository: RepositoryRecord): string {
  return `${repository.owner.login}/${repository.name}`
}

/** @throws {ApiRefusal} 404 when there is none. */
export function issueOf(repository: RepositoryRecord, number: number): IssueRecord {
  const issue = repository.issues.get(number)
  if (!issue) throw new ApiRefusal(404, 'Not Found')
  return issue
}

/** The repository that an issue is in. Links may lead to another one. */
export function repositoryHolding(world: World, issue: IssueRecord): RepositoryRecord {
  const home = [...world.repositories.values()].find((repository) => repository.issues.get(issue.number) === issue)
  if (!home) throw new ApiRefusal(404, 'Not Found')
  return home
}

/** The issues that wait for an issue, wherever they are. */
export function blockedByIt(world: World, issue: IssueRecord): IssueRecord[] {
  const all = [...world.repositories.values()].flatMap((repository) => [...repository.issues.values()])
  return all.filter((other) => other.blockedBy.includes(issue))
}

/** The installation of the app under test that covers the repository. */
export function installationOf(world: World, repository: RepositoryRecord): Installation | undefined {
  return [...world.installations.values()].find((installation) => installation.repositories.has(repository.id))
}

/** What the account may do: owner → admin; a collaborator → their role; anybody else reads what is public. */
export function roleOf(repository: RepositoryRecord, account: Account): Role {
  if (account.id === repository.owner.id) return 'admin'
  return repository.collaborators.get(account.id) ?? (repository.private ? 'none' : 'read')
}

/** An app's act is written by its bot. */
export function appActor(app: App): ActingAccount {
  return { account: app.bot, app }
}

/** The address that ties a commit to an account, in GitHub's form. */
export function emailOf(account: Account): string {
  return `${account.id}+${account.login}@users.noreply.github.com`
}

/** How GitHub signs a commit that an account makes on the web. */
export function gitSignatureOf(world: World, account: Account): Signature {
  return { name: account.login, email: emailOf(account), date: world.now() }
}

/** A queue of one. */
export function createLock(): Lock {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const mine = last.then(work, work)
    last = mine.catch(() => undefined)
    return mine
  }
}

/** `length` random characters, letters and digits. */
export function randomText(length: number): string {
  return randomBytes(length).toString('base64url').replace(/[-_]/g, 'x').slice(0, length)
}
