/** How the readers ask GitHub: where from, and what an error means. */

import type { Octokit } from '../client.ts'
import { NotFound } from '../github.ts'
import { isGone, isUnsupported } from '../http-status.ts'

/** What reading needs besides the client: who we are, and where a missing endpoint is reported. */
export interface ReadContext {
  octokit: () => Promise<Octokit>
  /** `owner/name`. */
  fullName: string
  /** The app's own id: its check runs are no news to it. */
  appId: number
  /** Called when the server has no such endpoint; logs it once. */
  missing(feature: string): void
}

/** Asks what every server has. @throws {NotFound} for what is not there. */
export async function ask<T>(context: ReadContext, question: (octokit: Octokit) => Promise<T>): Promise<T> {
  try {
    return await question(await context.octokit())
  } catch (error) {
    throw notFoundOr(error)
  }
}

/** Asks an endpoint that not every server has. @returns undefined where it does not. */
export async function askOptional<T>(
  context: ReadContext,
  feature: string,
  question: (octokit: Octokit) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await question(await context.octokit())
  } catch (error) {
    if (!isUnsupported(error)) throw error
    context.missing(feature)
    return undefined
  }
}

/** The answer, or `otherwise` where there is nothing. */
export async function unlessNotFound<T, Otherwise>(answer: Promise<T>, otherwise: Otherwise): Promise<T | Otherwise> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof NotFound) return otherwise
    throw error
  }
}

/** Octokit's error, or `NotFound` where GitHub says that it is not there. */
export function notFoundOr(error: unknown): unknown {
  return isGone(error) ? new NotFound(error instanceof Error ? error.message : 'not found', { cause: error }) : error
}
