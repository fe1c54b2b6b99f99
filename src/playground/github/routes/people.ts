/** What people ask about themselves. */
import { openRoute, type Route } from '../api/route.ts'
import { ApiRefusal } from '../model.ts'
import { userBody } from '../payloads/accounts.ts'

export const peopleRoutes: Route[] = [
  openRoute('GET', '/user', ({ world, caller }) => {
    if (caller.kind === 'anonymous') throw new ApiRefusal(401, 'Requires authentication')
    if (caller.kind !== 'person') throw new ApiRefusal(403, 'Resource not accessible by integration')
    return { body: userBody(world, caller.account) }
  }),
]
