/** The repository as a whole: whether new work starts. `/pause all`, `/resume all` and the orchestrator's tools share it. */

import { and, eq, ne } from 'drizzle-orm'
import { getRepository, type RepositoryRow } from '../../db/repositories.ts'
import { repositories } from '../../db/schema/repositories.ts'
import { currentTime } from '../../lib/clock.ts'
import { UserError } from '../../lib/errors.ts'
import * as messages from '../../messages/commands/lifecycle.ts'
import { shutDownBy } from '../../messages/commands/orchestrator.ts'
import { type OrchestratorView, orchestratorStateOf } from '../../views/orchestrator.ts'
import type { CommandContext } from '../command.ts'

/**
 * No new attempt starts, running ones finish. What is halted or shut down stays so.
 * @throws {UserError} when the app has no access any more.
 */
export async function pauseRepository({ tx, repo }: CommandContext): Promise<void> {
  await setState({ tx, repo }, { state: 'paused' })
}

/** New work may start again, whoever or whatever has stopped it. @returns whether it was stopped. */
export async function resumeRepository({ tx, repo }: CommandContext): Promise<boolean> {
  const rows = await tx.db
    .update(repositories)
    .set({ state: 'active', haltedBecause: null, shutDownAt: null })
    .where(and(eq(repositories.id, repo.id), eq(repositories.state, 'paused')))
    .returning({ id: repositories.id })
  await tx.enqueue({ queue: 'schedule' })
  return rows.length > 0
}

/**
 * Shuts the orchestrator down gracefully: running agents finish, nothing new starts until it is resumed or initialised.
 * A second time keeps the time of the first.
 */
export async function shutDownRepository({ tx, repo, actor }: CommandContext): Promise<void> {
  if (repo.shutDownAt !== null && repo.state === 'paused') return
  const haltedBecause = shutDownBy(actor.login)
  await setState({ tx, repo }, { state: 'paused', shutDownAt: currentTime(), haltedBecause })
}

/** The orchestrator as the transaction leaves it. */
export async function orchestratorNow({ tx, repo }: CommandContext): Promise<OrchestratorView> {
  return orchestratorStateOf(tx.db, (await getRepository(tx.db, repo.id)) ?? repo)
}

async function setState(
  { tx, repo }: Pick<CommandContext, 'tx' | 'repo'>,
  set: Partial<Pick<RepositoryRow, 'state' | 'haltedBecause' | 'shutDownAt'>>,
): Promise<void> {
  const rows = await tx.db
    .update(repositories)
    .set(set)
    .where(and(eq(repositories.id, repo.id), ne(repositories.state, 'gone')))
    .returning({ id: repositories.id })
  if (rows.length === 0) throw new UserError(...messages.noAccessToPause)
  // The scheduler writes the new reason to every item that waits.
  await tx.enqueue({ queue: 'schedule' })
}
