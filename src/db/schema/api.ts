/** Tokens of programs that use the API. */

import { boolean, pgTable, text } from 'drizzle-orm/pg-core'
import { id, jsonb, now, time } from './columns.ts'

/** What a token may do in the repositories of its scope. Each role includes those before it. */
export const tokenRoles = ['read', 'operate', 'admin'] as const
export type TokenRole = (typeof tokenRoles)[number]

/** One token. The token itself is shown once and not stored. A revoked one stays, for the audit log names it. */
export const apiTokens = pgTable('api_tokens', {
  id: id(),
  name: text('name').notNull().unique(),
  role: text('role').$type<TokenRole>().notNull(),
  /** Ids of `repositories`; null: all of them, also those that come later. */
  repositoryIds: jsonb('repository_ids').$type<number[]>(),
  /** SHA-256 of the token, in hex. */
  hash: text('hash').notNull().unique(),
  /** Made by a process for the command line of its machine, and revoked when the process ends. */
  ephemeral: boolean('ephemeral').notNull().default(false),
  createdBy: text('created_by').notNull(),
  createdAt: now(),
  expiresAt: time('expires_at'),
  /** Written once a minute at most. */
  lastUsedAt: time('last_used_at'),
  revokedAt: time('revoked_at'),
})
