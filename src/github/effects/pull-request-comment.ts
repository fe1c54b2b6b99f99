import type { EffectHandler } from './lib/handler.ts'
import { putComment } from './lib/put-comment.ts'

/** The one status comment of a pull request, rendered now, as that of an issue is. */
export const effect: EffectHandler<'pull-request-comment'> = {
  kind: 'pull-request-comment',
  publish: async ({ issueNumber }, context) =>
    putComment(issueNumber, await context.pullRequestComment(), context, { single: true }),
}
