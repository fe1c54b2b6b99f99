/** One repository on the fake GitHub, one database for the file, and the front door between them. */

import { randomUUID } from 'node:crypto'
import { and, eq, sql } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll } from 'vitest'
import { loadCommands } from '../../src/commands/registry.ts'
import { defaultSettings, type Settings } from '../../src/config/settings.ts'
import { type DeliveryRow, getDelivery, storeDeliveries } from '../../src/db/deliveries.ts'
import { type PullRow, pullByNumber, savePull } from '../../src/db/pull-requests.ts'
import { type RepositoryRow, repositoryByGithubId, saveRepository } from '../../src/db/repositories.ts'
import { effects } from '../../src/db/schema/effects.ts'
import { repositories } from '../../src/db/schema/repositories.ts'
import { gateResults } from '../../src/db/schema/runs.ts'
import { type ItemRow, itemOfIssue, transition } from '../../src/db/work-items.ts'
import type { Actor } from '../../src/domain/github.ts'
import type { Sha } from '../../src/lib/ids.ts'
import type { ItemState } from '../../src/lib/item-state.ts'
import { type LoadedWebhookApp, loadWebhookApp } from '../../src/webhooks/probot-app.ts'
import { processDelivery } from '../../src/webhooks/process-delivery.ts'
import { FakeGitHub, type FakeRepository, type Hook, person } from './fake-github.ts'
import { openTestStore, type TestStore } from './test-store.ts'
import { People } from './webhook-people.ts'
import { createTestProbot } from './webhook-probot.ts'

const log = pino({ level: process.env.LOG_LEVEL ?? 'silent' })
let shared: TestStore | undefined

/** Opens the database of a test file, and closes it afterwards. */
export function useStore(): void {
  beforeAll(async () => {
    shared = await openTestStore()
  }, 60_000)
  afterAll(async () => {
    await shared?.close()
    shared = undefined
  })
}

export const theStore = () => {
  if (!shared) throw new Error('call useStore() first')
  return shared.store
}

/** The way of an item from queued to each state. */
const way: readonly ItemState[] = ['queued', 'ready', 'running', 'checking', 'reviewing', 'approved', 'merging']

export class Stage {
  readonly github = new FakeGitHub()
  readonly repository: FakeRepository
  readonly people: People
  readonly maintainer: Actor
  readonly outsider = person('outsider')
  readonly store = theStore()
  commands: Awaited<ReturnType<typeof loadCommands>> = new Map()

  constructor() {
    this.repository = this.github.add()
    this.people = new People(this.github, this.repository)
    this.maintainer = this.withPermission('maintainer', 'admin')
  }

  #webhooks: LoadedWebhookApp | undefined

  static async open(): Promise<Stage> {
    const stage = new Stage()
    stage.commands = await loadCommands()
    const { store, github, commands } = stage
    stage.#webhooks = await loadWebhookApp(createTestProbot(), { store, github, commands, log })
    return stage
  }

  get parts() {
    if (!this.#webhooks) throw new Error('use Stage.open()')
    const { handleComment } = this.#webhooks
    return { store: this.store, github: this.github, webhooks: this.#webhooks, handleComment, log }
  }

  withPermission(login: string, permission: 'admin' | 'maintain' | 'write' | 'triage' | 'read'): Actor {
    const actor = person(login)
    this.repository.permissions.set(actor.id, permission)
    return actor
  }

  /** Delivers a webhook. @returns the row of the inbox afterwards. */
  async deliver(hook: Hook, options: { deliveryId?: string; last?: boolean } = {}): Promise<DeliveryRow> {
    const deliveryId = options.deliveryId ?? randomUUID()
    await storeDeliveries(this.store, [{ deliveryId, event: hook.event, payload: JSON.stringify(hook.payload) }])
    await processDelivery(this.parts, { deliveryIds: [deliveryId] }, { last: options.last ?? false })
    const row = await getDelivery(this.store.db, deliveryId)
    if (!row) throw new Error('the delivery is gone')
    return row
  }

  async repo(): Promise<RepositoryRow> {
    const row = await repositoryByGithubId(this.store.db, this.repository.facts.githubId)
    if (!row) throw new Error('there is no system')
    return row
  }

  /** Makes the system as if it had been heard of before, with settings of its own. */
  async withSettings(change: Partial<Settings> = {}): Promise<RepositoryRow> {
    const { id } = await saveRepository(this.store.db, this.repository.facts)
    await this.store.db
      .update(repositories)
      .set({ settings: { ...defaultSettings(), ...change } })
      .where(eq(repositories.id, id))
    return this.repo()
  }

  async item(issueNumber: number): Promise<ItemRow> {
    const row = await this.maybeItem(issueNumber)
    if (!row) throw new Error(`#${issueNumber} has no item`)
    return row
  }

  async maybeItem(issueNumber: number): Promise<ItemRow | undefined> {
    const repo = await repositoryByGithubId(this.store.db, this.repository.facts.githubId)
    return repo && itemOfIssue(this.store.db, repo.id, issueNumber)
  }

  /** A labelled issue whose item has come as far as `state`. */
  async issueIn(state: ItemState): Promise<ItemRow> {
    const { number } = this.people.createIssue(this.maintainer)
    await this.deliver(this.people.label(number, 'tutti', this.maintainer))
    return this.moveTo(await this.item(number), state)
  }

  async moveTo(item: ItemRow, state: ItemState): Promise<ItemRow> {
    if (state === item.state) return item
    const forward = way.slice(way.indexOf(item.state) + 1, way.indexOf(state) + 1)
    const steps = forward.length > 0 ? forward : [state]
    let current = item
    for (const to of steps) {
      current = await this.store.transaction((tx) =>
        transition(tx, current, to, { actor: 'tutti', why: 'as the test has it' }),
      )
    }
    return current
  }

  /** Opens the pull request of an item as the app does, and notes it. */
  async pullOf(item: ItemRow, headSha: Sha): Promise<PullRow> {
    const pull = this.people.openPull(item.branch, headSha)
    return this.store.transaction((tx) =>
      savePull(tx, {
        repositoryId: item.repositoryId,
        workItemId: item.id,
        number: pull.number,
        url: pull.url,
        headSha,
        baseBranch: pull.baseBranch,
      }),
    )
  }

  /** The gates passed on a commit of an item. */
  async judged(item: ItemRow, sha: string): Promise<void> {
    await this.store.db
      .insert(gateResults)
      .values({ workItemId: item.id, sha, gate: 'changes', verdict: 'pass', summary: 'Fine.' })
  }

  async pullRow(number: number): Promise<PullRow> {
    const row = await pullByNumber(this.store.db, (await this.repo()).id, number)
    if (!row) throw new Error(`no pull request ${number}`)
    return row
  }

  /** Wanted effects of one kind in this repository, oldest first. */
  async wanted(kind: string) {
    const repo = await this.repo()
    return this.store.db
      .select()
      .from(effects)
      .where(and(eq(effects.repositoryId, repo.id), eq(effects.kind, kind)))
      .orderBy(effects.id)
  }

  /** Jobs waiting in a queue that speak of a value. */
  async jobs(queue: string, key: string, value: number): Promise<number> {
    const result = await this.store.db.execute(
      sql`select count(*)::int as n from pgboss.job where name = ${queue} and state < 'active' and (data->>${key})::int = ${value}`,
    )
    return (result as unknown as { rows: { n: number }[] }).rows[0]?.n ?? 0
  }
}
