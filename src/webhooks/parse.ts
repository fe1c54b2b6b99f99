/** A payload becomes facts. Pure: what is to be done about them is decided elsewhere. */

import { z } from 'zod'
import type { DomainEvent } from '../domain/events.ts'
import type { GitHub } from '../github/github.ts'
import { parseComment, parseDependency, parseIssue, parseSubIssue } from './parse-issues.ts'
import { parseCheckRun, parseCheckSuite, parsePullRequest, parseReview, parseStatus } from './parse-pull-requests.ts'
import {
  parseDelete,
  parseInstallation,
  parseInstalledRepositories,
  parsePush,
  parseRepository,
} from './parse-repositories.ts'

/** Who we are, so that our own words are not taken for somebody else's. */
export type Self = GitHub['app']

/** Facts, or a note saying why there are none. */
export interface ParsedDelivery {
  facts: DomainEvent[]
  note?: string
}

/** Reads one kind of event. @throws {z.ZodError} when the payload lacks what is needed. */
export type EventParser = (payload: Payload, action: string, self: Self) => DomainEvent[]

/** A parsed body; each interpreter checks the few fields it uses. */
export type Payload = Readonly<Record<string, unknown>>

const interpreters: Readonly<Record<string, EventParser>> = {
  issues: parseIssue,
  issue_comment: parseComment,
  issue_dependencies: parseDependency,
  sub_issues: parseSubIssue,
  pull_request: parsePullRequest,
  pull_request_review: parseReview,
  check_run: parseCheckRun,
  check_suite: parseCheckSuite,
  status: parseStatus,
  push: parsePush,
  delete: parseDelete,
  installation: parseInstallation,
  installation_repositories: parseInstalledRepositories,
  repository: parseRepository,
}

/** The events that mean something here: the ones that the app subscribes to. */
export const events: readonly string[] = Object.keys(interpreters)

/**
 * Reads an event.
 * @param event GitHub's name of it, from the header.
 * @param payload the parsed body.
 * @returns the facts; none, with a note, for events and actions that mean nothing here and for payloads that lack what
 * is needed.
 */
export function parseDelivery(event: string, payload: unknown, self: Self): ParsedDelivery {
  const interpreter = Object.hasOwn(interpreters, event) ? interpreters[event] : undefined
  if (!interpreter) return { facts: [], note: `the event ${event} means nothing here` }
  const parsed = z.record(z.string(), z.unknown()).safeParse(payload)
  if (!parsed.success) return { facts: [], note: 'the payload is not an object' }
  const action = typeof parsed.data.action === 'string' ? parsed.data.action : ''
  try {
    const facts = interpreter(parsed.data, action, self)
    return facts.length > 0 ? { facts } : { facts, note: `${event} ${action}`.trim().concat(' means nothing here') }
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error
    const [issue] = error.issues
    return { facts: [], note: `the payload lacks what is needed: ${issue?.path.join('.')}: ${issue?.message}` }
  }
}
