/**
 * What a command is. One definition serves a slash command in a comment, a REST route, an MCP tool and a CLI verb. So
 * `run` knows nothing of comments: the caller brings the context and delivers the reply.
 */

import { z } from 'zod'
import type { Settings } from '../config/settings.ts'
import { appendAudit } from '../db/audit-log.ts'
import type { Database, Tx } from '../db/connect.ts'
import type { PullRow } from '../db/pull-requests.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { type ItemRow, lockItem } from '../db/work-items.ts'
import type { IssueReference } from '../domain/dependency-lines.ts'
import type { Door } from '../domain/doors.ts'
import type { Actor, Issue, Permission } from '../domain/github.ts'
import type { ResolvedIssue } from '../github/resolve-issues.ts'
import { UserError } from '../lib/errors.ts'
import {
  commandIsForIssues,
  commandIsForPullRequests,
  commandNeedsAnIssue,
  personsDecision,
} from '../messages/commands/help.ts'

/** Where a command was given, and what it may act on. */
export interface CommandContext {
  /** The changes of the command and its reply commit together. */
  tx: Tx
  repo: RepositoryRow
  settings: Settings
  /** The work item of the issue, or of the pull request; absent when there is none. */
  item?: ItemRow
  /** The pull request that the command was given on; absent on an issue. */
  pull?: PullRow
  /**
   * The issue, or the pull request seen as an issue, that the command was given on. A program may give a command to the
   * repository alone; `theIssue` is for commands that need one.
   */
  issue?: Issue
  actor: Actor
  /** How it came in; absent for a comment. The audit log says so. */
  door?: Door
  /** The issues that the arguments name, under `owner/name#12`; see `names` of a command. */
  named?: ReadonlyMap<string, ResolvedIssue>
  /** All commands, for `/help`. */
  commands: readonly Command[]
}

export interface Reply {
  /** Markdown, short. */
  text: string
  outcome: 'done' | 'refused'
  /** Why it was refused, for programs: the name of the error, such as `AgentNotFound` or `NoAvailableWork`, where it has one. */
  problem?: string
  /** What follows is known within seconds: the reply may wait for it. */
  settles?: boolean
  /** The same for programs: what fits `result` of the command. */
  data?: Record<string, unknown>
  /**
   * For programs: what has followed from the command, read after its changes were committed. A caller that can wait asks
   * for some seconds until `settled`, and answers with the last result; a comment does not wait.
   */
  follow?(db: Database): Promise<{ settled: boolean; text: string; data: Record<string, unknown> }>
}

/** Where a command is found in REST, under `/api`. Words such as `:agentId` are arguments. */
export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Such as `/orchestration/agents/:agentId`. */
  path: string
}

/** What a file of this folder declares. */
export interface CommandDefinition<Args extends z.ZodObject> {
  /** The name after the slash, and the file's name. */
  name: string
  /** What it does, in one line of at most 80 characters. */
  summary: string
  /** Whole command lines without a configured prefix; for one that is no slash command, its arguments in JSON. */
  examples: readonly string[]
  /** `false` for what only programs need: it is not read from comments. */
  slash?: boolean
  /** Its route in REST; `POST /commands/<name>` when absent. As a tool of MCP it has its name with underscores. */
  route?: Route
  /** The shape of `data` in its reply, for programs; a command without one answers with text alone. */
  result?: z.ZodObject
  /** The arguments by name: their shape in JSON for REST and MCP. */
  args: Args
  /** The arguments that need no flag, in their order. All others are flags: `--name`, `--name value`. */
  positional: readonly (keyof z.output<Args> & string)[]
  /** The argument that takes the rest of the line and all lines below: a reason, an answer, a goal. */
  text?: keyof z.output<Args> & string
  /**
   * The issues that the arguments name. GitHub is asked about them before the command runs, since it runs inside a
   * transaction. The answer is the context's `named`.
   * @param repository `owner/name` that a bare `#12` belongs to.
   */
  names?(args: z.output<Args>, repository: string): IssueReference[]
  /** What the sender must be allowed in the repository, at least. */
  permission: Permission
  where: 'issue' | 'pull request' | 'anywhere'
  /** A command that only reads is not written to the audit log. */
  reads: boolean
  /** It ends or throws away what cannot be had back: clients of MCP ask their person first. */
  destructive?: boolean
  /** Given once more it does more; without this, a second time changes nothing. */
  repeats?: boolean
  /** A person's decision: it is refused to tokens, since an agent may hold one. */
  personal?: boolean
  /**
   * Carries the command out, idempotently: a second time changes nothing and says so.
   * @throws {UserError} when it cannot be done; before anything was written.
   */
  run(context: CommandContext, args: z.output<Args>): Promise<Reply>
}

/** A command that checks its arguments when it is run: a caller may pass unchecked ones. */
export interface Command extends Omit<CommandDefinition<z.ZodObject>, 'positional' | 'text' | 'names' | 'run'> {
  positional: readonly string[]
  text?: string
  /** @throws {z.ZodError} when the arguments do not fit. */
  names?(args: unknown, repository: string): IssueReference[]
  /** @throws {z.ZodError} when the arguments do not fit; {UserError} when it cannot be done. */
  run(context: CommandContext, args: unknown): Promise<Reply>
}

/** Declares a command. */
export function defineCommand<Args extends z.ZodObject>(definition: CommandDefinition<Args>): Command {
  const { names } = definition
  return {
    ...definition,
    names: names && ((args, repository) => names(definition.args.parse(args), repository)),
    async run(context, args) {
      // Here, and not where commands are given: one command may carry out another.
      if (definition.personal && context.actor.type === 'Token')
        throw new UserError(...personsDecision(definition.name))
      return definition.run(context, definition.args.parse(args))
    },
  }
}

const permissions = ['none', 'read', 'triage', 'write', 'maintain', 'admin'] as const satisfies readonly Permission[]

/** The shape that the loader checks. */
export const commandShape = z.strictObject({
  name: z.string().regex(/^[a-z][a-z-]*$/, 'must be lower-case words joined by dashes'),
  summary: z.string().min(1).max(80),
  examples: z.array(z.string().regex(/^[/{]/, 'must be a command line, or its arguments in JSON')).min(1),
  slash: z.boolean().optional(),
  route: z
    .strictObject({
      method: z.enum(['GET', 'POST', 'PUT', 'DELETE']),
      path: z.string().regex(/^(\/:?[A-Za-z-]+)+$/, 'must be a path such as /agents/:agentId'),
    })
    .optional(),
  result: z.instanceof(z.ZodObject).optional(),
  args: z.instanceof(z.ZodObject),
  positional: z.array(z.string()),
  text: z.string().optional(),
  names: z.custom<Command['names']>((value) => ['function', 'undefined'].includes(typeof value), 'must be a function'),
  permission: z.enum(permissions),
  where: z.enum(['issue', 'pull request', 'anywhere']),
  reads: z.boolean(),
  destructive: z.boolean().optional(),
  repeats: z.boolean().optional(),
  personal: z.boolean().optional(),
  run: z.custom<Command['run']>((value) => typeof value === 'function', 'must be a function'),
}) satisfies z.ZodType<Command>

/**
 * Carries out a command on the item as it is now, and writes the audit log. The caller has checked that the sender is
 * allowed to give it. Callers use this, not `run`.
 * @returns the reply; a command that cannot be carried out is refused with the reason, and changes nothing.
 */
export async function runCommand(command: Command, context: CommandContext, args: unknown): Promise<Reply> {
  const { tx, repo, actor } = context
  // Locked: no other transaction moves the item between reading it and acting on it.
  const item = context.item && (await lockItem(tx, context.item.id))
  const reply = await attempt(command, { ...context, item }, args)
  if (command.reads) return reply
  await appendAudit(tx, {
    repositoryId: repo.id,
    workItemId: item?.id,
    actor: actor.login,
    what: reply.outcome === 'done' ? `/${command.name}` : `refused /${command.name}`,
    detail: {
      actorId: actor.id,
      ...(context.issue ? { on: context.issue.number } : {}),
      ...(context.door ? { door: context.door } : {}),
      args: args ?? {},
      reply: reply.text,
    },
  })
  return reply
}

async function attempt(command: Command, context: CommandContext, args: unknown): Promise<Reply> {
  try {
    checkPlace(command, context)
    return await command.run(context, args)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const named = error.name === 'UserError' ? {} : { problem: error.name }
    return { text: error.toMarkdown(), outcome: 'refused', ...named }
  }
}

/**
 * The issue or pull request that a command was given on.
 * @throws {UserError} when a program named none.
 */
export function theIssue({ issue }: Pick<CommandContext, 'issue'>): Issue {
  if (!issue) throw new UserError(...commandNeedsAnIssue)
  return issue
}

function checkPlace(command: Command, { issue, item }: CommandContext): void {
  if (command.where === 'issue' && issue?.isPullRequest)
    throw new UserError(...commandIsForIssues(command.name, item?.issueNumber))
  if (command.where === 'pull request' && issue && !issue.isPullRequest)
    throw new UserError(...commandIsForPullRequests(command.name))
  if (command.where !== 'anywhere' && !issue) throw new UserError(...commandNeedsAnIssue)
}
