/** The playground's kind of agent, as the tests and benchmarks register it. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** Absolute path, for `AGENT_FILES` and `loadAgents`. */
export const scriptedAgentFile = fileURLToPath(new URL('../../src/playground/agent/scripted.ts', import.meta.url))

/** A second kind of agent: the scripted one under another name. @returns both, for `AGENT_FILES`. */
export async function secondKind(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tutti-kind-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'second.ts')
  const text = `import { agent as one } from ${JSON.stringify(scriptedAgentFile)}\nexport const agent = { ...one, id: 'second', title: 'Second' }\n`
  await writeFile(file, text)
  return `${scriptedAgentFile},${file}`
}
