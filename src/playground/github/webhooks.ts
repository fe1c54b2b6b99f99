/** Turns what happens into webhooks, and sends them: in order, one after the other unless a fault says otherwise. */
import { randomUUID } from 'node:crypto'
import { attempt, type Delivery, deliveryHeaders } from './deliveries.ts'
import { deliveryFault, type FaultBook } from './faults.ts'
import { ApiRefusal } from './model.ts'
import { organizationBody, userBody } from './payloads/accounts.ts'
import { repositoryBody } from './payloads/repositories.ts'
import { emailOf, type Happening, installationOf, type World } from './world.ts'

/** GitHub cannot redeliver what is older, in ms: documented in "Redelivering webhooks" (3 days). */
const RETENTION = 3 * 24 * 3600 * 1000
/** Every app gets these, asked for or not. */
const ALWAYS = ['installation', 'installation_repositories', 'ping', 'meta']

export interface Webhooks {
  /** Where they go; undefined: the webhook is not active, and nothing is sent or recorded. */
  url: string | undefined
  secret: string
  hookId: number
  /** Every delivery, oldest first. */
  log: Delivery[]
  emit(happening: Happening): void
  ping(): void
  /** Those that GitHub still lists, newest first. */
  listed(): Delivery[]
  /** Sends the delivery with this id again. @throws {ApiRefusal} 404 */
  redeliver(id: number): void
  /** Stops sending; what waits is dropped. */
  close(): Promise<void>
}

export interface WebhookOptions {
  url?: string
  secret: string
  /** Deliveries under way at once. 1 keeps them in order. */
  concurrency: number
  /** How long an answer may take. */
  timeoutMs: number
  /** Where deliveries are written down. */
  log: Delivery[]
}

export function createWebhooks(world: World, faults: FaultBook, options: WebhookOptions): Webhooks {
  const queue = createQueue(world, options)
  const submit = (delivery: Delivery) => submitWithFault({ world, faults, hooks, queue }, delivery)
  const hooks: Webhooks = {
    url: options.url,
    secret: options.secret,
    hookId: world.nextId(),
    log: options.log,
    emit(happening) {
      const delivery = hooks.url === undefined ? undefined : compose(world, hooks, happening)
      if (delivery) submit(delivery)
      world.changed()
    },
    ping() {
      const hook = hookBody(world, hooks)
      const payload = { zen: 'Keep it logically awesome.', hook_id: hooks.hookId, hook }
      hooks.emit({ event: 'ping', actor: { account: world.app.owner }, payload })
    },
    listed() {
      const since = world.now().getTime() - RETENTION
      return hooks.log.filter((one) => one.statusCode !== undefined && one.deliveredAt.getTime() >= since).reverse()
    },
    redeliver(id) {
      const found = hooks.listed().find((one) => one.id === id)
      if (!found) throw new ApiRefusal(404, 'Not Found')
      submit(copy(world, hooks, found, { redelivery: true }))
    },
    close: () => queue.close(),
  }
  return hooks
}

interface Queue {
  enqueue(deliveries: Delivery[]): void
  /** Ends what is on its way; the rest is never sent. */
  close(): Promise<void>
}

/** Sends deliveries in their order, so many at a time. */
function createQueue(world: World, options: WebhookOptions): Queue {
  const stop = new AbortController()
  const waiting: Delivery[] = []
  const underWay = new Set<Promise<void>>()
  function pump(): void {
    while (underWay.size < options.concurrency) {
      const next = waiting.shift()
      if (!next) return
      const sending = attempt(next, stop.signal, options.timeoutMs).then(() => {
        underWay.delete(sending)
        world.changed()
        pump()
      })
      underWay.add(sending)
    }
  }
  return {
    enqueue(deliveries) {
      if (stop.signal.aborted) return
      waiting.push(...deliveries)
      options.log.push(...deliveries)
      pump()
    },
    async close() {
      stop.abort()
      waiting.length = 0
      await Promise.all(underWay)
    },
  }
}

/** Hands a delivery on, or does to it what a fault asks for. */
function submitWithFault(
  { world, faults, hooks, queue }: { world: World; faults: FaultBook; hooks: Webhooks; queue: Queue },
  delivery: Delivery,
): void {
  const rule = deliveryFault(faults, { ...delivery, payload: JSON.parse(delivery.payload) })
  const fault = rule?.fault
  switch (fault?.kind) {
    case undefined:
      queue.enqueue([delivery])
      return
    case 'lose':
      return
    case 'drop':
      hooks.log.push(Object.assign(delivery, { statusCode: 502, status: 'failed to connect to host' }))
      return
    case 'duplicate':
      queue.enqueue([delivery, ...Array.from({ length: fault.copies ?? 1 }, () => copy(world, hooks, delivery))])
      return
    case 'new-guid':
      queue.enqueue([delivery, copy(world, hooks, delivery, { guid: randomUUID() })])
      return
    case 'delay':
      rule?.held.push(() => queue.enqueue([delivery]))
      return
    case 'reorder':
      rule?.held.unshift(() => queue.enqueue([delivery]))
      if (rule && rule.held.length >= fault.count) rule.release()
  }
}

function hookBody(world: World, hooks: Webhooks) {
  const created = world.app.createdAt.toISOString()
  const url = `${world.apiUrl}/app/hook`
  return {
    type: 'App',
    id: hooks.hookId,
    app_id: world.app.id,
    name: 'web',
    active: hooks.url !== undefined,
    events: world.app.events,
    config: { content_type: 'json', insecure_ssl: '0', secret: '********', url: hooks.url },
    url,
    ping_url: `${url}/pings`,
    deliveries_url: `${url}/deliveries`,
    created_at: created,
    updated_at: created,
  }
}

/** The delivery for what happened, or undefined when the app does not hear of it. */
function compose(world: World, hooks: Webhooks, happening: Happening): Delivery | undefined {
  const { event, action, repository } = happening
  if (!ALWAYS.includes(event) && !world.app.events.includes(event)) return undefined
  const installation = happening.installation ?? (repository && installationOf(world, repository))
  if (!installation && event !== 'ping') return undefined
  if (installation?.suspendedAt && event !== 'installation') return undefined
  const body = {
    ...(action === undefined ? {} : { action }),
    ...happening.payload,
    ...(repository ? { repository: webhookRepository(world, happening) } : {}),
    ...(repository?.owner.type === 'Organization' ? { organization: organizationBody(world, repository.owner) } : {}),
    sender: userBody(world, happening.actor.account),
    // The installation's own events carry it whole in their payload.
    ...(installation && !('installation' in happening.payload) ? { installation: { id: installation.id } } : {}),
  }
  return sealed(world, hooks, {
    event,
    action: action ?? null,
    installationId: installation?.id ?? null,
    repositoryId: repository?.id ?? null,
    payload: JSON.stringify(body),
    guid: randomUUID(),
    redelivery: false,
  })
}

/** In a push, and only there, two times of the repository are Unix seconds, and some old names live on. */
function webhookRepository(world: World, { event, repository }: Happening): Record<string, unknown> | undefined {
  if (!repository) return undefined
  const body = repositoryBody(world, repository)
  if (event !== 'push') return body
  const seconds = (date: Date): number => Math.floor(date.getTime() / 1000)
  return {
    ...body,
    owner: { ...body.owner, name: repository.owner.login, email: emailOf(repository.owner) },
    created_at: seconds(repository.createdAt),
    pushed_at: seconds(repository.pushedAt),
    stargazers: 0,
    master_branch: repository.defaultBranch,
  }
}

function copy(world: World, hooks: Webhooks, delivery: Delivery, changes: Partial<Delivery> = {}): Delivery {
  return sealed(world, hooks, { ...delivery, ...changes })
}

function sealed(
  world: World,
  hooks: Webhooks,
  content: Pick<Delivery, 'event' | 'action' | 'installationId' | 'repositoryId' | 'payload' | 'guid' | 'redelivery'>,
): Delivery {
  const { event, action, installationId, repositoryId, payload, guid, redelivery } = content
  return {
    id: world.nextId(),
    ...{ event, action, installationId, repositoryId, payload, guid, redelivery },
    deliveredAt: world.now(),
    duration: 0,
    statusCode: undefined,
    status: 'pending',
    url: hooks.url ?? '',
    headers: deliveryHeaders(content, { id: hooks.hookId, appId: world.app.id, secret: hooks.secret }),
    answer: { headers: null, payload: null },
  }
}
