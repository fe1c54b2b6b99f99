/** What people read about a run: how an attempt ended, and what follows. */

import { money } from '../lib/money.ts'
import { codeBlock } from '../lib/sanitise.ts'
import { firstCharacters, lastCharacters } from '../lib/sanitise-text.ts'
import { namedPaths } from './paths.ts'

/** The set-up step of the repository. @param how how it ended, without a stop. */
export const setUpFailed = (how: string) =>
  `The set-up step (\`setup.run\`) failed with ${how}. This is no fault of the work, and costs no attempt. Mend the step or the machine, then say \`/retry\`.`
export const setUpFailedByChange = (how: string) =>
  `The set-up step (\`setup.run\`) fails with ${how}. This change alters that step: the base branch has another one.`
export const setUpFailsAgain = (times: number) => `the set-up step failed in the same way ${times} times in a row`
/** For the agent. */
export const setUpFailedHere = (how: string, log: string) =>
  `The set-up step failed in your tree with ${how}, since the branch has changed what it depends on. The end of what it printed:\n\n${log}`
/** A sentence with the end of a log below it. */
export const withLog = (sentence: string, log: string) =>
  log ? `${sentence}\n\n${codeBlock(endOfLog(log))}` : sentence
const endOfLog = (log: string) => (log.length <= 1_000 ? log : `…${lastCharacters(log, 1_000)}`)
export const settingUp = 'The tree is being set up.'
export const agentUnknown = (agent: string) => `There is no agent called ${agent}.`
export const agentMissing = (program: string, install: string) =>
  `The program \`${program}\` is not there. On the machine that runs Tutti: ${install}. Then say \`/retry\`.`
export const agentNeedsLogin = (message: string, install: string) =>
  `The agent asks for a login: ${message}. On the machine that runs Tutti: ${install}. Then say \`/retry\`.`
export const agentCrashed = (how: string) => `The agent ended with ${how}.`
export const agentSilent = (ms: number) => `The agent was silent for ${duration(ms)} and was ended.`
export const agentOutOfTime = (ms: number) => `The agent was ended after ${duration(ms)}.`
export const agentBrokeProtocol = (message: string) => `The agent broke the protocol: ${message}.`
/** The provider of the agent, in its own words. */
export const providerWantsMoney = (words: string) =>
  `The agent's provider refuses for want of credit: “${words}”. The operator adds credit or another key; then say \`/retry\`.`
export const modelRefused = (words: string) =>
  `The model cannot be used: ${words}. Name another one in the settings (\`agents.<kind>.model\`), or set up its provider; then say \`/retry\`.`
export const providerFails = (words: string) => `The agent's provider fails: “${words}”.`
export const requestRejected = (words: string) => `The agent's provider rejected the request: “${words}”.`
export const providerMayRecover = 'the provider may be back then'
export const roomMayBeMade = 'there may be room on the disk then'
/** Why an attempt ended. */
export const diskIsFull = 'There was no room left on the machine that ran it. Its operator must make some.'
export const agentUnfinished = (why: string) => `The agent did not finish: ${why}.`
/** For the agent. */
export const goOnWithoutIt = (why: string) =>
  `The attempt before did not finish: ${why}. A refusal is an answer: go on in another way, inside your folder, and end your turn with a message.`
export const cutByTokens = 'The agent was cut off by the token limit of one turn: the change may be incomplete.'
export const cutByRequests = 'The agent was cut off by the limit of requests in one turn: the change may be incomplete.'
export const supervisorLost = (message: string) =>
  `The thread that supervised the agent ended: ${message}. The agent was ended with it.`
export const agentRefused = (message: string) => `It says: ${message}`
/** @param ignored what it left that no commit takes. */
export function noChange(summary: string, ignored: readonly string[]): string {
  const what =
    ignored.length === 0
      ? 'The agent ended without changing anything.'
      : `The agent changed nothing that git would take: \`.gitignore\` hides ${namedPaths(ignored)}.`
  return `${what}${summary ? ` It said: ${summary}` : ''}`
}
export const secretInChange = "The change holds one of Tutti's own secrets; it was not pushed."
export const changeNotImported = (path: string | undefined, reason: string | undefined) =>
  `The change was not taken: ${path} ${reason}.`
export const stoppedOnRequest = 'Stopped on request.'
export const stoppedByShutdown = 'Tutti was stopped; the work goes on when it is back.'
export const processGone = 'The process that ran the agent is gone.'
/** A submodule whose folder is empty in checkouts. */
export const submoduleMissing = (path: string, problem: 'host' | 'unreadable') =>
  problem === 'host'
    ? `The submodule \`${path}\` is on another server: its folder is empty here.`
    : `The submodule \`${path}\` cannot be fetched without credentials: its folder is empty here.`
/** For the agent. */
export const submoduleReadOnly = (path: string) =>
  `\`${path}\` is a submodule: its files are there to be read, and changes in it are not taken.`
export const stoodStill = 'The process that ran the agent stood still for longer than it may; the agent was ended.'
export const gatesEndProcess = (times: number) => `Tutti's process ended ${times} times while it ran the gates.`

/** Reasons of an item that had stopped moving: no process worked on it, and no job was left. */
export const startsAgain = 'Nothing was at work on it any more, so it starts again. This costs no attempt.'
export const mergeLost = 'The merge did not get as far as GitHub. Say `/merge` again.'
/** @param cost @param limit in millionths of the currency. */
export const costLimitExceeded = (cost: number, limit: number, currency: string) =>
  `The agent was stopped: it reported a cost of ${money(cost, currency)}, and one run may cost ${money(limit, currency)} here (\`limits.spendPerRun\`). \`/retry\` starts another run, with the same limit, and what was changed so far is kept for it; \`/unqueue\` gives the issue up`
/** For the pull request. @param cost @param limit in millionths of the currency. */
export const costLimitPassed = (cost: number, limit: number, currency: string) =>
  `The run reported a cost of ${money(cost, currency)} with the end of its work; one run may cost ${money(limit, currency)} here (\`limits.spendPerRun\`).`

export const itemLimitExceeded = (cost: number, limit: number, currency: string) =>
  `The agent was stopped: the runs of this issue have cost ${money(cost, currency)} so far, and they may cost ${money(limit, currency)} together here (\`limits.spendPerItem\`). What was changed is kept. Raise the limit, then say \`/retry\`; \`/unqueue\` gives the issue up`
export const tokenLimitExceeded = (tokens: number, limit: number) =>
  `The agent was stopped: it reported ${tokens.toLocaleString('en-US')} tokens, and one run may use ${limit.toLocaleString('en-US')} here (\`limits.tokensPerRun\`). \`/retry\` starts another run, with the same limit, and what was changed so far is kept for it`

/** For the pull request. */
export const tokenLimitPassed = (tokens: number, limit: number) =>
  `The run reported ${tokens.toLocaleString('en-US')} tokens with the end of its work; one run may use ${limit.toLocaleString('en-US')} here (\`limits.tokensPerRun\`).`

interface PassedLimit {
  day: 'repository' | 'total'
  used: number
  limit: number
  currency?: string
}

/** A limit of a day that all agents together have passed. */
function dayLimitPassed({ day, used, limit, currency }: PassedLimit): string {
  const setting = {
    repository: currency === undefined ? 'limits.tokensPerDay' : 'limits.spendPerDay',
    total: currency === undefined ? 'MAX_TOKENS_PER_DAY' : 'MAX_SPEND_PER_DAY',
  }[day]
  const amount = (value: number) => (currency === undefined ? value.toLocaleString('en-US') : money(value, currency))
  const whose = day === 'total' ? 'all agents together' : 'the agents of this repository'
  return `${whose} have used ${amount(used)}${currency === undefined ? ' tokens' : ''} today (UTC), and the limit is ${amount(limit)} (\`${setting}\`)`
}
/** For the pull request. */
export const passedDayNote = (passed: PassedLimit) =>
  `The run ended when a limit of the day was passed: ${dayLimitPassed(passed)}.`
export const stoppedForDay = (passed: PassedLimit) =>
  `The agent was stopped: ${dayLimitPassed(passed)}. What was changed is kept. \`/retry\` goes on at once where the limit was raised`
export const goOnNextDay = 'The attempt before was stopped because a limit of the day was reached. Go on where it was.'

/** How an attempt to plan ended. */
export const agentCannotPlan = (agent: string) =>
  `The agent \`${agent}\` gets a prompt and changes files; it has no way to hand in a plan. Choose another \`agent\`, or set \`planning.when: never\` to have this built at once, then say \`/retry\``
export const noPlan = (problem: string) =>
  `The agent ended without a plan that can be used${problem ? `. ${problem}` : ': it handed in nothing'}`
export const questionsHandedIn = (count: number) => `It asks ${count === 1 ? 'one question' : `${count} questions`}.`

/** How far an agent is, by its own plan. */
export const stepProgress = (step: number, all: number, text: string | undefined) =>
  `Step ${step} of ${all}${text ? `: ${text}` : ''}`

/** The agent has finished; the gates come next. */
export const agentFinished = 'The agent is done.'

/** What follows after a failed attempt. @param why see below. */
export interface EndedAttempt {
  planning: boolean
  attempt: number
  outcome: string | null
  summary: string
}
export const needsPerson = (run: EndedAttempt, why: string) =>
  `${attemptName(run)}: **${run.outcome}**. A person is needed: ${why}.\n\n${withStop(run.summary)}`
export const triedAgain = (run: EndedAttempt, why: string) => `${ended(run)} It is tried again: ${why}.`
/** @param agent its kind, where it is another one than before. */
export const freshAgentTries = (run: EndedAttempt, why: string, agent?: string) =>
  `${ended(run)} A fresh agent${agent ? ` of another kind, ${agent},` : ''} tries next: ${why}.`
export const takesOver = (run: EndedAttempt, why: string, agent: string) =>
  `${ended(run)} ${agent} takes over: ${why}. This costs no attempt.`
export const plannedAgain = (run: EndedAttempt, why: string) =>
  `${ended(run)} It is planned again, with what has failed, and then built from a clean tree: ${why}.`
/** The reason of an item whose agent was stopped by a critical failure elsewhere. @param issue where. */
export const haltedBy = (issue: number, why: string) =>
  `The agent was stopped because of a critical failure in #${issue}: ${why} A person must see that first; \`/resume all\` goes on.`
export function goesOnAt(run: EndedAttempt, why: string, at: Date): string {
  const [day, time = ''] = at.toISOString().split('T')
  return `${ended(run)} It goes on at ${time.slice(0, 5)} UTC on ${day}: ${why}. This costs no attempt.`
}

/** Why this follows: parts of a sentence, without a stop. */
export const personMustLookFirst = 'this must not be tried again before a person has looked'
export const sameEndExpected = 'another attempt would end the same way'
export const otherKindTakesOver = 'the one before cannot work at the moment'
export const limitResets = "the provider's limit resets then"
export const dayIsOver = 'the next day begins then'
export const machineFailedRepeatedly = (times: number) => `the machine failed ${times} times in a row`
export const machineFailed = 'the machine failed, not the work'
export const planDidNotImprove = 'it knew what was wrong, and did no better'
export const attemptsUsedUp = (count: number) =>
  count === 1 ? 'its one attempt is used up' : `all ${count} attempts are used up`
export const freshAgentFailedToo = 'a fresh agent met the very same failure'
export const sameFailureInARow = (times: number) => `the same failure ${times} times in a row`
export const lastAttemptStartsClean = 'the last attempt starts from a clean tree'
export const withContext = 'with what went wrong as context'

function ended(run: EndedAttempt): string {
  return `${attemptName(run)}: ${run.outcome}. ${withStop(firstCharacters(run.summary, 1_500))}`
}

function attemptName({ planning, attempt }: EndedAttempt): string {
  return `${planning ? 'Planning attempt' : 'Attempt'} ${attempt}`
}

function withStop(text: string): string {
  return /[.!?`]$/.test(text) ? text : `${text}.`
}

function duration(ms: number): string {
  return ms < 90_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} minutes`
}
