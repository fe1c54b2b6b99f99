/** A command that a program or a page gives: found, allowed, carried out once, and answered. */

import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { claimCall, saveCallReply } from '../../db/command-calls.ts'
import type { Tx } from '../../db/connect.ts'
import { pullByNumber } from '../../db/pull-requests.ts'
import { type RepositoryRow, servedRepositories } from '../../db/repositories.ts'
import { settingsOf } from '../../db/repository-settings.ts'
import { getItem, itemOfIssue } from '../../db/work-items.ts'
import type { Door } from '../../domain/doors.ts'
import type { Actor, Issue, Permission } from '../../domain/github.ts'
import { permits } from '../../domain/permissions.ts'
import { NotFound } from '../../github/github.ts'
import { resolveIssues } from '../../github/resolve-issues.ts'
import { canonical } from '../../lib/canonical.ts'
import { InvalidArguments, KeyReused, NoSuchThing, NotAllowed, UserError } from '../../lib/errors.ts'
import * as messages from '../../messages/commands/calls.ts'
import { withSettings } from '../../work-items/refresh-settings.ts'
import type { Services } from '../../work-items/services.ts'
import { type Command, type CommandContext, type Reply, runCommand } from '../command.ts'
import { argumentProblem } from './argument-problem.ts'

/** Who gives commands through a door. */
export interface Caller {
  actor: Actor
  /** What identifies the caller for ever; keys of calls belong to it. */
  id: string
  /** What the caller may do in a repository, asked now. `none`: to the caller it does not exist. */
  permissionIn(repo: RepositoryRow): Promise<Permission>
}

/** One command with its arguments, as it came in. */
export interface CommandCall {
  command: Command
  /** Not yet checked. */
  args: unknown
  /** `owner/name` in any case, or the name alone where it is unique; undefined: the only one that the caller sees. */
  repository?: string | undefined
  /** The number of the issue or pull request that it is given on. */
  on?: number | undefined
  caller: Caller
  door: Door
  /** Two calls with the same key act once, and get the same reply. At most 200 characters. */
  key?: string | undefined
}

/** What carrying out needs. */
export interface CallServices extends Services {
  commands: ReadonlyMap<string, Command>
}

/**
 * Carries out a command for a program or a page.
 * @returns the reply; one with the outcome `refused` has changed nothing.
 * @throws {InvalidArguments} {NoSuchThing} {NotAllowed} {KeyReused} before anything was written, each with what to do.
 */
export async function giveCommand(services: CallServices, call: CommandCall): Promise<Reply> {
  const { command, caller } = call
  const args = checkedArguments(command, call.args)
  const repo = await withSettings(services, await repositoryFor(services, caller, call.repository))
  const needed = neededPermission(command)
  if (!permits(await caller.permissionIn(repo), needed))
    throw new NotAllowed(...messages.notAllowed(command.name, needed, repo.fullName))
  const issue = call.on === undefined ? undefined : await issueOf(services, repo, call.on)
  const names = command.names?.(args, repo.fullName) ?? []
  const named = names.length > 0 ? await resolveIssues(services, repo, names) : undefined
  const context = { repo, settings: settingsOf(repo), actor: caller.actor, door: call.door, named }
  const reply = await services.store.transaction(async (tx) => {
    const before = await earlierReply(tx, call, args)
    if (before) return before
    const commands = [...services.commands.values()]
    const reply = await runCommand(command, { tx, ...context, ...(await subjectOf(tx, repo, issue)), commands }, args)
    if (call.key !== undefined) await saveCallReply(tx, { caller: caller.id, key: call.key }, { ...reply })
    return reply
  })
  return reply.follow ? followed(services, call, reply) : reply
}

/** How long a program waits for what follows from its command, and how often it is looked for. */
const followMs = { longest: 5_000, between: 50 }

/** The reply with what has followed from it until now. Its changes are committed: nothing here may fail the call. */
async function followed({ store, log }: CallServices, call: CommandCall, first: Reply): Promise<Reply> {
  const { follow, ...reply } = first
  const until = performance.now() + followMs.longest
  try {
    for (;;) {
      const now = await follow?.(store.db)
      if (!now) break
      Object.assign(reply, { text: now.text, data: now.data })
      if (now.settled || performance.now() > until) break
      await setTimeout(followMs.between)
    }
    const { key, caller } = call
    if (key !== undefined) await store.transaction((tx) => saveCallReply(tx, { caller: caller.id, key }, { ...reply }))
  } catch (err) {
    log.warn({ err, command: call.command.name }, 'the command was carried out; what follows could not be read')
  }
  return reply
}

/** What a caller needs for a command: reading is for everybody who can read the repository. */
export function neededPermission(command: Pick<Command, 'reads' | 'permission'>): Permission {
  return command.reads ? 'read' : command.permission
}

/**
 * Arguments of a program, checked.
 * @throws {InvalidArguments} naming the argument, what was given, and an example.
 */
export function checkedArguments(command: Command, given: unknown): Record<string, unknown> {
  const parsed = command.args.safeParse(given ?? {})
  if (parsed.success) return parsed.data
  const problem = argumentProblem(command, parsed.error, given ?? {})
  throw new InvalidArguments(...messages.argumentDoesNotFit(command.name, problem, command.examples))
}

/**
 * The repository that a caller means.
 * @param name `owner/name`, or its second half; undefined: the only one.
 * @throws {NoSuchThing} when there is none that the caller can see; {InvalidArguments} when there are several.
 */
export async function repositoryFor(
  { store }: Pick<Services, 'store'>,
  caller: Caller,
  name: string | undefined,
): Promise<RepositoryRow> {
  const wanted = name?.toLowerCase()
  const seen: RepositoryRow[] = []
  for (const repo of await servedRepositories(store.db)) {
    const fullName = repo.fullName.toLowerCase()
    const fits = wanted === undefined || fullName === wanted || fullName.split('/')[1] === wanted
    if (fits && permits(await caller.permissionIn(repo), 'read')) seen.push(repo)
  }
  const [first] = seen.toSorted((one) => (one.fullName.toLowerCase() === wanted ? -1 : 1))
  if (!first) throw new NoSuchThing(...messages.noSuchRepository(name))
  if (seen.length > 1 && first.fullName.toLowerCase() !== wanted)
    throw new InvalidArguments(...messages.whichRepository(seen.map(({ fullName }) => fullName)))
  return first
}

async function issueOf(services: Services, repo: RepositoryRow, number: number): Promise<Issue> {
  try {
    return await services.github.repository(repo).issue(number)
  } catch (error) {
    if (error instanceof NotFound) throw new NoSuchThing(...messages.noSuchIssue(repo.fullName, number))
    throw error
  }
}

/** The item and the pull request that a command is about. */
async function subjectOf(
  tx: Tx,
  repo: RepositoryRow,
  issue: Issue | undefined,
): Promise<Pick<CommandContext, 'issue' | 'item' | 'pull'>> {
  if (!issue) return {}
  if (!issue.isPullRequest) return { issue, item: await itemOfIssue(tx.db, repo.id, issue.number) }
  const pull = await pullByNumber(tx.db, repo.id, issue.number)
  return pull ? { issue, pull, item: await getItem(tx.db, pull.workItemId) } : { issue }
}

const longestKey = 200

/** The reply of an earlier call with this key; undefined when this call is the first, which then holds the key. */
async function earlierReply(tx: Tx, { command, on, repository, key, caller }: CommandCall, args: unknown) {
  if (key === undefined) return undefined
  if (key === '' || key.length > longestKey) throw new UserError(...messages.keyDoesNotFit(longestKey))
  const asked = canonical({ command: command.name, on, repository, args })
  const digest = createHash('sha256').update(JSON.stringify(asked)).digest('hex')
  const before = await claimCall(tx, { caller: caller.id, key, digest })
  if (before && before.digest !== digest) throw new KeyReused(...messages.keyReused)
  return before?.reply as Reply | undefined
}
