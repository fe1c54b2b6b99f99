/** What the scripted agent does at each ordinary step. The hostile ones are in `mischief.ts`. */

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { PlanEntry, RequestPermissionRequest, RequestPermissionResponse, ToolKind } from '@agentclientprotocol/sdk'
import { pathAndText } from './script.ts'
import { callTool } from './tools.ts'
import { type Turn, TurnEnd } from './turn.ts'
import { AnswerError } from './wire.ts'

type Perform = (turn: Turn, rest: string) => Promise<void>

const wordsOf = (rest: string) => rest.split(/\s+/).filter((word) => word !== '')

/** Every ordinary step by its verb. */
export const steps: Readonly<Record<string, Perform>> = {
  say: (turn, rest) => turn.say(rest),
  think: (turn, rest) => turn.update({ sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text: rest } }),
  plan: (turn, rest) => turn.update({ sessionUpdate: 'plan', entries: rest.split('|').map(planEntry) }),
  usage,
  tokens,
  write: (turn, rest) => change(turn, 'Write', rest, (file, text) => writeFile(file, `${text}\n`)),
  append: (turn, rest) => change(turn, 'Add to', rest, (file, text) => appendFile(file, `${text}\n`)),
  replace: (turn, rest) => change(turn, 'Change', rest, replaceIn),
  delete: (turn, rest) => turn.tool('delete', `Delete ${rest}`, [rest], () => rm(turn.path(rest))),
  'keep-prompt': (turn, rest) => writeFile(turn.path(rest), turn.prompt),
  run,
  tool: callTool,
  ask,
  'wait-for': waitFor,
  pause: (turn, rest) => turn.pause(Number(rest)),
  stop: async (_turn, rest) => {
    throw new TurnEnd(rest as TurnEnd['stopReason'])
  },
  fail,
  'no-change': async () => {
    throw new TurnEnd('end_turn')
  },
}

function planEntry(text: string): PlanEntry {
  const match = /^\s*\[(.)\]\s*(.*?)\s*$/.exec(text)
  const status = match?.[1] === 'x' ? 'completed' : match?.[1] === '>' ? 'in_progress' : 'pending'
  return { content: match?.[2] ?? text.trim(), priority: 'medium', status }
}

async function usage(turn: Turn, rest: string): Promise<void> {
  const [used, size, amount] = wordsOf(rest).map(Number)
  const cost = amount === undefined ? undefined : { amount, currency: wordsOf(rest)[3] ?? 'USD' }
  await turn.update({ sessionUpdate: 'usage_update', used: used ?? 0, size: size ?? 0, cost })
}

async function tokens(turn: Turn, rest: string): Promise<void> {
  const [inputTokens = 0, outputTokens = 0, cachedReadTokens] = wordsOf(rest).map(Number)
  const totalTokens = inputTokens + outputTokens + (cachedReadTokens ?? 0)
  turn.usage = {
    inputTokens,
    outputTokens,
    totalTokens,
    ...(cachedReadTokens === undefined ? {} : { cachedReadTokens }),
  }
}

async function change(
  turn: Turn,
  title: string,
  rest: string,
  work: (file: string, text: string) => Promise<void>,
): Promise<void> {
  const { path, text } = pathAndText(rest)
  const file = turn.path(path)
  await turn.tool('edit', `${title} ${path}`, [path], async () => {
    await mkdir(dirname(file), { recursive: true })
    await work(file, text)
  })
}

async function replaceIn(file: string, text: string): Promise<void> {
  const [old = '', ...rest] = text.split('=>')
  const before = await readFile(file, 'utf8')
  if (!before.includes(old.trim())) throw new Error(`${file} does not hold "${old.trim()}"`)
  await writeFile(file, before.replace(old.trim(), rest.join('=>').trim()))
}

async function run(turn: Turn, rest: string): Promise<void> {
  const code = await turn.tool('execute', rest, [], () => runShell(turn, rest))
  await turn.say(`\`${rest}\` ended with exit code ${code}.`)
}

async function runShell(turn: Turn, command: string): Promise<number | null> {
  const child = spawn('/bin/sh', ['-c', command], { cwd: turn.cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.on('data', (chunk) => process.stderr.write(chunk))
  child.stderr.on('data', (chunk) => process.stderr.write(chunk))
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code))
  })
}

async function ask(turn: Turn, rest: string): Promise<void> {
  const [kind = 'other', ...path] = wordsOf(rest)
  const request: RequestPermissionRequest = {
    sessionId: turn.sessionId,
    toolCall: {
      toolCallId: `ask-${rest}`,
      title: rest,
      kind: kind as ToolKind,
      status: 'pending',
      locations: path.map((each) => ({ path: turn.path(each) })),
    },
    options: [
      { optionId: 'yes', name: 'Allow', kind: 'allow_once' },
      { optionId: 'always', name: 'Always allow', kind: 'allow_always' },
      { optionId: 'no', name: 'Reject', kind: 'reject_once' },
    ],
  }
  const answer = await turn.client.request<RequestPermissionResponse>('session/request_permission', request)
  const said = answer.outcome.outcome === 'selected' ? answer.outcome.optionId : answer.outcome.outcome
  await turn.say(`permission for ${rest}: ${said}`)
}

async function waitFor(turn: Turn, rest: string): Promise<void> {
  // Twenty milliseconds: a test that opens the gate sees the agent go on at once.
  while (!existsSync(turn.path(rest))) await turn.pause(20)
}

async function fail(_turn: Turn, rest: string): Promise<void> {
  const [how, seconds] = wordsOf(rest)
  if (how === 'auth') throw new AnswerError(-32000, 'Authentication required')
  if (how === 'rate-limit') {
    const retryAfter = seconds === undefined ? undefined : Number(seconds)
    throw AnswerError.internal({ errorKind: 'rate_limit', retryAfter }, 'too many requests')
  }
  throw AnswerError.internal({ details: rest }, rest)
}
