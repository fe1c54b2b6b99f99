/** Results of gates: the table that comments show, and the one line that each gate reports. */

import { counted } from '../lib/counted.ts'
import { singleLine } from '../lib/sanitise.ts'

/** The result of one gate on one commit, as far as people see it. */
export interface GateView {
  gate: string
  verdict: 'pass' | 'fail' | 'needs-approval' | 'skip'
  summary: string
  log: string
}

const marks = { pass: '✅', fail: '❌', 'needs-approval': '✋', skip: '➖' } as const

/** The results as a table. @param headSha the commit that was judged; null shows "the result". */
export function gateTable(gates: GateView[], headSha: string | null): string {
  if (gates.length === 0) return ''
  const rows = gates.map(
    (gate) => `| ${marks[gate.verdict]} | ${singleLine(gate.gate)} | ${singleLine(gate.summary)} |`,
  )
  return [`Gates on ${commitName(headSha)}:`, '', '| | gate | |', '|---|---|---|', ...rows].join('\n')
}

/** A commit as people know it: seven digits, as code. */
export function commitName(sha: string | null): string {
  return sha ? `\`${sha.slice(0, 7)}\`` : 'the result'
}

/** The gate `changes`. */
export const nothingChanged = 'Nothing was changed.'
export const tooMuchForReview = (figures: string, limit: string) => `Too much for one review: ${figures}; ${limit}.`
export const fileLimit = (allowed: number) => `${counted(allowed, 'file is', 'files are')} allowed (\`gates.maxFiles\`)`
export const lineLimit = (allowed: number, changed: number) =>
  `${allowed} ${allowed === 1 ? 'line is' : 'lines are'} allowed, ${changed} changed (\`gates.maxLines\`)`
export function changeInFigures(change: {
  files: number
  additions: number
  deletions: number
  binary: number
}): string {
  const figures = `${counted(change.files, 'file')}, +${change.additions} −${change.deletions}`
  return change.binary > 0 ? `${figures}, ${change.binary} binary` : figures
}

/** The gate `command`. */
export const noCommands =
  'This repository names no commands; add some under `gates.commands` in `.github/tutti.yml`, such as `- { name: test, run: npm test }`.'
/** @param took such as `1.7 s`. */
export const commandPassed = (name: string, took: string) => `**${name}** passed in ${took}`
/** @param notRun commands that come after the failed one. */
export function commandFailed(name: string, how: string, notRun: number): string {
  const rest = notRun > 0 ? ` ${notRun} more ${notRun === 1 ? 'was' : 'were'} not run.` : ''
  return `**${name}** ${how}.${rest}`
}
/** How a command ended: parts of a sentence, without a stop. */
export const wasKilled = (signal: string, took: string) => `was killed by ${signal} after ${took}`
export const reachedTimeLimit = (minutes: number) => `was ended after ${counted(minutes, 'minute')}, its limit`
export const filledDisk = 'wrote more to the disk than a sandbox allows (`SANDBOX_DISK_MB`)'
export const printedTooMuch = 'was ended because it printed more than 256 MB'
export const wasStopped = 'was stopped'
/** 126 and 127 are the shell's own codes (POSIX, "Exit Status for Commands"). */
export function exitedWith(code: number, took: string): string {
  if (code === 127) return 'could not run: a program it calls was not found on this machine (exit code 127)'
  if (code === 126) return 'could not run: a program it calls may not be executed (exit code 126)'
  return `failed with exit code ${code} after ${took}`
}

/** The gate `protected-paths`. */
export const noProtectedPath = 'No protected path is changed.'
/** @param found paths as code, each with what is special about it. @param shown so many are named. */
export function protectedPathsChanged(found: readonly string[], shown: number): string {
  const more = found.length > shown ? ` and ${found.length - shown} more` : ''
  return `Protected: ${found.slice(0, shown).join(', ')}${more}.`
}
export const allowedByPerson = (summary: string) => `Allowed by a person. ${summary}`
export const isSubmodule = (path: string) => `${path} (submodule)`
export const scriptsNotCompared = (path: string) => `${path} (its install scripts could not be compared)`
export const scriptsChanged = (path: string, names: string) => `${path} (install scripts: ${names})`

/** The gate `secrets`. */
export const noSecret = 'Nothing in it looks like a secret.'
export const noPatch = 'There is no patch to search.'
export const patchTooLarge = (megabytes: number) =>
  `The change is larger than ${megabytes} MB of text, which is too much to search for secrets.`
/** @param paths binary files; a few of many are named. */
export function binaryTooLarge(paths: readonly string[]): string {
  const named = paths.slice(0, 3).map((path) => `\`${path.replace(/[`\p{Cc}]/gu, '?')}\``)
  const more = paths.length > named.length ? ` and ${paths.length - named.length} more` : ''
  return `Too large to be searched for secrets: ${named.join(', ')}${more}. Leave out what is built, or name it in \`gates.allowSecrets\`.`
}
/** @param first file and line of the first one. */
export function secretsFound(count: number, first: string): string {
  const others = count > 1 ? ` and ${count - 1} more` : ''
  return `A secret must not leave this machine: \`${first.replace(/[`\p{Cc}]/gu, '?')}\`${others}. Take it out of the files; put what tests need into the operator's test secrets, and name examples in \`gates.allowSecrets\`.`
}
export const knownSecret = 'a secret that Tutti knows'
export const looksLikeSecret = (rule: string) => `looks like a secret (${rule})`

/** Any gate. */
export const gateNotRun = (failed: string) => `Not run: ${failed} failed.`
export const gateBroken = (error: string) => `The gate itself failed: ${error}`
