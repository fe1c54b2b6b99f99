import type { ChangedFile, Gate, GateContext, GateJudgement } from './gate.ts'

/** There must be something to review, and no more than a person can. */
export const gate: Gate = {
  id: 'changes',
  title: 'Size of the change',
  looksAt: 'facts',
  judge: async (context) => judge(context),
}

function judge({ changes, settings: { gates } }: GateContext): GateJudgement {
  if (changes.length === 0) return { verdict: 'fail', summary: 'Nothing was changed.', signature: 'nothing changed' }
  const figures = inFigures(changes)
  if (changes.length > gates.maxFiles) {
    return tooMuch(figures, `${gates.maxFiles} files are allowed (\`gates.maxFiles\`)`, 'too many files')
  }
  if (lines(changes) > gates.maxLines) {
    const limit = `${gates.maxLines} lines are allowed, ${lines(changes)} changed (\`gates.maxLines\`)`
    return tooMuch(figures, limit, 'too many lines')
  }
  return { verdict: 'pass', summary: figures }
}

function tooMuch(figures: string, limit: string, signature: string): GateJudgement {
  return { verdict: 'fail', summary: `Too much for one review: ${figures}; ${limit}.`, signature }
}

function lines(changes: readonly ChangedFile[]): number {
  return changes.reduce((sum, change) => sum + change.additions + change.deletions, 0)
}

function inFigures(changes: readonly ChangedFile[]): string {
  const sum = (of: (change: ChangedFile) => number) => changes.reduce((total, change) => total + of(change), 0)
  const binary = changes.filter((change) => change.binary).length
  const files = `${changes.length} ${changes.length === 1 ? 'file' : 'files'}`
  const counted = `${files}, +${sum((change) => change.additions)} −${sum((change) => change.deletions)}`
  return binary > 0 ? `${counted}, ${binary} binary` : counted
}
