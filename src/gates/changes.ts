import * as messages from '../messages/gates.ts'
import type { Gate, GateChange, GateContext, GateJudgement } from './gate.ts'

/** There must be something to review, and no more than a person can. */
export const gate: Gate = {
  id: 'changes',
  title: 'Size of the change',
  looksAt: 'facts',
  judge: async (context) => judge(context),
}

function judge({ changes, settings: { gates } }: GateContext): GateJudgement {
  if (changes.length === 0) return { verdict: 'fail', summary: messages.nothingChanged, signature: 'nothing changed' }
  const figures = inFigures(changes)
  if (changes.length > gates.maxFiles) {
    return tooMuch(figures, messages.fileLimit(gates.maxFiles), 'too many files')
  }
  if (lines(changes) > gates.maxLines) {
    return tooMuch(figures, messages.lineLimit(gates.maxLines, lines(changes)), 'too many lines')
  }
  return { verdict: 'pass', summary: figures }
}

function tooMuch(figures: string, limit: string, signature: string): GateJudgement {
  return { verdict: 'fail', summary: messages.tooMuchForReview(figures, limit), signature }
}

function lines(changes: readonly GateChange[]): number {
  return changes.reduce((sum, change) => sum + change.additions + change.deletions, 0)
}

function inFigures(changes: readonly GateChange[]): string {
  const sum = (of: (change: GateChange) => number) => changes.reduce((total, change) => total + of(change), 0)
  return messages.changeInFigures({
    files: changes.length,
    additions: sum((change) => change.additions),
    deletions: sum((change) => change.deletions),
    binary: changes.filter((change) => change.binary).length,
  })
}
