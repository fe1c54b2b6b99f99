/** Labels that exclude each other on an issue. */

import { isGone } from '../../http-status.ts'
import type { EffectContext } from './handler.ts'

/** The names of all labels of an issue; GitHub allows 100. */
export async function labelsOf(issueNumber: number, { octokit, at }: EffectContext): Promise<string[]> {
  const { data } = await octokit.rest.issues.listLabelsOnIssue({ ...at, issue_number: issueNumber, per_page: 100 })
  return data.map(({ name }) => name)
}

/** Puts `label` on an issue in place of the labels `present`. @param label null takes them off. */
export async function replaceLabels(
  issueNumber: number,
  present: readonly string[],
  label: string | null,
  { octokit, at }: EffectContext,
): Promise<void> {
  const issue = { ...at, issue_number: issueNumber }
  // GitHub compares labels without case: where people call it `Priority:High`, that is the one that is put on.
  const wanted = label?.toLowerCase()
  const isOn = present.some((name) => name.toLowerCase() === wanted)
  if (label !== null && !isOn) await octokit.rest.issues.addLabels({ ...issue, labels: [label] })
  for (const name of present.filter((one) => one.toLowerCase() !== wanted)) {
    await octokit.rest.issues.removeLabel({ ...issue, name }).catch((error) => {
      // Someone else took it off.
      if (!isGone(error)) throw error
    })
  }
}
