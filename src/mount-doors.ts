/** Opens the doors for programs and people once work has begun: REST, MCP, the dashboard. */

import type { openAdapters } from './adapters.ts'
import { EventHub } from './api/event-hub.ts'
import { mcpDoor } from './api/mcp/door.ts'
import { metricPages } from './api/metrics.ts'
import type { Doors } from './api/open-doors.ts'
import { restApp } from './api/rest.ts'
import { openDashboard } from './dashboard/dashboard.ts'
import { servesPeople } from './domain/process-role.ts'
import type { Closers } from './lib/closers.ts'
import { tuttiVersion } from './lib/version.ts'

/** Mounts them all, or the metrics alone where people are served elsewhere. What must end is left to `closers`. */
export function mountDoors(
  doors: Doors,
  adapters: Awaited<ReturnType<typeof openAdapters>>['adapters'],
  closers: Closers,
): void {
  const events = new EventHub(adapters.store, adapters.log)
  if (!servesPeople(adapters.part.role)) {
    closers.push(() => events.close())
    doors.mount([metricPages({ ...adapters, events })])
    return
  }
  const mcp = mcpDoor(adapters, tuttiVersion())
  const dashboard = openDashboard({ ...adapters, events, services: () => adapters })
  closers.push(() => events.close(), mcp)
  doors.mount([restApp({ ...adapters, events }), metricPages({ ...adapters, events }), mcp.app, dashboard])
}
