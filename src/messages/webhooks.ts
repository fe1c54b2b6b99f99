/** What people read because of something that happened on GitHub. The wording of the journey is in github/wording.ts. */

import { singleLine } from '../lib/sanitise.ts'

export const closedIssue = (login: string) => `The issue was closed by ${login}.`
export const unlabelled = (login: string, label: string) => `The label \`${label}\` was taken off by ${login}.`
export const issueRemoved = (how: 'deleted' | 'transferred') => `The issue was ${how}.`

export const closedPull = (number: number, login: string) =>
  `Pull request #${number} was closed by ${login} without a merge. \`/retry\` works on the issue again, \`/unqueue\` gives it up.`
export const reopenedPull = (number: number, login: string) =>
  `Pull request #${number} was opened again by ${login}; what was approved before counts no longer.`
export const retargetedPull = (number: number, branch: string) =>
  `Pull request #${number} now goes to \`${singleLine(branch)}\`; what was approved before counts no longer.`
export const changesWanted = (number: number, login: string) => `${login} asked for changes in #${number}.`
export const pushedBy = (login: string, head: string) =>
  `${login} pushed ${head.slice(0, 7)}; the gates look at it, and an approval of an older commit counts no longer.`

export const baseGone = (branch: string) =>
  `The base branch \`${singleLine(branch)}\` was deleted. Bring it back or set \`branches.base\`, then say \`/retry\`.`
export const repositoryGone = (why: string) => `${why} When the app may work here again, say \`/retry\`.`

export const editedIssue = (login: string, waits: boolean) =>
  `${login} edited this issue after it was queued. ${waits ? 'What it waits for is taken from the new text; for the rest agents' : 'Agents'} go on with the text as it was then. To give them the new one, say \`/unqueue\` and then \`/queue\`.`

export const editedRoadmap = (login: string) =>
  `${singleLine(login)} edited this roadmap, but has no write access, so it stays as it was. Someone who has can say \`/roadmap start\` to take the new text.`

export const editedRoadmapUnheard =
  'Somebody edited this roadmap, and GitHub does not say who, so it stays as it was. Someone with write access can say `/roadmap start` to take the new text.'

export const labelOnPull = (label: string) =>
  `The label \`${label}\` queues issues; on a pull request it does nothing. Describe the work in an issue and label that.`
export const labelByBot = (login: string, label: string) =>
  `The label \`${label}\` queues work only when a person with write access puts it on; ${singleLine(login)} is a bot. A maintainer can put it on again or say \`/queue\`.`
export const labelUnexplained = (label: string) =>
  `This issue carries the label \`${label}\`, but GitHub does not say who put it on. Someone with write access can put it on again or say \`/queue\`.`
export const commandRefused = (login: string) =>
  `Commands are taken from people with write access; ${singleLine(login)} has none here. A maintainer can say it instead.`
export const permissionUnavailable = (login: string) =>
  `GitHub could not be asked what ${singleLine(login)} may do here, so nothing was done. Say it again, or put the label on again.`

export const answerRefused = (login: string) =>
  `Questions are answered by people with write access; ${singleLine(login)} has none here. A maintainer can repeat the answer, or say \`/answer\` and the text.`
export const editedWhilePlanned = (login: string) =>
  `${login} edited this issue while it is being planned. The plan is made of the text as it was; \`/plan\` has the new text planned.`
export const planVoid = (login: string) =>
  `${login} edited this issue after the plan was made, so the plan waits for a word again: \`/approve\` keeps to the plan and the old text, \`/plan\` has the new text planned.`
export const planRewritten = (login: string) =>
  `${login} rewrote the plan in its comment; it counts as it stands there.`
export const breakdownRewritten = (login: string) =>
  `${login} edited the breakdown's comment, but issues are made of what the agent handed in. \`/reject\` and what should be different has it made anew.`
export const planRewrittenLate = (login: string) =>
  `${login} edited the plan's comment, but it is too late for that: the plan was taken up or replaced before. \`/status\` says where this stands.`
export const planEmpty = (login: string) =>
  `${login} left nothing of the plan in its comment; the plan counts as it was. \`/reject\` with the reason has it planned again.`

export const unknownCommand = (word: string, nearest: string | undefined) =>
  nearest
    ? `There is no command \`/${word}\`; did you mean \`/${nearest}\`? \`/help\` lists them.`
    : `There is no command \`/${word}\`. \`/help\` lists them.`
