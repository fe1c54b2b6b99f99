/** What people read when the git server refuses a push: what stopped it, the server's own words, and what goes on. */

import type { PushRefusal, RefusalKind } from '../domain/push-refusal.ts'
import { codeBlock } from '../lib/sanitise.ts'

/** The branch and the repository's settings, as far as the sentences name them. */
export interface RefusedPush {
  branch: string
  refusal: PushRefusal
  /** `commits.verified` in the settings. */
  verified: boolean
}

/** Why an item is held after a refusal that only a person can mend. */
export function refusedPush(push: RefusedPush): string {
  const { refusal } = push
  const evidence = refusal.words ? `\n\n${codeBlock(refusal.words)}` : ''
  return `${cause(push)}${evidence}\n\n${wayOn(push)}`
}

/** The line of a refusal among the gates, for a refusal that the agent can mend. */
export function refusedContent({ kind }: PushRefusal): string {
  return `The git server refused the push: ${causes[kind]}.`
}

/** Why an item is held when GitHub made a commit and did not sign it. */
export function notSigned(): string {
  return 'This server does not sign commits that are made through its API, so `commits.verified` cannot be kept. Have it switched on (web commit signing), or take the setting out of `.github/tutti.yml`. Then say `/retry`.'
}

const causes: Record<RefusalKind, string> = {
  'blocked-name': 'another branch has a name that git cannot keep beside this one',
  secret: 'it found a secret in the change',
  size: 'a file is larger than it takes',
  'forbidden-file': 'a rule forbids one of the files',
  signatures: 'a rule wants verified signatures on commits',
  'linear-history': 'a rule forbids merge commits',
  'protected-branch': 'a rule protects the branch',
  permission: 'the app may not write this',
  rule: 'a rule or a hook of the server forbids it',
}

function cause({ branch, refusal }: RefusedPush): string {
  if (refusal.kind === 'blocked-name') {
    const name = refusal.inTheWay ? `a branch \`${plain(refusal.inTheWay)}\`` : 'another branch'
    return `The work could not be pushed: ${name} is in the way of \`${branch}\`, and git cannot keep both.`
  }
  return `The git server refused the push to \`${branch}\`: ${causes[refusal.kind]}.`
}

function wayOn({ branch, refusal, verified }: RefusedPush): string {
  const prefix = 'set `branches.prefix` in `.github/tutti.yml` to something else, such as `tutti/`'
  switch (refusal.kind) {
    case 'blocked-name':
      return `Rename or delete that branch, or ${prefix}. Then say \`/retry\`; the work so far is kept.`
    case 'signatures':
      return verified
        ? `The commits of Tutti are verified by GitHub (\`commits.verified\`); others on the branch are not. Take \`${branch}\` out of the rule, then say \`/retry\`.`
        : 'Set `commits: { verified: true }` in `.github/tutti.yml`: commits are then made through GitHub, which signs them. Then say `/retry`.'
    case 'linear-history':
    case 'protected-branch':
    case 'rule':
      return `Let the app push to \`${branch}\` (bypass it in the rule, or leave such branches out), or ${prefix}. Then say \`/retry\`.`
    case 'permission':
      return 'Give the app the permission on its installation, or unarchive the repository. Then say `/retry`.'
    default:
      return 'Mend it in the issue or in the rule, then say `/retry`.'
  }
}

function plain(name: string): string {
  return name.replaceAll('`', '')
}
