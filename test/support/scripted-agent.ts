/** The playground's kind of agent, as the tests and benchmarks register it. */

import { fileURLToPath } from 'node:url'

/** Absolute path, for `AGENT_FILES` and `loadAgents`. */
export const scriptedAgentFile = fileURLToPath(new URL('../../src/playground/agent/scripted.ts', import.meta.url))
