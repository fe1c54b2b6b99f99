import type { EffectHandler } from './lib/handler.ts'

/** A pull request is closed. Closing a closed one changes nothing. */
export const effect: EffectHandler<'close-pull-request'> = {
  kind: 'close-pull-request',
  async publish({ pullNumber }, { octokit, at }) {
    await octokit.rest.pulls.update({ ...at, pull_number: pullNumber, state: 'closed' })
    return {}
  },
}
