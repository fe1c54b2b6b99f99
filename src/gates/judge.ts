/** Has a commit judged by all gates, in a fixed order: what costs nothing first, what runs code of the branch last. */

import type { Gate, GateContext, GateJudgement } from './gate.ts'

/** What one gate said, and how long it took. */
export interface GateResult extends GateJudgement {
  gate: string
  title: string
  milliseconds: number
  /** The gate threw: its own failure, not the work's. */
  broken?: boolean
}

/** Longest evidence that is kept, in characters; a gate that cuts its own knows better what to keep. */
const longestLog = 70_000
const longestSummary = 1_000

/**
 * Asks every gate, one after another. A gate that throws has failed. Once one has failed on the facts, those that run
 * code are not asked any more.
 * @returns a result for each gate; when `context.signal` is aborted, only those that were done by then.
 */
export async function judgeCommit(gates: readonly Gate[], context: GateContext): Promise<GateResult[]> {
  const results: GateResult[] = []
  for (const gate of inOrder(gates)) {
    if (context.signal.aborted) return results
    const failed = results.find((result) => result.verdict === 'fail')
    const result = gate.looksAt === 'code' && failed ? notAsked(gate, failed) : await ask(gate, context)
    // Interrupted, a verdict means nothing.
    if (context.signal.aborted) return results
    results.push(result)
  }
  return results
}

/** The verdict on the commit: the worst one. A commit that no gate has passed has failed. */
export function overall(results: readonly GateResult[]): 'pass' | 'fail' | 'needs-approval' {
  const said = new Set(results.map((result) => result.verdict))
  if (said.has('fail')) return 'fail'
  if (said.has('needs-approval')) return 'needs-approval'
  return said.has('pass') ? 'pass' : 'fail'
}

function inOrder(gates: readonly Gate[]): Gate[] {
  const rank = (gate: Gate) => `${gate.looksAt === 'facts' ? 0 : 1} ${gate.id}`
  return gates.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))
}

function notAsked(gate: Gate, failed: GateResult): GateResult {
  const { id, title } = gate
  return { gate: id, title, verdict: 'skip', summary: `Not run: ${failed.title} failed.`, milliseconds: 0 }
}

async function ask(gate: Gate, context: GateContext): Promise<GateResult> {
  const started = performance.now()
  const judgement = await gate.judge(context).catch((error: unknown) => brokenBy(gate, error, context))
  return {
    ...judgement,
    gate: gate.id,
    title: gate.title,
    summary: judgement.summary.replace(/\s+/g, ' ').trim().slice(0, longestSummary),
    log: judgement.log?.slice(0, longestLog),
    milliseconds: Math.round(performance.now() - started),
  }
}

function brokenBy(gate: Gate, error: unknown, { log, signal }: GateContext): GateJudgement & { broken: true } {
  const message = error instanceof Error ? error.message : String(error)
  if (!signal.aborted) log.warn({ err: error, gate: gate.id }, 'a gate itself failed; that blocks')
  return {
    verdict: 'fail',
    summary: `The gate itself failed: ${message}`,
    signature: 'the gate itself failed',
    broken: true,
  }
}
