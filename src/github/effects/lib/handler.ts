/** What a file of `effects/` exports: how one kind of effect is carried out. */

import { z } from 'zod'
import { type EffectKind, type EffectOf, effectPriorities } from '../../../domain/effects.ts'
import type { CommitFile } from '../../../domain/github.ts'
import type { Octokit } from '../../client.ts'
import type { RepositoryPath } from '../../repository-path.ts'

/** What a handler gets besides the payload. */
export interface EffectContext {
  octokit: Octokit
  /** The repository that is written to. */
  at: RepositoryPath
  /** The key of the outbox row. It is in the marker of what is created. */
  key: string
  /** Whether an earlier attempt may have reached GitHub: its answer was lost, or the process ended. */
  mayExist: boolean
  /**
   * To be called when a search for an earlier attempt has found nothing, before anything is created.
   * @throws {RetryAfter} while that attempt may still be under way at GitHub.
   */
  notFound(): void
  /** What the last publication under this key returned; empty before the first. */
  before: EffectResult
  /** The login of the app's bot user: only its own comments are edited. */
  botLogin: string
  /** Renders the status comment of the effect's item as it reads now. */
  statusComment(): Promise<string>
  /** Renders the status comment of the pull request of the effect's item as it reads now. */
  pullRequestComment(): Promise<string>
  /** The files in which a local commit differs from a parent, and the tree of that parent. */
  commitFiles(commit: string, parent: string): Promise<{ baseTree: string; files: CommitFile[] }>
  /** Takes secrets out, and cuts the text so that it and `end`, which is never cut, are inside GitHub's limit. */
  clean(text: string, end?: string): string
  /** Says once that this server does not have a feature. */
  missing(feature: string): void
}

/** What is kept of a publication; the next one under the same key gets it as `before`. */
export type EffectResult = Record<string, unknown>

/** Carries out one kind of effect. */
export interface EffectHandler<Kind extends EffectKind = EffectKind> {
  /** The file's name. */
  kind: Kind
  /**
   * Writes to GitHub. Called a second time it must change nothing more; where `mayExist` is set, it searches for what
   * an earlier attempt may have created before it creates.
   * @throws what Octokit throws; the publisher decides whether to try again.
   */
  publish(payload: EffectOf<Kind>['payload'], context: EffectContext): Promise<EffectResult>
}

/** Every kind of effect there is. */
export const effectKinds = Object.keys(effectPriorities) as EffectKind[]

/** The shape that the loader checks. */
export const effectHandlerShape = z.strictObject({
  kind: z.enum(effectKinds),
  publish: z.custom<EffectHandler['publish']>((value) => typeof value === 'function', 'must be a function'),
}) satisfies z.ZodType<EffectHandler>
