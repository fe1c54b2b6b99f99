/** Runs all gates on a commit in a fixed order: cheap ones first, gates that run code of the branch last. */

import { firstCharacters } from '../lib/sanitise-text.ts'
import { gateBroken, gateNotRun } from '../messages/gates.ts'
import { type Gate, type GateContext, type GateJudgement, SetUpBroken } from './gate.ts'
import { digestOfLog } from './lib/output.ts'
import { signatureOf } from './lib/signature.ts'

/** The verdict of one gate, and how long it took. */
export interface GateResult extends GateJudgement {
  gate: string
  title: string
  milliseconds: number
  /** The gate threw, or the set-up step failed without the work's doing: no failure of the work. */
  broken?: 'gate' | 'set-up'
}

/** Longest log that is kept, in characters. A gate that shortens its own log knows better what to keep. */
const longestLog = 70_000
const longestSummary = 1_000

/**
 * Runs every gate, one after another. A gate that throws has failed. When a gate on facts has failed, gates that run code
 * are left out.
 * @param onFacts called once, where no fact was refused, before the first gate that runs code.
 * @returns a result for each gate; when `context.signal` is aborted, only the results so far.
 */
export async function judgeCommit(
  gates: readonly Gate[],
  context: GateContext,
  onFacts?: () => Promise<void>,
): Promise<GateResult[]> {
  const results: GateResult[] = []
  let factsAreKnown = false
  for (const gate of inOrder(gates)) {
    if (context.signal.aborted) return results
    const failed = results.find((result) => result.verdict === 'fail')
    if (gate.looksAt === 'code' && !failed && !factsAreKnown) {
      factsAreKnown = true
      await onFacts?.()
    }
    const result = gate.looksAt === 'code' && failed ? notRun(gate, failed) : await run(gate, context)
    // A verdict that was interrupted means nothing.
    if (context.signal.aborted) return results
    results.push(result)
  }
  return results
}

function inOrder(gates: readonly Gate[]): Gate[] {
  const rank = (gate: Gate) => `${gate.looksAt === 'facts' ? 0 : 1} ${gate.id}`
  return gates.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))
}

function notRun(gate: Gate, failed: GateResult): GateResult {
  const { id, title } = gate
  return { gate: id, title, verdict: 'skip', summary: gateNotRun(failed.title), milliseconds: 0 }
}

async function run(gate: Gate, context: GateContext): Promise<GateResult> {
  const started = performance.now()
  const judgement = await gate.judge(context).catch((error: unknown) => brokenBy(gate, error, context))
  return {
    ...judgement,
    gate: gate.id,
    title: gate.title,
    summary: firstCharacters(judgement.summary.replace(/\s+/g, ' ').trim(), longestSummary),
    log: judgement.log && firstCharacters(judgement.log, longestLog),
    ...(judgement.log ? { logDigest: judgement.logDigest ?? digestOfLog(judgement.log) } : {}),
    milliseconds: Math.round(performance.now() - started),
  }
}

function brokenBy(
  gate: Gate,
  error: unknown,
  { log, signal }: GateContext,
): GateJudgement & Pick<GateResult, 'broken'> {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof SetUpBroken) {
    const signature = `set-up: ${signatureOf('failed', error.output)}`
    return { verdict: 'fail', summary: message, log: error.output, signature, broken: 'set-up' }
  }
  if (!signal.aborted) log.warn({ err: error, gate: gate.id }, 'a gate itself failed; that blocks')
  return {
    verdict: 'fail',
    summary: gateBroken(message),
    signature: 'the gate itself failed',
    broken: 'gate',
  }
}
