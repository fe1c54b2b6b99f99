/** The check run that shows the results of the gates on a commit. */

import { codeBlock } from '../lib/sanitise.ts'
import { type GateView, gateTable } from './gates.ts'

/** The check run with the results for one commit. */
export function checkRunReport(gates: GateView[], sha: string): { title: string; summary: string; text: string } {
  const failed = gates.filter((gate) => gate.verdict === 'fail')
  const waiting = gates.filter((gate) => gate.verdict === 'needs-approval')
  const passed = gates.filter((gate) => gate.verdict === 'pass')
  const title =
    failed.length > 0
      ? `${failed.length} of ${gates.length} gates failed`
      : `${passed.length} gates passed${waiting.length > 0 ? `, ${waiting.length} wait for a person` : ''}`
  const logs = gates.filter((gate) => gate.log).map((gate) => `#### ${gate.gate}\n${codeBlock(gate.log)}`)
  return {
    title,
    summary: `Run by Tutti on exactly \`${sha}\`.\n\n${gateTable(gates, sha)}`,
    text: logs.join('\n\n') || 'No gate left a log.',
  }
}
