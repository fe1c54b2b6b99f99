/** The resources of MCP: the work queue and the audit log of a repository, and the log of an agent. */

import type { ReadResourceResult, Resource, ResourceTemplate } from '@modelcontextprotocol/sdk/types.js'
import { type Caller, type CallServices, repositoryFor } from '../../commands/lib/give-command.ts'
import type { Env } from '../../config/env.ts'
import { servedRepositories } from '../../db/repositories.ts'
import { permits } from '../../domain/permissions.ts'
import { NoSuchThing } from '../../lib/errors.ts'
import { emptyLog, noSuchResource, resourceNames } from '../../messages/mcp.ts'
import { tailOfLog } from '../../runs/agent-session.ts'
import { findAgent, listAgents } from '../../views/agents.ts'
import { listEvents } from '../../views/events.ts'
import { workQueueOf } from '../../views/work-queue.ts'

/** What reading them needs. */
export interface ResourceServices extends CallServices {
  env: Env
}

const json = 'application/json'
/** Repositories that are listed, and agents of each; others are reached by the templates. */
const listed = { repositories: 50, agents: 20 }
const auditEntries = 200

/** What can be read by filling in the braces. */
export const resourceTemplates: readonly ResourceTemplate[] = [
  { name: 'work-queue', uriTemplate: 'tutti://{owner}/{name}/work-queue', mimeType: json },
  { name: 'audit-log', uriTemplate: 'tutti://{owner}/{name}/audit-log', mimeType: json },
  { name: 'run-log', uriTemplate: 'tutti://{owner}/{name}/agents/{agentId}/log', mimeType: 'text/plain' },
]

/** The resources that a caller can see: two for each repository, and one for each agent at work. */
export async function listResources({ store }: ResourceServices, caller: Caller): Promise<Resource[]> {
  const resources: Resource[] = []
  let repositories = 0
  for (const repo of await servedRepositories(store.db)) {
    if (!permits(await caller.permissionIn(repo), 'read')) continue
    if (++repositories > listed.repositories) break
    const { fullName } = repo
    resources.push(
      { uri: `tutti://${fullName}/work-queue`, name: resourceNames.workQueue(fullName), mimeType: json },
      { uri: `tutti://${fullName}/audit-log`, name: resourceNames.auditLog(fullName), mimeType: json },
    )
    for (const agent of await listAgents(store.db, repo.id, { active: true, limit: listed.agents })) {
      const name = resourceNames.runLog(fullName, `${agent.name || agent.kind} on #${agent.issue}`)
      resources.push({ uri: `tutti://${fullName}/agents/${agent.agentId}/log`, name, mimeType: 'text/plain' })
    }
  }
  return resources
}

/**
 * Reads one.
 * @throws {NoSuchThing} when there is none, or the caller may not see its repository.
 */
export async function readResource(
  services: ResourceServices,
  caller: Caller,
  uri: string,
): Promise<ReadResourceResult> {
  const [, fullName = '', what, agentId = ''] =
    /^tutti:\/\/([\w.-]+\/[\w.-]+)\/(work-queue|audit-log|agents\/(\d+)\/log)$/.exec(uri) ?? []
  if (what === undefined) throw new NoSuchThing(noSuchResource(uri))
  const { db } = services.store
  const repo = await repositoryFor(services, caller, fullName)
  const asJson = (data: unknown) => ({ contents: [{ uri, mimeType: json, text: JSON.stringify(data) }] })
  if (what === 'work-queue') return asJson(await workQueueOf(db, repo.id))
  if (what === 'audit-log') return asJson({ events: await listEvents(db, [repo.id], { limit: auditEntries }) })
  if (!(await findAgent(db, repo.id, agentId))) throw new NoSuchThing(noSuchResource(uri))
  const text = await tailOfLog(services, Number(agentId))
  return { contents: [{ uri, mimeType: 'text/plain', text: text || emptyLog }] }
}
