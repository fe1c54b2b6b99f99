/**
 * The two kinds of error that leave Tutti. They never mix: a person on GitHub is told what they can do with an issue
 * or a comment; an operator is told what to do with the machine, and may see paths and process ids that people must not.
 */

/** Something a person on GitHub asked for that cannot be done. `message` is markdown, posted where they asked. */
export class UserError extends Error {
  override name = 'UserError'
  /** What to do next, one sentence of markdown. */
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }

  /** The reply as posted: the problem, then what to do about it. */
  toMarkdown(): string {
    return this.hint ? `${this.message} ${this.hint}` : this.message
  }
}

/** A dependency that would make issues wait for themselves in a circle. */
export class DependencyCycle extends UserError {
  override name = 'DependencyCycle'

  /** @param way the issues by name: each waits for the next, and the last one for the first. */
  constructor(way: readonly string[]) {
    const edges = way.map((one, at) => `${one} waits for ${way[(at + 1) % way.length]}`)
    super(`That would be a circle: ${edges.join(', ')}.`, 'Take one of the others out first.')
  }
}

/** Work was asked for, and there is none that could begin. */
export class NoAvailableWork extends UserError {
  override name = 'NoAvailableWork'
}

/** Something the operator must mend. `message` is one plain line; `hint` says what to do next. */
export class OperatorError extends Error {
  override name = 'OperatorError'
  readonly hint: string | undefined

  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(message, options)
    this.hint = hint
  }
}

/**
 * Thrown by work that cannot go on before a known time (a rate limit, a process that is ending). A job that throws it is
 * snoozed until then, and no attempt is used up.
 */
export class RetryAfter extends Error {
  override name = 'RetryAfter'
  readonly until: Date

  constructor(message: string, until: Date) {
    super(message)
    this.until = until
  }
}

/** The `RetryAfter` in an error or in its causes: Octokit wraps what its `fetch` throws. */
export function findRetryAfter(error: unknown): RetryAfter | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof RetryAfter) return current
  }
  return undefined
}
