/** `tutti agents check`: tries the kinds of agent as a run would start them. */

import { randomUUID } from 'node:crypto'
import { loadDotEnv, readEnv } from '../config/env.ts'
import { didYouMean } from '../lib/did-you-mean.ts'
import { OperatorError } from '../lib/errors.ts'
import { VerbError } from './exit-codes.ts'
import { defineVerb } from './verb.ts'

export const agents = defineVerb({
  json: true,
  declare: (command) =>
    command
      .argument('<action>', 'check')
      .argument('[kinds...]', 'the kinds to try; those that are set up here, when none is named'),
  run: async ({ args: [action, names], json }) => {
    if (action !== 'check')
      throw new VerbError('usage', `there is no action "${action}"`, 'Usage: tutti agents check [kind …] [--json]')
    loadDotEnv(process.cwd())
    const env = readEnv()
    const [{ loadAgents }, { readAgentSettings }, { checkAgent }, { createReaper }] = await Promise.all([
      import('../agents/registry.ts'),
      import('../config/agent-settings.ts'),
      import('../agents/check-agent.ts'),
      import('../sandbox/reaper.ts'),
    ])
    const operator = readAgentSettings(env)
    const kinds = await loadAgents({ files: env.AGENT_FILES, apiUrl: env.apiUrl, operator })
    // Without names: what is set up here, or else what serves.
    const chosen = names.length > 0 ? names : [...new Set([env.AGENT, ...Object.keys(operator)])]
    const unknown = chosen.find((name) => !kinds.has(name))
    if (unknown !== undefined) {
      const meant = didYouMean(unknown, kinds.keys())
      throw new OperatorError(
        `there is no kind of agent "${unknown}"${meant ? `; did you mean "${meant}"?` : ''}`,
        `There are: ${[...kinds.keys()].join(', ')}.`,
      )
    }
    const reaper = createReaper({ instanceId: `check-${randomUUID()}` })
    const checks = []
    try {
      for (const name of chosen) {
        const kind = kinds.get(name)
        if (!kind) continue
        const check = await checkAgent(kind, { env: env.source, reaper })
        checks.push(check)
        if (!json) console.log(lineOf(check))
      }
    } finally {
      await reaper.close()
    }
    if (json) console.log(JSON.stringify(checks))
    return checks.every(({ ok }) => ok) ? 0 : 1
  },
})

/** Limits on money see such an agent only where a repository says what its tokens cost. */
function costMissing({ agent, reportsTokens }: import('../agents/check-agent.ts').AgentCheck): string {
  return reportsTokens
    ? `not reported (a repository sets \`agents.${agent}.prices\` in .github/tutti.yml, or limits on money do not see it)`
    : 'not reported'
}

function lineOf(check: import('../agents/check-agent.ts').AgentCheck): string {
  const seconds = (ms: number | undefined) => (ms === undefined ? '–' : `${(ms / 1_000).toFixed(1)} s`)
  const facts = [
    ...[`ready after ${seconds(check.readyMs)}`, `answer after ${seconds(check.totalMs)}`],
    ...[check.program, check.model && `model ${check.model}`, check.provider],
    `tokens ${check.reportsTokens ? 'reported' : 'not reported'}, cost ${check.reportsCost ? 'reported' : costMissing(check)}`,
  ]
  const head = `${check.ok ? '✓' : '✗'} ${check.agent}: `
  return check.ok ? head + facts.filter(Boolean).join(', ') : `${head}${check.problem}`
}
