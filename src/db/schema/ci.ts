/** What CI says about the heads of our pull requests, and what was done about it. */

import { boolean, index, integer, pgTable, text, unique } from 'drizzle-orm/pg-core'
import { id, jsonb, number64, time } from './columns.ts'
import { repositories } from './repositories.ts'
import { workItems } from './work-items.ts'

/** The last word of each check on a commit, as a webhook or a reading showed it. */
export const checkResults = pgTable(
  'check_results',
  {
    id: id(),
    repositoryId: number64('repository_id')
      .notNull()
      .references(() => repositories.id, { onDelete: 'cascade' }),
    sha: text('sha').notNull(),
    /** `suite:12` or `status`: two suites may have checks of one name, which say nothing about each other. */
    source: text('source').notNull(),
    name: text('name').notNull(),
    /** GitHub's number of the check run or status; a later one of the same name has a higher one. */
    checkNumber: number64('check_number').notNull(),
    verdict: text('verdict').$type<'success' | 'failure' | 'pending' | 'neutral'>().notNull(),
    url: text('url'),
    /** When it was first known to have failed on this commit; a success after that is what makes a check flaky. */
    failedAt: time('failed_at'),
    /** The telling part of the log of the failure, trimmed and redacted, and which check it was fetched for. */
    excerpt: text('excerpt'),
    excerptOf: number64('excerpt_of'),
    updatedAt: time('updated_at').notNull().defaultNow(),
  },
  (table) => [
    unique('check_results_once').on(table.repositoryId, table.sha, table.source, table.name),
    index('check_results_name').on(table.repositoryId, table.name),
    index('check_results_updated').on(table.updatedAt),
  ],
)

/** What CI said about one head of an item as a whole, and the step that followed. */
export const ciReports = pgTable(
  'ci_reports',
  {
    id: id(),
    workItemId: number64('work_item_id')
      .notNull()
      .references(() => workItems.id, { onDelete: 'cascade' }),
    sha: text('sha').notNull(),
    /**
     * When a check last said something; the settle time begins there. The column keeps its older name: a version that
     * still runs beside this one during an upgrade writes it.
     */
    lastEventAt: time('heard_at').notNull().defaultNow(),
    /** When GitHub was last asked for all of them; null before. */
    readAt: time('read_at'),
    verdict: text('verdict').$type<'pending' | 'green' | 'red'>().notNull().default('pending'),
    step: text('step').$type<'none' | 'rerun' | 'fix' | 'hold' | 'person'>().notNull().default('none'),
    /** Names of the checks that the step is about. */
    about: jsonb('about').$type<string[]>().notNull().default([]),
    /** Failures that were asked to run again, each as its id and the time of its end. */
    rerunOf: jsonb('rerun_of').$type<string[]>().notNull().default([]),
    rerunAt: time('rerun_at'),
    reruns: integer('reruns').notNull().default(0),
    /** The same failure has the same one, whatever its times, paths and numbers. */
    signature: text('signature'),
    /** The end of the failing log, for people. */
    logTail: text('log_tail').notNull().default(''),
    /** Whether it counts against the fixes that CI may ask for; a person's `/retry` forgives. */
    counts: boolean('counts').notNull().default(true),
    createdAt: time('created_at').notNull().defaultNow(),
  },
  (table) => [unique('ci_reports_head').on(table.workItemId, table.sha)],
)

/** The checks that the rules of a base branch require, as last read. */
export const requiredChecks = pgTable(
  'required_checks',
  {
    id: id(),
    repositoryId: number64('repository_id')
      .notNull()
      .references(() => repositories.id, { onDelete: 'cascade' }),
    branch: text('branch').notNull(),
    names: jsonb('names').$type<string[]>().notNull(),
    readAt: time('read_at').notNull().defaultNow(),
  },
  (table) => [unique('required_checks_branch').on(table.repositoryId, table.branch)],
)
