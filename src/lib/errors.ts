/**
 * The two kinds of error that leave Tutti. They never mix. A `UserError` says what a person on GitHub can do with an
 * issue or a comment. An `OperatorError` says what the operator can do with the machine: it may contain paths and
 * process ids that people on GitHub must not see.
 */

import { currentMs } from './clock.ts'

/** A request of a person on GitHub that cannot be fulfilled. `message` is markdown, posted where they asked. */
export class UserError extends Error {
  override name = 'UserError'
  /** The next step, one sentence of markdown. */
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }

  /** The reply as posted: the problem, then the next step. */
  toMarkdown(): string {
    return this.hint ? `${this.message} ${this.hint}` : this.message
  }
}

/** A dependency that would make issues wait for each other in a cycle. */
export class DependencyCycle extends UserError {
  override name = 'DependencyCycle'

  /** @param path the issues by name: each waits for the next, and the last one for the first. */
  constructor(path: readonly string[]) {
    const edges = path.map((issue, at) => `${issue} waits for ${path[(at + 1) % path.length]}`)
    super(`That would be a circle: ${edges.join(', ')}.`, 'Take one of the others out first.')
  }
}

/** A person asked for work, and no item can start. */
export class NoAvailableWork extends UserError {
  override name = 'NoAvailableWork'
}

/** A command names an agent, and none is at work there. */
export class AgentNotFound extends UserError {
  override name = 'AgentNotFound'

  /** @param where the issue. @param hint how to find those that are there. @param problem instead of the usual sentence. */
  constructor(where: string, hint: string, problem = `No agent is at work on ${where}.`) {
    super(problem, hint)
  }
}

/** A worktree was asked for, and the item has one. */
export class WorktreeIsThere extends UserError {
  override name = 'WorktreeExists'
}

/** Arguments that do not fit: which one, what was given, and an example. */
export class InvalidArguments extends UserError {
  override name = 'InvalidArguments'
}

/** What was named does not exist, or the caller may not know that it does. */
export class NoSuchThing extends UserError {
  override name = 'NoSuchThing'
}

/** The caller is known and may not do this. */
export class NotAllowed extends UserError {
  override name = 'NotAllowed'
}

/** A program has used the key of one call for another one. */
export class KeyReused extends UserError {
  override name = 'KeyReused'
}

/** The name of a new token is taken. */
export class TokenExists extends UserError {
  override name = 'TokenExists'
}

/** A problem that the operator must fix. `message` is one plain line; `hint` is the next step. */
export class OperatorError extends Error {
  override name = 'OperatorError'
  readonly hint: string | undefined

  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(message, options)
    this.hint = hint
  }
}

/**
 * Thrown by work that cannot continue before a known time (a rate limit, a process that is ending). The job is snoozed
 * until then, which does not count as an attempt.
 */
export class RetryAfter extends Error {
  override name = 'RetryAfter'
  readonly until: Date

  constructor(message: string, until: Date) {
    super(message)
    this.until = until
  }
}

/** Another process should take this job. This one takes none of the queue for `holdMs`, so that the others come first. */
export class LeaveToOthers extends Error {
  override name = 'LeaveToOthers'
  readonly holdMs: number

  constructor(message: string, holdMs: number) {
    super(message)
    this.holdMs = holdMs
  }
}

/** The `RetryAfter` in an error or in its causes: Octokit wraps what its `fetch` throws. */
export function findRetryAfter(error: unknown): RetryAfter | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof RetryAfter) return current
  }
  return undefined
}

/** What is at the bottom of an error. */
export function rootMessage(error: unknown): string {
  let current = error
  while (current instanceof Error && current.cause instanceof Error) current = current.cause
  if (current instanceof AggregateError && current.errors[0] instanceof Error) return current.errors[0].message
  return current instanceof Error ? current.message : String(current)
}

/**
 * Whether there was no room on a disk, in an error or in its causes: from the system (ENOSPC, EDQUOT), or from git, which
 * says it in its own words. A person makes room, so that trying a number of times says nothing.
 */
export function isDiskFull(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && (current.code === 'ENOSPC' || current.code === 'EDQUOT')) return true
    if (/no space left on device|disk quota exceeded/i.test(current.message)) return true
  }
  return false
}

/** Who has found a full disk looks again after this long, in milliseconds. */
export const fullDiskMs = 15_000

/** When work that cannot go on now may be tried again; undefined when it has failed instead. */
export function waitsUntil(error: unknown): Date | undefined {
  return findRetryAfter(error)?.until ?? (isDiskFull(error) ? new Date(currentMs() + fullDiskMs) : undefined)
}
