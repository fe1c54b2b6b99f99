/** What people read about an issue that agents work on: it was closed, edited, unlabelled, or queued again. */

import { firstCharacters } from '../lib/sanitise-text.ts'

/** @param pull its open pull request, if there is one. @param closes the settings have it closed too. */
export function issueClosed(login: string, pull: number | undefined, closes: boolean): string {
  const closed = `The issue was closed by ${login}.`
  if (pull === undefined) return closed
  if (closes) return `${closed} Pull request #${pull} is closed with it.`
  return `${closed} Pull request #${pull} stays open: close it if it is not wanted, or reopen the issue to go on.`
}
export const labelRemoved = (login: string, label: string) => `${login} removed the label \`${label}\`.`
export const issueRemoved = (how: 'deleted' | 'transferred') => `The issue was ${how}.`
export const queuedAgain = (login: string) => `Queued again by ${login}.`

/** @param waits whether the new text names other issues to wait for. */
export const issueEdited = (login: string, waits: boolean) =>
  `${login} edited this issue after it was queued. ${waits ? 'What it waits for is taken from the new text; for the rest agents' : 'Agents'} go on with the text as it was then. To give them the new one, say \`/unqueue\` and then \`/queue\`.`
export const issueEditedWhilePlanned = (login: string) =>
  `${login} edited this issue while it is being planned. The plan is made of the text as it was; \`/plan\` has the new text planned.`

/** The item is held: a job about it has failed at every attempt. */
export const stepFailed = (step: string, error: string) =>
  `Something went wrong again and again in the step \`${step}\`: ${firstCharacters(error, 500)}\n\nThe operator's log says more. \`/retry\` tries again.`
