/** Sets the model and the mode of a new session, and says what the session has in the end. */

import { type ClientContext, methods, type NewSessionResponse } from '@agentclientprotocol/sdk'
import { asList, asRecord, boundedText } from '../../lib/sanitise-text.ts'
import { modelNotOffered } from '../../messages/agents.ts'
import type { AgentOutcome } from './agent-run.ts'

/** The selects of a session that are read. ACP v1 has them as `configOptions`, older programs as `models` and `modes`. */
type Choice = 'model' | 'mode'

/** One select: its values, and the one in force. */
interface Select {
  /** The option's id; undefined for the older form. */
  id: string | undefined
  current: string
  values: string[]
}

/** An outcome that ends the run before the first prompt, or what is in force. */
export type Chosen = { outcome: AgentOutcome } | { model: string; mode: string; missingMode: boolean }

/** Models are many: gateways offer hundreds. */
const maxValues = 2_000

/**
 * Chooses the model and the mode. A model that is not offered ends the run: the program would go on with another one,
 * and perhaps at another provider.
 * @param wanted.mode a mode that is not offered is only noted: permissions hold without it.
 */
export async function chooseForSession(
  agent: ClientContext,
  session: NewSessionResponse,
  wanted: { model?: string; mode?: string },
): Promise<Chosen> {
  const [models, modes] = [readSelect(session, 'model'), readSelect(session, 'mode')]
  let model = models?.current ?? ''
  if (wanted.model && models && !isSame(model, wanted.model)) {
    const value = models.values.find((one) => one === wanted.model) ?? models.values.find((one) => isSame(one, wanted))
    if (value === undefined || !(await set(agent, session, 'model', { select: models, value }))) {
      const message = modelNotOffered(wanted.model, models.values.slice(0, 20))
      return { outcome: { kind: 'provider-failed', problem: 'model', message } }
    }
    model = value
  }
  const found = wanted.mode !== undefined && modes?.values.includes(wanted.mode) === true
  const already = modes?.current === wanted.mode
  const changed =
    found && !already && modes && wanted.mode
      ? await set(agent, session, 'mode', { select: modes, value: wanted.mode })
      : already
  const missingMode = wanted.mode !== undefined && modes !== undefined && !changed
  return { model, mode: (changed ? wanted.mode : modes?.current) ?? '', missingMode }
}

/** Codex writes the effort behind its models: `gpt-6-sol[high]` is the model `gpt-6-sol`. */
function isSame(value: string, wanted: string | { model?: string }): boolean {
  const model = typeof wanted === 'string' ? wanted : wanted.model
  return value === model || value.replace(/\[[^\]]*\]$/, '') === model
}

function readSelect(session: NewSessionResponse, choice: Choice): Select | undefined {
  const option = asList(session.configOptions, 100)
    .map(asRecord)
    .find((candidate) => candidate?.category === choice)
  if (option && typeof option.id === 'string') {
    const values = asList(option.options, maxValues).flatMap((entry) => {
      const inGroup = asRecord(entry)?.options
      return inGroup === undefined ? [entry] : asList(inGroup, maxValues)
    })
    return {
      id: option.id,
      current: boundedText(option.currentValue, 200),
      values: values.map((entry) => boundedText(asRecord(entry)?.value, 200)).filter(Boolean),
    }
  }
  return choice === 'model' ? olderSelect(session, 'models', 'model') : olderSelect(session, 'modes', 'mode')
}

function olderSelect(session: object, list: 'models' | 'modes', one: Choice): Select | undefined {
  const fields = asRecord(asRecord(session)?.[list])
  if (!fields) return undefined
  const [current, all, id] =
    one === 'model' ? ['currentModelId', 'availableModels', 'modelId'] : ['currentModeId', 'availableModes', 'id']
  const values = asList(fields[all], maxValues).map((entry) => boundedText(asRecord(entry)?.[id], 200))
  return { id: undefined, current: boundedText(fields[current], 200), values: values.filter(Boolean) }
}

/** @returns whether the agent has taken it. */
async function set(
  agent: ClientContext,
  { sessionId }: NewSessionResponse,
  choice: Choice,
  { select, value }: { select: Select; value: string },
): Promise<boolean> {
  try {
    if (select.id !== undefined)
      await agent.request(methods.agent.session.setConfigOption, { sessionId, configId: select.id, value })
    else if (choice === 'mode') await agent.request(methods.agent.session.setMode, { sessionId, modeId: value })
    // The library has no method for it: it was never stable.
    else await agent.request('session/set_model', { sessionId, modelId: value })
    return true
  } catch {
    return false
  }
}
