/** Opens the adapters: GitHub, git, the agents, the sandbox and what they need. `app.ts` starts the doors and jobs on them. */

import type { Logger } from 'pino'
import { loadAgents } from './agents/registry.ts'
import { openChannels } from './channels/open-channels.ts'
import { loadCommands } from './commands/registry.ts'
import { readAgentSettings } from './config/agent-settings.ts'
import { channelSecrets } from './config/channel-variables.ts'
import { placeOf } from './config/data-directory.ts'
import type { Env } from './config/env.ts'
import { installationOf } from './config/installation.ts'
import { limitsOf } from './db/api-limits.ts'
import type { Store } from './db/connect.ts'
import { followClock } from './db/follow-clock.ts'
import { joinProcesses, livingProcesses } from './db/processes.ts'
import type { RepositoryRow } from './db/repositories.ts'
import { subjectRoot } from './domain/crew-subjects.ts'
import type { ProcessPart } from './domain/process-role.ts'
import { loadGates } from './gates/registry.ts'
import { openClones } from './git/open-clones.ts'
import { createClient } from './github/client.ts'
import { connectGitHub } from './github/connect.ts'
import type { Closers } from './lib/closers.ts'
import { didYouMean } from './lib/did-you-mean.ts'
import { OperatorError } from './lib/errors.ts'
import { Secrets } from './lib/secrets.ts'
import { PlacedClones, severalPlaces } from './runs/placed-clones.ts'
import { openSetUp } from './runs/set-up/open-set-up.ts'
import { openReaper } from './sandbox/open-reaper.ts'
import { sandboxFor } from './sandbox/sandbox-for.ts'

/** What they are opened with. */
export interface Ground {
  env: Env
  log: Logger
  store: Store
  credentials: NonNullable<Env['credentials']>
  /** What this process does. */
  part: ProcessPart
  closers: Closers
}

/**
 * Opens them all. What must be closed again is left to `closers`.
 * @throws {OperatorError} when a file of the operator cannot be used, or GitHub refuses the credentials.
 */
export async function openAdapters({ env, log, store, credentials, part, closers }: Ground) {
  await followClock(store, log, closers)
  const operator = readAgentSettings(env)
  const agents = await loadAgents({ files: env.AGENT_FILES, apiUrl: env.apiUrl, operator })
  assertAgent(env.AGENT, [...agents.keys()])
  const [commands, gates] = await Promise.all([loadCommands(), loadGates()])
  const known = [credentials.privateKey, credentials.webhookSecret, env.GITHUB_CLIENT_SECRET, ...channelSecrets(env)]
  const secrets = new Secrets(known.filter((one) => one !== undefined))
  const client = createClient({ ...credentials, apiUrl: env.apiUrl, limits: limitsOf(env, store.db), log })
  const github = await connectGitHub(client, log, (token) => secrets.add(token))
  const leaseMs = env.HEARTBEAT_TIMEOUT_SECONDS * 1_000
  const place = placeOf(env)
  const instance = await joinProcesses(store, { ...part, place }, leaseMs, closers)
  const several = severalPlaces(store, { place, whole: part.role === 'all', timeoutMs: leaseMs })
  const others = await livingProcesses(store.db, instance, leaseMs)
  const reaper = await openReaper({ installation: installationOf(env), life: instance, others }, log, closers)
  const clones = openClones<RepositoryRow>({ env, token: (...asked) => github.token(...asked), log, closers })
  const placed = new PlacedClones({ store, log, clones, several })
  const sandbox = sandboxFor(env, log)
  const adapters = {
    ...{ store, env, github, log, instance, agents, commands, gates, reaper, sandbox, ...openSetUp(env, log, secrets) },
    ...{ part, place, several },
    ...{ holdsSecret: secrets.holds, linesWithSecret: secrets.linesWith, redact: secrets.redact },
    control: (repo: RepositoryRow) => placed.of(repo),
    ...(await openChannels(env, subjectRoot, log, closers)),
  }
  return { adapters, client, clones, leaseMs }
}

/** A repository may name another one, so that the mistake would show late. */
function assertAgent(name: string, kinds: readonly string[]): void {
  if (kinds.includes(name)) return
  const meant = didYouMean(name, kinds)
  throw new OperatorError(
    `AGENT is "${name}", and there is no such kind of agent${meant ? `; did you mean "${meant}"?` : ''}`,
    `There are: ${kinds.join(', ')}.`,
  )
}
