/**
 * The one publisher: it makes wanted facts true on GitHub, one after another, inside GitHub's limits. Nothing else in
 * Tutti writes to GitHub's API.
 */

import type { Logger } from 'pino'
import { z } from 'zod'
import type { Store } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { claimEffect, completeEffect, type EffectRow, nextEffects, releaseEffects } from '../db/outbox.ts'
import { getRepository, type RepositoryRow } from '../db/work-items.ts'
import type { Effect } from '../domain/effects.ts'
import { RetryAfter, UserError } from '../lib/errors.ts'
import { withinLimit } from '../lib/sanitise.ts'
import type { Client } from './client.ts'
import type { CommitFiles } from './create-commit.ts'
import { type EffectContext, effectHandlers } from './effects.ts'
import { httpStatusOf } from './repository.ts'

/** A server error is waited out for about two hours; after that a person is told in the log and the status. */
const maxAttempts = 30

interface PublisherOptions {
  store: Store
  client: Client
  instance: string
  botLogin: () => string
  redact: (text: string) => string
  missing: (feature: string) => void
  /** The text of the status comment of a work item, as it should read now. */
  statusComment: (workItemId: number) => Promise<string>
  /** Files of a commit that is in the bare clone; see `create-commit.ts`. */
  commitFiles: (repo: RepositoryRow, ...commits: Parameters<CommitFiles>) => ReturnType<CommitFiles>
  /** Names of the commands, which are typed with a prefix where a repository has one. */
  commands: Iterable<string>
  log: Logger
}

export class Publisher {
  readonly #options: PublisherOptions
  #interrupted = false

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  /** Carries out every wanted fact whose time has come. Handler of the `publish-effects` queue, one at a time in a process. */
  async drain(): Promise<void> {
    const { store, instance } = this.#options
    // The database went away in the middle: what this process was carrying out is looked for on GitHub, and done again.
    if (this.#interrupted) await releaseEffects(store.db, instance)
    this.#interrupted = false
    try {
      await this.#drain()
    } catch (error) {
      this.#interrupted = !(error instanceof RetryAfter)
      throw error
    }
  }

  async #drain(): Promise<void> {
    const { store, client, instance } = this.#options
    for (;;) {
      const [next] = await nextEffects(store.db, 1)
      if (!next) return
      const wait = client.meter.limiter.wait()
      if (wait > 0)
        throw new RetryAfter('the write budget of this minute or hour is used up', new Date(Date.now() + wait))
      const row = await claimEffect(store.db, next.id, instance)
      if (row) await this.#publish(row)
    }
  }

  async #publish(row: EffectRow): Promise<void> {
    const { store, log } = this.#options
    const outcome = await this.#attempt(row).then(
      (result) => ({ kind: 'done' as const, result }),
      (error: unknown) => verdictOn(error, row.attempts),
    )
    await store.transaction((tx) => completeEffect(tx, row, outcome))
    if (outcome.kind !== 'done') log.warn({ effect: row.key, outcome }, 'a write to GitHub did not succeed')
  }

  async #attempt(row: EffectRow): Promise<Record<string, unknown>> {
    const { store, client, botLogin, redact, missing, statusComment, commitFiles, commands } = this.#options
    const typed = prefixer(commands)
    const repo = await getRepository(store.db, row.repositoryId)
    if (!repo) throw new Error(`effect ${row.key} belongs to no system`)
    const [owner = '', name = ''] = repo.fullName.split('/')
    const carriage: EffectContext = {
      octokit: await client.installation(repo.installationId),
      at: { owner, repo: name },
      key: row.key,
      // A row that was done before keeps its result; a first attempt has nothing to look for.
      mayExist: row.attempts > 1,
      before: row.result ?? {},
      botLogin: botLogin(),
      statusComment: () => statusComment(row.workItemId ?? 0),
      commitFiles: (commit, parent) => commitFiles(repo, commit, parent),
      clean: (text) => withinLimit(redact(typed(text, repo.settings?.prefix ?? ''))),
      missing,
    }
    return carry({ kind: row.kind, payload: row.payload } as unknown as Effect, carriage)
  }
}

function carry(effect: Effect, carriage: EffectContext): Promise<Record<string, unknown>> {
  const carrier = effectHandlers[effect.kind] as (
    payload: Effect['payload'],
    carriage: EffectContext,
  ) => Promise<Record<string, unknown>>
  return carrier(effect.payload, carriage)
}

/** What to do about a write that threw: wait as GitHub asks, try again, or give up and say why. */
function verdictOn(error: unknown, attempts: number) {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof RetryAfter) return { kind: 'later' as const, at: error.until, error: message }
  const status = httpStatusOf(error)
  const limited = status === 429 || (status === 403 && /rate limit/i.test(message))
  const refused =
    error instanceof UserError || (status >= 400 && status < 500 && status !== 401 && status !== 408 && !limited)
  if (refused || attempts >= maxAttempts) return { kind: 'failed' as const, error: `${status || ''} ${message}`.trim() }
  const delay = Math.min(300_000, 1_000 * 2 ** Math.min(attempts - 1, 9)) * (0.75 + Math.random() / 2)
  return { kind: 'later' as const, at: new Date(Date.now() + delay), error: message }
}

/** Our own sentences name commands in backticks; a configured prefix goes in front of them. */
function prefixer(commands: Iterable<string>): (text: string, prefix: string) => string {
  const named = new RegExp(`\`/(${[...commands].join('|')})(?=[\` ])`, 'g')
  return (text, prefix) => (prefix ? text.replace(named, `\`${prefix} $1`) : text)
}

export const publishEffectsJob = defineJob(
  { queue: 'publish-effects', payload: z.object({}), batch: 1, single: true },
  async ({ publisher }: { publisher: Publisher }) => publisher.drain(),
)
