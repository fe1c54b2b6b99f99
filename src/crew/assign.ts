/** Who takes a run: a free member of the crew, the one that knows the work best, or a new one. */

import type { Tx } from '../db/connect.ts'
import {
  addMember,
  type CrewMember,
  crewOf,
  experienceOf,
  lockMembers,
  membersAskedFor,
  touchMember,
} from '../db/crew-members.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import type { RunRow } from '../db/runs.ts'
import type { ItemRow } from '../db/work-items.ts'
import { type Assignment, type CrewRole, chooseMember, chooseName } from '../domain/crew.ts'
import { chosenBecause } from '../messages/crew.ts'

/** What the row of a run says about the member that makes it. */
export type RunMember = Pick<RunRow, 'memberId' | 'memberName' | 'memberWhy'>

/**
 * Chooses the member of the crew that makes the next run of an item, inside the transaction that adds the run.
 * @param run.fresh the retry policy wants another one than those who have tried.
 */
export async function assignMember(
  tx: Tx,
  repo: RepositoryRow | undefined,
  item: ItemRow,
  run: { role: CrewRole; agent: string; fresh: boolean },
): Promise<RunMember> {
  const members = await lockMembers(tx, item.repositoryId, run.role, run.agent)
  const crew = await experienceOf(tx.db, members, item)
  const reserved = await membersAskedFor(tx.db, item)
  const chosen = chooseMember(crew, { fresh: run.fresh, asked: item.memberId, reserved })
  const known = chosen && members.find(({ id }) => id === chosen.memberId)
  const member = known ?? (await hire(tx, item.repositoryId, run, settingsOf(repo).crew?.names[run.role]))
  if (known) await touchMember(tx, known.id)
  const why: Assignment['because'] | 'joined' = known && chosen ? chosen.because : 'joined'
  return {
    memberId: member.id,
    memberName: member.name,
    memberWhy: chosenBecause(member.name, why, chosen?.here ?? []),
  }
}

/** Tutti itself, as the crew of a repository knows it. */
export async function orchestratorOf(tx: Tx, repositoryId: number, preferred?: readonly string[]): Promise<CrewMember> {
  const known = (await crewOf(tx.db, repositoryId)).find(({ role }) => role === 'orchestrator')
  return known ?? hire(tx, repositoryId, { role: 'orchestrator', agent: '' }, preferred)
}

/** A new member, with the first name that is free. */
async function hire(
  tx: Tx,
  repositoryId: number,
  { role, agent }: { role: CrewRole; agent: string },
  preferred: readonly string[] = [],
): Promise<CrewMember> {
  const refused: string[] = []
  for (;;) {
    const taken = (await crewOf(tx.db, repositoryId)).flatMap(({ name, handle }) => [name, handle ?? name])
    const name = chooseName(role, [...taken, ...refused], preferred)
    const member = await addMember(tx, { repositoryId, role, agent, name })
    if (member) return member
    // Another transaction has just given it away; its row may not be visible here yet.
    refused.push(name)
  }
}
