/** The app's webhook: where it goes, what was delivered, and delivering again. */
import { linkTo, perPage } from '../api/pages.ts'
import { appRoute, type Call, numberParam, ok, type Route, type RouteAnswer } from '../api/route.ts'
import type { Delivery } from '../deliveries.ts'
import { ApiRefusal, type Schemas } from '../model.ts'

export const deliveryRoutes: Route[] = [
  appRoute('GET', '/app/hook/config', ({ hooks }) =>
    ok({
      content_type: 'json',
      insecure_ssl: '0',
      secret: '********',
      url: hooks.url,
    } satisfies Schemas['webhook-config']),
  ),
  appRoute('GET', '/app/hook/deliveries', listDeliveries),
  appRoute('GET', '/app/hook/deliveries/{delivery_id}', (call) => ok(wholeBody(deliveryFor(call)))),
  appRoute('POST', '/app/hook/deliveries/{delivery_id}/attempts', (call) => {
    call.hooks.redeliver(numberParam(call, 'delivery_id'))
    return { status: 202, body: {} }
  }),
]

/** Newest first; `cursor` is the id of the first delivery of the page. */
function listDeliveries(call: Call): RouteAnswer {
  const status = call.query.get('status')
  const cursor = call.query.get('cursor')
  const size = perPage(call)
  const fitting = call.hooks.listed().filter((one) => !status || (status === 'success') === isSuccess(one))
  const start = cursor === null ? 0 : fitting.findIndex((one) => one.id <= Number(cursor))
  const rest = start < 0 ? [] : fitting.slice(start)
  const next = rest[size]
  return {
    body: rest.slice(0, size).map(itemBody),
    headers: next ? { link: linkTo(call, { cursor: String(next.id) }, 'next') } : {},
  }
}

/** 200 to 399: documented with the `status` parameter. */
function isSuccess({ statusCode = 0 }: Delivery): boolean {
  return statusCode >= 200 && statusCode < 400
}

function deliveryFor(call: Call): Delivery {
  const id = numberParam(call, 'delivery_id')
  const found = call.hooks.listed().find((one) => one.id === id)
  if (!found) throw new ApiRefusal(404, 'Not Found')
  return found
}

function itemBody(delivery: Delivery): Schemas['hook-delivery-item'] {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: delivery.deliveredAt.toISOString(),
    redelivery: delivery.redelivery,
    duration: delivery.duration,
    status: delivery.status,
    status_code: delivery.statusCode ?? 0,
    event: delivery.event,
    action: delivery.action,
    installation_id: delivery.installationId,
    repository_id: delivery.repositoryId,
    throttled_at: null,
  }
}

function wholeBody(delivery: Delivery) {
  return {
    ...itemBody(delivery),
    url: delivery.url,
    request: { headers: delivery.headers, payload: JSON.parse(delivery.payload) },
    response: delivery.answer,
  }
}
