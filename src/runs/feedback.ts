/** Feedback for the next attempt: failed gates. What reviewers wrote is in `review-handoff.ts`. */

import { and, eq } from 'drizzle-orm'
import { ciReportOf } from '../db/ci.ts'
import type { Database } from '../db/connect.ts'
import { gateResults } from '../db/schema/runs.ts'
import { lastCharacters } from '../lib/sanitise-text.ts'

/** The end of the log of a failed gate: enough to see the failure, and too little to fill the context. */
const logCharacters = 6_000

/** Whether the gates have judged this commit and refused it, or CI has. */
export async function wasJudged(db: Database, workItemId: number, head: string): Promise<boolean> {
  const failed = await failedGates(db, workItemId, head)
  if (failed.length > 0) return true
  const report = await ciReportOf(db, workItemId, head)
  return report?.verdict === 'red' && (report.step === 'fix' || report.step === 'hold')
}

async function failedGates(db: Database, workItemId: number, head: string) {
  return db
    .select()
    .from(gateResults)
    .where(and(eq(gateResults.workItemId, workItemId), eq(gateResults.sha, head), eq(gateResults.verdict, 'fail')))
}

/** The lesson of a run that the gates refused. */
export async function gateLesson(db: Database, workItemId: number, head: string): Promise<string> {
  const failed = await failedGates(db, workItemId, head)
  return failed
    .map((gate) => {
      const log = gate.log.length > logCharacters ? `…${lastCharacters(gate.log, logCharacters)}` : gate.log
      return `The gate "${gate.gate}" failed: ${gate.summary}${log ? `\n\n${indented(log)}` : ''}`
    })
    .join('\n\n')
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((row) => `    ${row}`)
    .join('\n')
}
