import { httpStatusOf } from '../http-status.ts'
import type { EffectHandler } from './lib/handler.ts'

/** Failed checks run once more. */
export const effect: EffectHandler<'rerun-checks'> = {
  kind: 'rerun-checks',
  async publish({ target, id }, { octokit, at }) {
    try {
      if (target === 'workflow-run') await octokit.rest.actions.reRunWorkflowFailedJobs({ ...at, run_id: id })
      else await octokit.rest.checks.rerequestSuite({ ...at, check_suite_id: id })
    } catch (error) {
      // The answer to an earlier attempt was lost, or a person was faster.
      const running = httpStatusOf(error) === 403 && /already running/i.test(String(error))
      if (!running) throw error
    }
    return {}
  },
}
