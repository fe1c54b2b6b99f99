import type { EffectHandler } from './lib/handler.ts'
import { putComment } from './lib/put-comment.ts'

/** The one status comment of an issue. Its text is rendered now: what was true when it was wanted may have passed. */
export const effect: EffectHandler<'status-comment'> = {
  kind: 'status-comment',
  publish: async ({ issueNumber }, context) =>
    putComment(issueNumber, await context.statusComment(), context, { single: true }),
}
