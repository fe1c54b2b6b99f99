/** Why a check failed, in the words of its log: fetched once for each failure, trimmed, and without secrets. */

import { excerptOf, saveExcerpt } from '../../db/ci.ts'
import type { RepositoryRow } from '../../db/repositories.ts'
import type { Check } from '../../domain/github.ts'
import { findRetryAfter } from '../../lib/errors.ts'
import type { PullRequestContext } from '../context.ts'
import { trimLog } from './trim-log.ts'

/** What is kept of one failure, in characters. */
export const longestExcerpt = 8_000
/** What is read of a log, in bytes: half of it from its beginning, half from its end. */
const readBytes = 2 ** 20
const mostAnnotations = 20

/**
 * The telling part of what a failed check has printed; what it says about itself where there is no log.
 * @throws {RetryAfter} while GitHub asks for a pause.
 */
export async function failureExcerpt(
  context: PullRequestContext,
  repo: RepositoryRow,
  sha: string,
  check: Check,
): Promise<string> {
  const at = { repositoryId: repo.id, sha }
  const known = await excerptOf(context.store.db, at, check)
  if (known !== undefined) return known
  const text = (await jobLogOf(context, repo, check)) || (await ownWords(context, repo, check))
  const excerpt = trimLog(context.redact(text.replaceAll('\0', '')), longestExcerpt)
  await saveExcerpt(context.store.db, at, check, excerpt)
  return excerpt
}

async function jobLogOf(context: PullRequestContext, repo: RepositoryRow, { job }: Check): Promise<string> {
  if (!job) return ''
  const log = await orNothing(context, () => context.github.repository(repo).jobLog(job.id, readBytes))
  return log ?? ''
}

async function ownWords(context: PullRequestContext, repo: RepositoryRow, check: Check): Promise<string> {
  const { output } = check
  if (!output) return check.conclusion ?? ''
  const id = Number(check.id.replace('check_run:', ''))
  const annotations =
    output.annotations > 0 && Number.isSafeInteger(id)
      ? await orNothing(context, () => context.github.repository(repo).checkAnnotations(id))
      : undefined
  const notes = (annotations ?? []).slice(0, mostAnnotations).map((one) => `${one.path}:${one.line}: ${one.message}`)
  return [output.title, output.summary, output.text, notes.join('\n')].filter(Boolean).join('\n\n')
}

/** A log that cannot be had must not stop the work on what it is about. */
async function orNothing<T>({ log }: PullRequestContext, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    const retryAfter = findRetryAfter(error)
    if (retryAfter) throw retryAfter
    log.warn({ err: error }, 'the log of a failed check could not be read; the fix goes on without it')
    return undefined
  }
}
