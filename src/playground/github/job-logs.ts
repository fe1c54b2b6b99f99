/** The logs of jobs: text files at an address outside the API, which the API redirects to. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CheckRun, RepositoryRecord } from './model.ts'
import type { World } from './world.ts'

const PREFIX = '/_job-logs/'

/** Where the log of a job is. GitHub's own addresses are signed and last for a minute. */
export function jobLogUrl(world: World, repository: RepositoryRecord, run: CheckRun): string {
  return `${world.url}${PREFIX}${repository.id}/${run.id}`
}

/** Whether someone asks for a log. */
export function isJobLog(incoming: IncomingMessage): boolean {
  return (incoming.url ?? '').startsWith(PREFIX)
}

/** Answers with the log; it is found by its address alone. */
export function serveJobLog(world: World, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const [repositoryId, runId] = (incoming.url ?? '').slice(PREFIX.length).split('/').map(Number)
  const suites = world.repositories.get(repositoryId ?? 0)?.suites ?? []
  const log = suites.flatMap((suite) => suite.runs).find((run) => run.id === runId)?.log
  outgoing.writeHead(log === undefined ? 404 : 200, { 'content-type': 'text/plain; charset=utf-8' }).end(log ?? '')
}
