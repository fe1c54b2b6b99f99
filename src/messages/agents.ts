/** What went wrong in the session of an agent: parts of a sentence about the agent, for the outcome of its run. */

export const leavesAnswersUnread = 'it does not read the answers to its requests'
export const unexpectedStop = (stopReason: string) =>
  `it ended its turn for the reason "${stopReason}", which was not asked for`
export const otherProtocolVersion = (version: string, ours: number) =>
  `it speaks version ${version} of the protocol, not ${ours}`
export const sessionWithoutId = 'the agent opened a session without an id'
/** A line of the run's log. @param why the words of the agent. */
export const sessionNotContinued = (why: string) =>
  `the session of the attempt before could not be continued, so a new one begins: ${why}`
export const startsTooSlowly = (ms: number) => `it did not answer \`initialize\` within ${Math.round(ms / 1_000)} s`
export const modelNotOffered = (model: string, offered: readonly string[]) =>
  `the model ${model} is not offered${offered.length > 0 ? `; there are ${offered.join(', ')}` : ''}`
export const modeNotOffered = (mode: string) => `the agent has no mode ${mode}`
/** @param title what it asked for. @param reason why it was refused. */
export const endedAfterRefusal = (title: string, reason: string) =>
  `it ended its turn when it was not allowed to “${title}” (${reason})`
export const answeredWithError = 'the agent answered with an error'
export const printsNoProtocol = (lines: number, last: string) =>
  `it printed ${lines} lines that are not the protocol; the last: ${last}`
export const printsTooMuch = (bytes: number) => `it printed more than ${bytes} bytes`

/** About the thread that supervised the agent. */
export const supervisorSilent = 'it ended without a word'
export const supervisorOverdue = 'it did not come to its end in time'
