/** Why a label, a command or an answer does not count: who may give one, and what to do instead. */

import { singleLine } from '../lib/sanitise.ts'

export const labelWithoutWriteAccess = (login: string, label: string) =>
  `The label \`${label}\` queues work only when someone with write access puts it on; ${login} has none here. A maintainer can put it on again or say \`/queue\`.`
export const labelByBot = (login: string, label: string) =>
  `The label \`${label}\` queues work only when a person with write access puts it on; ${singleLine(login)} is a bot. A maintainer can put it on again or say \`/queue\`.`
export const labelOnPullRequest = (label: string) =>
  `The label \`${label}\` queues issues; on a pull request it does nothing. Describe the work in an issue and label that.`
export const labelUnattributed = (label: string) =>
  `This issue carries the label \`${label}\`, but GitHub does not say who put it on. Someone with write access can put it on again or say \`/queue\`.`

export const commandRefused = (login: string) =>
  `Commands are taken from people with write access; ${singleLine(login)} has none here. A maintainer can say it instead.`
export const answerRefused = (login: string) =>
  `Questions are answered by people with write access; ${singleLine(login)} has none here. A maintainer can repeat the answer, or say \`/answer\` and the text.`
export const permissionUnavailable = (login: string) =>
  `GitHub could not be asked what ${singleLine(login)} may do here, so nothing was done. Say it again, or put the label on again.`
