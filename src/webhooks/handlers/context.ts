/** What acting on a fact needs, and what it says afterwards. */

import type { Logger } from 'pino'
import type { Command } from '../../commands/command.ts'
import { defaultSettings, type Settings } from '../../config/settings.ts'
import type { Store, Tx } from '../../db/connect.ts'
import { findNotYet } from '../../db/queues.ts'
import { type ItemRow, type SystemRow, saveSystem } from '../../db/work-items.ts'
import { finished } from '../../domain/lifecycle.ts'
import type { Actor, GitHub } from '../../github/types.ts'
import type { RepositoryFacts } from '../events.ts'

export interface IntakeParts {
  store: Store
  github: GitHub
  log: Logger
}

export interface DeliverParts extends IntakeParts {
  /** All commands, by name. */
  commands: ReadonlyMap<string, Command>
}

/** What became of a fact, with one line for operators. */
export interface Outcome {
  state: 'done' | 'ignored'
  note: string
}

export const done = (note: string): Outcome => ({ state: 'done', note })
export const ignored = (note: string): Outcome => ({ state: 'ignored', note })

/** Thrown when GitHub could not be asked what somebody may do: denied for now, and tried again. */
export class CannotAsk extends Error {
  override name = 'CannotAsk'
  readonly actor: Actor

  constructor(actor: Actor, options: ErrorOptions) {
    super(`GitHub could not be asked what ${actor.login} may do`, options)
    this.actor = actor
  }
}

/** The settings in force; the defaults until the repository's own were read. */
export function settingsOf(system: SystemRow | undefined): Settings {
  return system?.settings ?? defaultSettings()
}

/** People only: a bot passes on the words of others, and nobody is behind a deleted account. */
export function isPerson(actor: Actor): boolean {
  return actor.type === 'User' && actor.id !== 0
}

/**
 * What somebody may do in a repository, asked at this moment. Bots and ghosts may nothing, without asking.
 * @throws {CannotAsk} when GitHub does not answer; {NotYet} while it asks for a pause.
 */
export async function permissionOf(
  parts: Pick<IntakeParts, 'github'>,
  repository: Pick<SystemRow, 'fullName' | 'installationId'>,
  actor: Actor,
): ReturnType<ReturnType<GitHub['repository']>['permission']> {
  if (!isPerson(actor)) return 'none'
  try {
    return await parts.github.repository(repository).permission(actor)
  } catch (error) {
    throw findNotYet(error) ?? new CannotAsk(actor, { cause: error })
  }
}

/** Whether somebody may write to a repository, asked at this moment. @throws as `permissionOf`. */
export async function mayWrite(
  parts: Pick<IntakeParts, 'github'>,
  repository: Pick<SystemRow, 'fullName' | 'installationId'>,
  actor: Actor,
): Promise<boolean> {
  return ['admin', 'maintain', 'write'].includes(await permissionOf(parts, repository, actor))
}

/**
 * The system of a repository, made when there is none yet, and brought back when it was gone. A known one stays as it
 * is: a payload can be older than what we know.
 */
export async function ensureSystem(
  tx: Tx,
  known: SystemRow | undefined,
  repository: RepositoryFacts,
): Promise<SystemRow> {
  if (known && known.state !== 'gone') return known
  return saveSystem(tx.db, repository)
}

/** Labels are equal whatever their case, as on GitHub. */
export function sameLabel(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

export function hasLabel(labels: readonly string[], label: string): boolean {
  return labels.some((one) => sameLabel(one, label))
}

/** Whether one of the labels that queue an issue is on: the one for tasks, or the one for roadmaps. */
export function isWanted(labels: readonly string[], settings: Settings): boolean {
  return hasLabel(labels, settings.label) || hasLabel(labels, settings.roadmap.label)
}

/** Whether a label is one of those that queue an issue. */
export function queues(label: string, settings: Settings): boolean {
  return isWanted([label], settings)
}

export function isFinished(item: ItemRow): boolean {
  return finished.includes(item.state)
}
