/** A person with their doings, on a GitHub of the playground. */

import type { Auth } from './auth.ts'
import type { Account } from './model.ts'
import type { Person } from './person.ts'
import { branchActs, issueActs, ownerActs, pullActs } from './person-acts.ts'
import { accountOf, randomText, type World } from './world.ts'

/** The person with this login; made now if there is none. */
export function createPerson(world: World, auth: Auth, login: string): Person {
  const account = accountOf(world, login)
  return {
    account,
    token: personalToken(world, account),
    ...issueActs(world, account),
    ...branchActs(world, account),
    ...pullActs(world, account),
    ...ownerActs(world, auth, account),
  }
}

function personalToken(world: World, account: Account): string {
  const found = [...world.personalTokens].find(([, owner]) => owner === account)
  if (found) return found[0]
  const token = `ghp_${randomText(36)}`
  world.personalTokens.set(token, account)
  return token
}
