/** Checks of the app on GitHub: credentials, permissions, events, webhooks, installations, branch protection. */

import { readFileSync } from 'node:fs'
import { pino } from 'pino'
import { parse } from 'yaml'
import { z } from 'zod'
import type { Env } from '../../config/env.ts'
import type { AppFacts, InstallationFacts } from '../../github/examine.ts'
import { counted } from '../../lib/counted.ts'
import { rootMessage } from '../../lib/errors.ts'
import { advice, type Finding, fine, problem } from './finding.ts'

const manifest = z.object({
  default_events: z.array(z.string()),
  default_permissions: z.record(z.string(), z.string()),
})

/** What `app.yml` asks for. */
function readManifest() {
  return manifest.parse(parse(readFileSync(new URL('../../../app.yml', import.meta.url), 'utf8')))
}

/** Asks GitHub everything. @returns one finding when it cannot be asked. */
export async function checkGitHub(env: Env): Promise<Finding[]> {
  if (!env.credentials) {
    return [
      problem('credentials', 'the app is not registered yet', 'Run: npm start, and open the address that it prints.'),
    ]
  }
  const [{ createClient }, { examineApp }, { httpStatusOf }] = await Promise.all([
    import('../../github/client.ts'),
    import('../../github/examine.ts'),
    import('../../github/http-status.ts'),
  ])
  const limits = { count: async () => undefined, pause: async () => {} }
  const client = createClient({ ...env.credentials, apiUrl: env.apiUrl, limits, log: pino({ level: 'silent' }) })
  try {
    const facts = await examineApp(client)
    return [
      fine('credentials', `GitHub knows the app as ${facts.slug}`),
      ...findingsOf(facts),
      ...(await checkAddress(facts)),
    ]
  } catch (error) {
    const refused = httpStatusOf(error) === 401 || rootMessage(error).startsWith('Integration not found')
    return [
      refused
        ? problem(
            'credentials',
            "GitHub refused the app's credentials",
            'Check APP_ID and PRIVATE_KEY, and the clock of this machine.',
          )
        : problem(
            'github',
            `GitHub cannot be asked at ${env.apiUrl}: ${rootMessage(error)}`,
            'Check GITHUB_API_URL or GHE_HOST, and the network.',
          ),
    ]
  }
}

/** What the facts mean. */
export function findingsOf(facts: AppFacts): Finding[] {
  const wanted = readManifest()
  const settings = 'Change it in the settings of the app on GitHub'
  const lacking = lackingIn(facts.permissions, wanted.default_permissions)
  const deaf = wanted.default_events.filter((event) => !facts.events.includes(event))
  return [
    lacking.length > 0
      ? problem(
          'permissions',
          `the app lacks the ${lacking.length === 1 ? 'permission' : 'permissions'} ${lacking.join(', ')}`,
          `${settings}, then accept it in each installation.`,
        )
      : fine('permissions', 'the app has every permission that it needs'),
    deaf.length > 0
      ? problem('events', `the app does not hear of ${deaf.join(', ')}`, `${settings}, under "Subscribe to events".`)
      : fine('events', 'the app hears of everything that it needs'),
    ...(facts.installations.length === 0
      ? [
          problem(
            'installations',
            'the app is installed nowhere',
            `Install it: https://github.com/apps/${facts.slug}/installations/new`,
          ),
        ]
      : facts.installations.flatMap((one) =>
          findingsOfInstallation(one, wanted.default_permissions, lacking.length > 0),
        )),
    ...findingsOfDeliveries(facts),
  ]
}

function lackingIn(has: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): string[] {
  return Object.entries(wanted).flatMap(([name, access]) =>
    has[name] === access || has[name] === 'write' || has[name] === 'admin' ? [] : [`${name}: ${access}`],
  )
}

function findingsOfInstallation(
  one: InstallationFacts,
  wanted: Readonly<Record<string, string>>,
  appLacks: boolean,
): Finding[] {
  const { account, suspended, repositories } = one
  if (suspended)
    return [problem('installations', `the installation in ${account} is suspended`, 'Its owner can unsuspend it.')]
  const lacking = appLacks ? [] : lackingIn(one.permissions, wanted)
  const open = repositories.filter(({ protectedBranch }) => protectedBranch === false)
  return [
    fine('installations', `${account}: ${counted(repositories.length, 'repository', 'repositories')}`),
    ...(lacking.length > 0
      ? [
          problem(
            'installations',
            `${account} has not accepted ${lacking.join(', ')}`,
            'Its owner accepts it in the settings of the installation.',
          ),
        ]
      : []),
    ...open.map(({ fullName, defaultBranch }) =>
      advice(
        'branch protection',
        `${defaultBranch} of ${fullName} is not protected`,
        'Add a rule that requires a review: then nothing but a reviewed pull request gets there, by Tutti or by others.',
      ),
    ),
    ...repositories.flatMap(({ fullName, defaultBranch, bypassable }) =>
      bypassable.map((ruleset) =>
        advice(
          'branch protection',
          `the app itself may bypass the ruleset "${ruleset}" of ${defaultBranch} in ${fullName}`,
          'Take the app off its bypass list: then GitHub, too, holds it to a review.',
        ),
      ),
    ),
  ]
}

function findingsOfDeliveries({ deliveries, webhookUrl }: AppFacts): Finding[] {
  if (!webhookUrl && deliveries !== undefined)
    return [
      problem(
        'webhooks',
        'the app has no webhook address',
        'Set it in the settings of the app on GitHub, as https://<this machine>/',
      ),
    ]
  if (deliveries === undefined || deliveries.length === 0) return []
  const failed = deliveries.filter((status) => status < 200 || status > 299)
  const count = `${failed.length} of the last ${deliveries.length} deliveries failed`
  if (failed.length === 0) return [fine('webhooks', `the last ${deliveries.length} deliveries arrived`)]
  // The newest says how it is now.
  const now = deliveries[0] ?? 0
  if (now >= 200 && now <= 299) return [fine('webhooks', `${count}, and the newest arrived`)]
  if ([400, 401, 403].includes(now))
    return [
      problem(
        'webhooks',
        `${count}: this Tutti or a proxy refused them with ${now}`,
        'Put the same secret into the settings of the app on GitHub and into WEBHOOK_SECRET.',
      ),
    ]
  return [
    problem(
      'webhooks',
      `${count}, the newest with ${now || 'no answer'}`,
      `GitHub must reach ${webhookUrl}: check the proxy, the tunnel and the firewall.`,
    ),
  ]
}

/** Whether a Tutti answers at the address that GitHub sends to, as seen from here. */
async function checkAddress({ webhookUrl }: AppFacts): Promise<Finding[]> {
  if (!webhookUrl || !URL.canParse(webhookUrl)) return []
  const health = new URL('/healthz', webhookUrl)
  if (health.hostname === 'smee.io')
    return [
      advice(
        'webhooks',
        'webhooks go through smee.io',
        'That is for trying it: anybody who knows the channel reads them.',
      ),
    ]
  try {
    const answer = await fetch(health, { signal: AbortSignal.timeout(5_000), redirect: 'manual' })
    const body = (await answer.json().catch(() => undefined)) as { webhooks?: { secret?: string } } | undefined
    if (body?.webhooks === undefined)
      return [
        problem(
          'webhooks',
          `${health.origin} answers, and it is not Tutti (${answer.status})`,
          'Check the address in the settings of the app, and what the proxy passes on.',
        ),
      ]
    if (body.webhooks.secret === 'does not fit')
      return [
        problem(
          'webhooks',
          'the last deliveries did not fit WEBHOOK_SECRET',
          'Put the same secret into the settings of the app on GitHub and into WEBHOOK_SECRET.',
        ),
      ]
    return [fine('webhooks', `Tutti answers at ${health.origin}`)]
  } catch (error) {
    return [
      advice(
        'webhooks',
        `${health.origin} does not answer from here: ${rootMessage(error)}`,
        'Start Tutti, then look again; GitHub must reach it too.',
      ),
    ]
  }
}
