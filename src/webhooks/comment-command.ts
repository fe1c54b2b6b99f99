/** A command in a comment is carried out and answered, when the author has the permission it needs. */

import { eq } from 'drizzle-orm'
import { type Command, type CommandContext, type Reply, runCommand } from '../commands/command.ts'
import { mayHoldCommand, type Parsed, parseCommand } from '../commands/parse.ts'
import { appendAudit } from '../db/audit-log.ts'
import type { Tx } from '../db/connect.ts'
import { claimKey, hasKey } from '../db/idempotency-keys.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { type PullRow, pullByNumber } from '../db/pull-requests.ts'
import { ensureRepository, type RepositoryRow, repositoryByGithubId } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { pullRequests } from '../db/schema/pull-requests.ts'
import { workItems } from '../db/schema/work-items.ts'
import { requestPullRequestComment, requestStatusComment } from '../db/status-comment.ts'
import { getItem, type ItemRow, itemOfBranch, itemOfIssue } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { CommentCreated, ReviewSubmitted } from '../domain/events.ts'
import type { Permission } from '../domain/github.ts'
import { isPerson, permits } from '../domain/permissions.ts'
import { NotFound } from '../github/github.ts'
import { permissionOf } from '../github/permissions.ts'
import { resolveIssues } from '../github/resolve-issues.ts'
import { currentMs } from '../lib/clock.ts'
import { unknownCommand } from '../messages/commands/help.ts'
import { commandRefused } from '../messages/refusals.ts'
import { answerFromComment } from '../planning/answer-questions.ts'
import { onReview } from '../pull-requests/on-review.ts'
import { onReviewComment } from '../pull-requests/on-review-comment.ts'
import { pullAsIssue } from '../work-items/issue-snapshot.ts'
import { commentOnce } from '../work-items/queue-label.ts'
import { withSettings } from '../work-items/refresh-settings.ts'
import type { Services } from '../work-items/services.ts'

/** What acting on comments needs: every command, by name. */
export interface CommentServices extends Services {
  commands: ReadonlyMap<string, Command>
}

/** What a command given here is about. */
interface Subject {
  item?: ItemRow
  pull?: PullRow
  named?: CommandContext['named']
}

/** Acts on a new comment. The same comment acts once, however often it is delivered. */
export async function onComment(services: CommentServices, event: CommentCreated): Promise<EventOutcome> {
  const { db } = services.store
  const { repository, sender } = event
  // Bots repeat what others wrote, and two bots can answer each other for ever.
  if (!isPerson(sender)) return ignored('a bot commands nothing')
  if (!mayHoldCommand(event.body)) return talk(services, event)
  const known = await withSettings(services, await repositoryByGithubId(db, repository.githubId))
  const parsed = parseCommand(event.body, settingsOf(known).prefix, services.commands)
  if (!parsed) return talk(services, event)
  if (repository.installationId === 0 && !known) return ignored('the delivery names no installation of the app')
  const key = `comment:${repository.githubId}:${placed(event)}`
  if (await hasKey(db, key)) return ignored('the comment was handled before')
  const permission = await permissionOf(services, known ?? repository, sender)
  const may = permits(permission, needed(parsed))
  const subject = known && permits(permission, 'write') ? await subjectOf(services, known, event) : {}
  const named = may ? await namedIn(services, known ?? repository, parsed) : undefined
  return services.store.transaction(async (tx) => {
    if (!(await claimKey(tx, key))) return ignored('the comment was handled before')
    const repo = await ensureRepository(tx, known, repository)
    if (!may) return refuse(tx, repo, event, parsed)
    const reply = await answer(services, tx, { repo, event, parsed, subject: { ...subject, named } })
    await post(tx, repo, event, reply)
    return done(`${said(parsed)}: ${reply.outcome}`)
  })
}

/** A comment without a command: an answer to questions on an issue, or something for the next round on a pull request. */
async function talk(services: CommentServices, event: CommentCreated): Promise<EventOutcome> {
  if (!event.issue.isPullRequest) return answerFromComment(services, event)
  // The text of a review was kept with the review.
  return event.place === 'review' ? ignored('no command in it') : onReviewComment(services, event)
}

/** What the issues are that a command's arguments name. */
async function namedIn(
  services: CommentServices,
  from: Pick<RepositoryRow, 'fullName' | 'installationId'>,
  parsed: Parsed,
): Promise<CommandContext['named']> {
  const names = 'command' in parsed ? parsed.command.names?.(parsed.args, from.fullName) : undefined
  return names && names.length > 0 ? resolveIssues(services, from, names) : undefined
}

function needed(parsed: Parsed): Permission {
  return 'command' in parsed ? parsed.command.permission : 'write'
}

function said(parsed: Parsed): string {
  if ('command' in parsed) return `/${parsed.command.name}`
  return 'unknown' in parsed ? `/${parsed.unknown}` : 'a command that does not fit'
}

/** On a pull request a command is about the item behind it: by our row, otherwise by the branch. */
async function subjectOf(services: CommentServices, repo: RepositoryRow, { issue }: CommentCreated): Promise<Subject> {
  const { db } = services.store
  if (!issue.isPullRequest) return { item: await itemOfIssue(db, repo.id, issue.number) }
  const pull = await pullByNumber(db, repo.id, issue.number)
  if (pull) return { pull, item: await getItem(db, pull.workItemId) }
  try {
    const { headBranch, headRepository } = await services.github.repository(repo).pull(issue.number)
    if (headRepository?.toLowerCase() !== repo.fullName.toLowerCase()) return {}
    return { item: await itemOfBranch(db, repo.id, headBranch) }
  } catch (error) {
    if (error instanceof NotFound) return {}
    throw error
  }
}

/** Someone without permission gets a sign that they were heard, and one explanation for the whole issue. */
async function refuse(tx: Tx, repo: RepositoryRow, event: CommentCreated, parsed: Parsed): Promise<EventOutcome> {
  await react(tx, repo, event, { content: 'confused', asked: false })
  await commentOnce(tx, repo, { issueNumber: event.issue.number, body: commandRefused(event.sender.login) })
  await appendAudit(tx, {
    repositoryId: repo.id,
    actor: event.sender.login,
    what: `refused ${said(parsed)}`,
    detail: { actorId: event.sender.id, on: event.issue.number, why: 'no write access' },
  })
  return ignored(`${said(parsed)} by ${event.sender.login}, who may not`)
}

async function answer(
  services: CommentServices,
  tx: Tx,
  { repo, event, parsed, subject }: { repo: RepositoryRow; event: CommentCreated; parsed: Parsed; subject: Subject },
): Promise<Reply> {
  if ('invalid' in parsed) return { text: parsed.invalid, outcome: 'refused' }
  if ('unknown' in parsed) return { text: unknownCommand(parsed.unknown, parsed.nearest), outcome: 'refused' }
  const context = {
    tx,
    repo,
    settings: settingsOf(repo),
    ...subject,
    issue: event.issue,
    actor: event.sender,
    commands: [...services.commands.values()],
  }
  return runCommand(parsed.command, context, parsed.args)
}

/** A reply whose result is known within seconds waits for it: then the comment is written once. */
const settlesMs = 3_000

/**
 * The reaction at once; the answer where the command was given, in the status comment of that issue or pull request, or in
 * a comment of its own where no item has one.
 */
async function post(tx: Tx, repo: RepositoryRow, event: CommentCreated, reply: Reply): Promise<void> {
  await react(tx, repo, event, { content: reply.outcome === 'done' ? '+1' : 'confused', asked: true })
  const when = new Date(currentMs() + (reply.settles ? settlesMs : 0))
  const { item, pull } = await subjectAfter(tx, repo, event)
  if (item && pull) {
    await tx.db.update(pullRequests).set({ reply: reply.text }).where(eq(pullRequests.id, pull.id))
    await requestPullRequestComment(tx, item, pull.number, { after: when, asked: true })
    return
  }
  if (item) {
    await tx.db.update(workItems).set({ reply: reply.text, muted: false }).where(eq(workItems.id, item.id))
    await requestStatusComment(tx, { ...item, muted: false }, when, { asked: true })
    return
  }
  await enqueueEffect(
    tx,
    { repositoryId: repo.id, key: `reply:${repo.id}:${placed(event)}` },
    { kind: 'comment', payload: { issueNumber: event.issue.number, body: reply.text } },
    { asked: true },
  )
}

/** What the command was about, as it is afterwards: the command may have made the item. */
async function subjectAfter(tx: Tx, repo: RepositoryRow, { issue }: CommentCreated): Promise<Subject> {
  if (!issue.isPullRequest) return { item: await itemOfIssue(tx.db, repo.id, issue.number) }
  const pull = await pullByNumber(tx.db, repo.id, issue.number)
  return pull ? { pull, item: await getItem(tx.db, pull.workItemId) } : {}
}

/** @param how.asked by a person who may command: then it goes before what no one has asked for. */
async function react(
  tx: Tx,
  repo: RepositoryRow,
  event: CommentCreated,
  { content, asked }: { content: '+1' | 'confused'; asked: boolean },
): Promise<void> {
  const { commentId, place } = event
  // GitHub's REST API has no reactions to reviews: the status comment answers them alone.
  if (place === 'review') return
  await enqueueEffect(
    tx,
    { repositoryId: repo.id, key: `reaction:${repo.id}:${placed(event)}` },
    { kind: 'reaction', payload: { commentId, content, ...(place === 'line' ? { line: true } : {}) } },
    { asked },
  )
}

/** Ids of comments, reviews and comments on lines overlap. */
function placed({ place, commentId }: CommentCreated): string {
  return place === 'comment' ? String(commentId) : `${place}:${commentId}`
}

/** Acts on a review and on the command in its text: the review first, since `/merge` may be about its approval. */
export async function onReviewWithText(services: CommentServices, event: ReviewSubmitted): Promise<EventOutcome> {
  const outcome = await onReview(services, event)
  const { review, pull } = event
  if (review.state === 'dismissed' || !mayHoldCommand(review.body)) return outcome
  const said = await onComment(services, {
    ...event,
    kind: 'comment-created',
    sender: review.author,
    issue: pullAsIssue(pull),
    commentId: review.id,
    place: 'review',
    body: review.body,
  })
  return said.state === 'ignored' ? outcome : done(`${outcome.note}; ${said.note}`)
}
