/** The crew: who the agents are, what they remember, what they say to each other and to people. */

import { sql } from 'drizzle-orm'
import { boolean, index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import type { CrewRole, MemoryDomain, MemoryKind } from '../../domain/crew.ts'
import type { DeliveryState } from '../../domain/delivery.ts'
import { id, jsonb, now, number64, time } from './columns.ts'
import { repositories } from './repositories.ts'
import { workItems } from './work-items.ts'

/** An agent as people know it: a name that lasts, in one repository, for one role and one kind of agent. */
export const crewMembers = pgTable(
  'crew_members',
  {
    id: id(),
    repositoryId: number64('repository_id')
      .notNull()
      .references(() => repositories.id, { onDelete: 'cascade' }),
    role: text('role').$type<CrewRole>().notNull(),
    /** The kind of agent; '' for the orchestrator, which is Tutti itself. */
    agent: text('agent').notNull(),
    name: text('name').notNull(),
    /** Another name that it is written to, chosen by itself. */
    handle: text('handle'),
    createdAt: now(),
    assignedAt: time('assigned_at').notNull().defaultNow(),
  },
  (table) => [unique('crew_members_name').on(table.repositoryId, table.name)],
)

/** The name by which a person is written to in one repository, besides their login. */
export const personHandles = pgTable(
  'person_handles',
  {
    repositoryId: number64('repository_id')
      .notNull()
      .references(() => repositories.id, { onDelete: 'cascade' }),
    /** GitHub's id of the account, which stays when the login changes. */
    personId: number64('person_id').notNull(),
    login: text('login').notNull(),
    handle: text('handle').notNull(),
    createdAt: now(),
  },
  (table) => [primaryKey({ columns: [table.repositoryId, table.personId] })],
)

/** What the crew of a repository has learned. Bounded for each repository; see `crew/memory.ts`. */
export const memories = pgTable(
  'memories',
  {
    id: id(),
    repositoryId: number64('repository_id')
      .notNull()
      .references(() => repositories.id, { onDelete: 'cascade' }),
    /** Whose it is; null: everybody's. */
    memberId: number64('member_id').references(() => crewMembers.id, { onDelete: 'set null' }),
    kind: text('kind').$type<MemoryKind>().notNull(),
    domain: text('domain').$type<MemoryDomain>().notNull(),
    fromMistake: boolean('from_mistake').notNull().default(false),
    /** The topic, or the name that a relationship is about; '' for none. */
    about: text('about').notNull().default(''),
    text: text('text').notNull(),
    /** Equal texts are one memory. */
    digest: text('digest').notNull(),
    /** Who says so. Only what gates and people say is taught as fact. */
    source: text('source').$type<'agent' | 'gate' | 'person'>().notNull(),
    confirmedBy: text('confirmed_by'),
    /** A person has taken it out. It stays known, so that it is not learned again. */
    forgotten: boolean('forgotten').notNull().default(false),
    issueNumber: integer('issue_number'),
    /** How often it was learned, and how often it was given to an agent. */
    seen: integer('seen').notNull().default(1),
    used: integer('used').notNull().default(0),
    createdAt: now(),
    seenAt: time('seen_at').notNull().defaultNow(),
  },
  (table) => [unique('memories_once').on(table.repositoryId, table.digest)],
)

/** Something that a member of the crew or a person says. */
export const messages = pgTable(
  'messages',
  {
    id: id(),
    repositoryId: number64('repository_id')
      .notNull()
      .references(() => repositories.id, { onDelete: 'cascade' }),
    /** The item that it is about; the people of its issue read it there. */
    workItemId: number64('work_item_id').references(() => workItems.id, { onDelete: 'cascade' }),
    channel: text('channel').notNull(),
    fromMemberId: number64('from_member_id').references(() => crewMembers.id, { onDelete: 'cascade' }),
    /** The name of the member, or the login of the person. */
    fromName: text('from_name').notNull(),
    /** As it was addressed: a name, `people` or `all`. */
    toName: text('to_name').notNull(),
    text: text('text').notNull(),
    replyTo: number64('reply_to'),
    /** The run that waits, or has waited, for the answer; null for what is no question to another agent. */
    awaitedBy: number64('awaited_by'),
    /** When it stopped waiting; null while it does, and for a run that was lost meanwhile. */
    awaitEndedAt: time('await_ended_at'),
    createdAt: now(),
  },
  (table) => [
    index('messages_item').on(table.workItemId),
    index('messages_channel').on(table.repositoryId, table.channel),
    index('messages_created').on(table.createdAt),
  ],
)

/** One message on its way to one reader. */
export const messageDeliveries = pgTable(
  'message_deliveries',
  {
    id: id(),
    messageId: number64('message_id')
      .notNull()
      .references(() => messages.id, { onDelete: 'cascade' }),
    /** The reader; null: the people of the issue. */
    memberId: number64('member_id').references(() => crewMembers.id, { onDelete: 'cascade' }),
    state: text('state').$type<DeliveryState>().notNull().default('pending'),
    /** Times that it was handed out, or waited for in vain. */
    attempts: integer('attempts').notNull().default(0),
    updatedAt: time('updated_at').notNull().defaultNow(),
  },
  (table) => [
    unique('message_deliveries_once').on(table.messageId, table.memberId),
    index('message_deliveries_open').on(table.memberId).where(sql`${table.state} in ('pending', 'delivered')`),
  ],
)

/** A state that work can go back to, named by the agent. */
export const checkpoints = pgTable(
  'checkpoints',
  {
    id: id(),
    workItemId: number64('work_item_id')
      .notNull()
      .references(() => workItems.id, { onDelete: 'cascade' }),
    runId: number64('run_id').notNull(),
    name: text('name').notNull(),
    text: text('text').notNull(),
    /** The head of the branch at that time; what the agent had changed since is not in it. */
    headSha: text('head_sha'),
    createdAt: now(),
  },
  (table) => [unique('checkpoints_name').on(table.workItemId, table.name)],
)

/** What the crew broadcasts. The rows are the record; NATS gets a copy where it is configured. */
export const crewEvents = pgTable(
  'crew_events',
  {
    id: id(),
    repositoryId: number64('repository_id')
      .notNull()
      .references(() => repositories.id, { onDelete: 'cascade' }),
    workItemId: number64('work_item_id').references(() => workItems.id, { onDelete: 'cascade' }),
    subject: text('subject').notNull(),
    payload: jsonb('payload').$type<Record<string, unknown>>().notNull(),
    createdAt: now(),
    publishedAt: time('published_at'),
  },
  (table) => [
    index('crew_events_created').on(table.createdAt),
    index('crew_events_unpublished').on(table.id).where(sql`${table.publishedAt} is null`),
  ],
)

/** One notice to people by one way. The fact, the way and the number of the reminder make it one. */
export const notifications = pgTable(
  'notifications',
  {
    id: id(),
    workItemId: number64('work_item_id')
      .notNull()
      .references(() => workItems.id, { onDelete: 'cascade' }),
    /** What has happened, and when: the state that a person must act in. */
    fact: text('fact').notNull(),
    way: text('way').$type<'slack' | 'teams' | 'mail' | 'mention'>().notNull(),
    /** 0 for the first, then the number of the reminder. */
    reminder: integer('reminder').notNull().default(0),
    /** `sending` is final for a process that dies meanwhile: twice would be worse than a late reminder. */
    state: text('state').$type<'pending' | 'sending' | 'sent' | 'failed'>().notNull().default('pending'),
    error: text('error'),
    createdAt: now(),
    sentAt: time('sent_at'),
  },
  (table) => [
    unique('notifications_once').on(table.workItemId, table.fact, table.way, table.reminder),
    index('notifications_created').on(table.createdAt),
  ],
)
