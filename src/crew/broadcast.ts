/** Broadcasts of the crew: status, results, obstacles, words. They are stored, and copied to NATS where it is configured. */

import type { Tx } from '../db/connect.ts'
import { addCrewEvent } from '../db/crew-events.ts'
import type { CrewMember } from '../db/crew-members.ts'
import { getRepository } from '../db/repositories.ts'
import type { ItemRow } from '../db/work-items.ts'
import { type BroadcastKind, messageTypes, subjectOf } from '../domain/crew-subjects.ts'
import { orchestratorOf } from './assign.ts'

/** What is broadcast. */
export interface Broadcast {
  repositoryId: number
  item?: Pick<ItemRow, 'id' | 'issueNumber'>
  kind: BroadcastKind
  /** The member that it is about; Tutti itself when there is none. */
  member?: Pick<CrewMember, 'id' | 'name'>
  /** In snake_case: the public names that listeners know. */
  facts: Record<string, unknown> & { channel?: string }
}

/** Stores a broadcast with the transaction. */
export async function broadcast(tx: Tx, { repositoryId, item, kind, member, facts }: Broadcast): Promise<void> {
  const repo = await getRepository(tx.db, repositoryId)
  const from = member ?? (await orchestratorOf(tx, repositoryId, repo?.settings?.crew?.names.orchestrator))
  await addCrewEvent(tx, {
    repositoryId,
    workItemId: item?.id ?? null,
    subject: subjectOf(kind, { ...(member ? { memberId: member.id } : {}), channel: facts.channel }),
    payload: {
      type: messageTypes[kind],
      agent: from.name,
      ...(member ? { agent_id: String(member.id) } : {}),
      repository: repo?.fullName,
      ...(item ? { work_stream: item.issueNumber } : {}),
      ...facts,
    },
  })
}
