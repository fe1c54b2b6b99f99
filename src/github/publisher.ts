/**
 * The one publisher: it carries out the effects of the outbox, one after another, inside GitHub's limits. Nothing else
 * in Tutti writes to GitHub's API. docs/adr/0003-outbox-and-one-publisher.md says why.
 */

import type { Logger } from 'pino'
import { z } from 'zod'
import type { Store } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { claimEffect, completeEffect, type EffectRow, nextEffects, releaseEffects } from '../db/outbox.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { restoredLately } from '../db/restored.ts'
import type { Effect } from '../domain/effects.ts'
import { currentMs } from '../lib/clock.ts'
import { findRetryAfter, RetryAfter, UserError } from '../lib/errors.ts'
import { maskSecrets } from '../lib/find-secrets.ts'
import { withinLimit } from '../lib/sanitise.ts'
import { firstCharacters } from '../lib/sanitise-text.ts'
import { holdClaim } from './claim.ts'
import type { Client } from './client.ts'
import type { EffectContext, EffectResult } from './effects/lib/handler.ts'
import type { EffectHandlers } from './effects/lib/registry.ts'
import { fenced } from './fence.ts'
import { httpStatusOf } from './http-status.ts'
import { isRateLimitMessage } from './meter.ts'
import { repositoryPath } from './repository-path.ts'

/** A server error is waited out for about two hours; after that the log and the status say so. */
const maxAttempts = 30
/**
 * GitHub gives up on a request after 10 s (docs.github.com, "Troubleshooting the REST API", timeouts). Until then a write
 * whose answer was lost may still be applied: a search that finds nothing proves nothing.
 */
const underWayMs = 12_000
/** Some answers are a whole page of HTML: no more than this of them is kept and logged. */
const maxError = 500

interface PublisherOptions {
  store: Store
  client: Client
  /** Carries out each kind of effect. */
  handlers: EffectHandlers
  /** The row id of this process: effects are claimed under it. */
  instance: string
  /** Milliseconds after which other processes take over what this one has claimed and not confirmed; 30 s by default. */
  leaseMs?: number
  botLogin: () => string
  redact: (text: string) => string
  missing: (feature: string) => void
  /** The text of the status comment of a work item, as it should read now. */
  statusComment: (workItemId: number) => Promise<string>
  /** The text of the status comment of its pull request. */
  pullRequestComment: (workItemId: number) => Promise<string>
  /** Files of a commit that is in the bare clone of a repository. */
  commitFiles: (
    repo: RepositoryRow,
    ...commits: Parameters<EffectContext['commitFiles']>
  ) => ReturnType<EffectContext['commitFiles']>
  /** Names of the commands, which are typed with a prefix where a repository has one. */
  commands: Iterable<string>
  log: Logger
}

/** Carries out the effects of the outbox. */
export class Publisher {
  readonly #options: PublisherOptions
  readonly #withPrefix: (text: string, prefix: string) => string
  #interrupted = false
  /** Whether GitHub may hold writes of ours that the database does not know; undefined before it was asked. */
  #doubtful: boolean | undefined

  constructor(options: PublisherOptions) {
    this.#options = options
    this.#withPrefix = prefixer(options.commands)
  }

  /**
   * Carries out every effect whose time has come. Handler of the `publish-effects` queue, one at a time in a process.
   * @throws {RetryAfter} while GitHub asks for a pause or the write budget is used up; the rest waits in the outbox.
   */
  async drain(): Promise<void> {
    const { store, instance } = this.#options
    // The database went away in the middle: what this process was carrying out is searched for on GitHub, and done again.
    if (this.#interrupted) await releaseEffects(store.db, instance)
    this.#interrupted = false
    this.#doubtful ??= await restoredLately(store.db)
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
      // Before the claim, which counts as an attempt: waiting for GitHub uses none up.
      await client.meter.reserveWrite(next.priority)
      const row = await claimEffect(store.db, next.id, instance)
      if (row) await this.#publish(row, next.attemptedAt)
    }
  }

  async #publish(row: EffectRow, attemptedAt: Date | null): Promise<void> {
    const { store, log, leaseMs = 30_000 } = this.#options
    const claim = holdClaim(store.db, row, { leaseMs })
    const outcome = await fenced(claim.confirm, () => this.#attempt(row, attemptedAt))
      .then(
        (result) => ({ kind: 'done' as const, result }),
        (error: unknown) => this.#verdictOn(error, row, attemptedAt),
      )
      .finally(claim.release)
    if (!(await store.transaction((tx) => completeEffect(tx, row, outcome))))
      log.warn({ effect: row.key }, 'another process has taken over a write to GitHub')
    else if (outcome.kind !== 'done') log.warn({ effect: row.key, outcome }, 'a write to GitHub did not succeed')
  }

  async #attempt(row: EffectRow, attemptedAt: Date | null): Promise<EffectResult> {
    const { store, client, handlers, botLogin, redact, missing, commitFiles } = this.#options
    const repo = await getRepository(store.db, row.repositoryId)
    if (!repo) throw new Error(`effect ${row.key} belongs to no repository`)
    const context: EffectContext = {
      octokit: await client.installation(repo.installationId),
      at: repositoryPath(repo.fullName),
      key: row.key,
      // A row that was done before keeps its result; a first attempt has nothing to search for.
      mayExist: row.attempts > 1 || this.#doubtful === true,
      notFound: () => mustBeOver(attemptedAt),
      before: row.result ?? {},
      botLogin: botLogin(),
      statusComment: async () => maskSecrets(await this.#options.statusComment(row.workItemId ?? 0)),
      pullRequestComment: async () => maskSecrets(await this.#options.pullRequestComment(row.workItemId ?? 0)),
      commitFiles: (commit, parent) => commitFiles(repo, commit, parent),
      clean: (text, end) => withinLimit(redact(this.#withPrefix(text, repo.settings?.prefix ?? '')), end),
      missing,
    }
    const effect = { kind: row.kind, payload: row.payload } as unknown as Effect
    const handler = handlers.get(effect.kind)
    if (!handler) throw new Error(`no file carries out the effect ${row.kind}`)
    return handler.publish(await withoutSecrets(effect.payload), context)
  }

  /** What to do about a write that threw: wait as GitHub asks, try again, or give up and say why. */
  #verdictOn(thrown: unknown, { attempts, attemptedAt }: EffectRow, before: Date | null) {
    const asked = findRetryAfter(thrown)
    if (asked) return { kind: 'later' as const, at: asked.until, error: asked.message, attemptedAt: before }
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    const error = message.length > maxError ? `${firstCharacters(message, maxError)} …` : message
    const status = httpStatusOf(thrown)
    const limited = status === 429 || (status === 403 && isRateLimitMessage(message))
    const refused = status >= 400 && status < 500 && status !== 401 && status !== 408 && !limited
    if (refused || thrown instanceof UserError || attempts >= maxAttempts)
      return { kind: 'failed' as const, error: `${status || ''} ${error}`.trim() }
    const delay = Math.min(300_000, 1_000 * 2 ** Math.min(attempts - 1, 9)) * (0.75 + Math.random() / 2)
    const at = new Date(Math.max(currentMs() + delay, this.#options.client.meter.pausedUntil))
    // What GitHub has answered is over; a lost connection and a server error leave it open.
    const isOpen = status === 0 || status === 408 || status >= 500
    return { kind: 'later' as const, at, error, attemptedAt: isOpen ? attemptedAt : before }
  }
}

/** The fields of payloads that hold text of people, agents and programs. */
const texts = new Set(['title', 'body', 'summary', 'text', 'message'])

/** A payload without what looks like a secret, at any depth. Secrets that are known are taken out by `clean`. */
async function withoutSecrets<Payload>(payload: Payload, name = ''): Promise<Payload> {
  if (typeof payload === 'string') return (texts.has(name) ? await maskSecrets(payload) : payload) as Payload
  if (Array.isArray(payload)) return (await Promise.all(payload.map((one) => withoutSecrets(one, name)))) as Payload
  if (typeof payload !== 'object' || payload === null) return payload
  const entries = Object.entries(payload).map(async ([key, value]) => [key, await withoutSecrets(value, key)] as const)
  return Object.fromEntries(await Promise.all(entries)) as Payload
}

/** @throws {RetryAfter} while what was begun then may be under way. */
function mustBeOver(attemptedAt: Date | null): void {
  const until = (attemptedAt?.getTime() ?? 0) + underWayMs
  if (until > currentMs()) throw new RetryAfter('an earlier attempt may still be under way', new Date(until))
}

/** Our own sentences name commands in backticks; a configured prefix goes in front of them. */
function prefixer(commands: Iterable<string>): (text: string, prefix: string) => string {
  const named = new RegExp(`\`/(${[...commands].join('|')})(?=[\` ])`, 'g')
  return (text, prefix) => (prefix ? text.replace(named, `\`${prefix} $1`) : text)
}

/** Wakes the publisher. */
export const publishEffectsJob = defineJob(
  { queue: 'publish-effects', payload: z.object({}), batch: 1, single: true },
  async ({ publisher }: { publisher: Publisher }) => publisher.drain(),
)
