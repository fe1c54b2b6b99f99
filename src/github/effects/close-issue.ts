import type { EffectHandler } from './lib/handler.ts'

/** An issue is closed. Closing a closed one changes nothing. */
export const effect: EffectHandler<'close-issue'> = {
  kind: 'close-issue',
  async publish({ issueNumber, reason }, { octokit, at }) {
    await octokit.rest.issues.update({ ...at, issue_number: issueNumber, state: 'closed', state_reason: reason })
    return {}
  },
}
