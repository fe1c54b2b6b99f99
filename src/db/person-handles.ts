/** Names that people have chosen to be written to by, in one repository. */

import { eq } from 'drizzle-orm'
import type { Database, Tx } from './connect.ts'
import { crewOf } from './crew-members.ts'
import { personHandles } from './schema/crew.ts'

export type PersonHandle = typeof personHandles.$inferSelect

/** The handles of the people of a repository. */
export async function handlesOfPeople(db: Database, repositoryId: number): Promise<PersonHandle[]> {
  return db
    .select()
    .from(personHandles)
    .where(eq(personHandles.repositoryId, repositoryId))
    .orderBy(personHandles.login)
}

/** Every name and handle of a repository that no one else may take. */
export async function takenHandles(db: Database, repositoryId: number): Promise<string[]> {
  const crew = (await crewOf(db, repositoryId)).flatMap(({ name, handle }) => [name, handle ?? []].flat())
  return [...crew, ...(await handlesOfPeople(db, repositoryId)).map(({ handle }) => handle)]
}

/** Gives a person a handle instead of the one before. @returns false when an agent or another person has it. */
export async function setPersonHandle(
  tx: Tx,
  repositoryId: number,
  person: { id: number; login: string },
  handle: string,
): Promise<boolean> {
  const own = (await handlesOfPeople(tx.db, repositoryId)).find(({ personId }) => personId === person.id)?.handle
  const wanted = handle.toLowerCase()
  const taken = (await takenHandles(tx.db, repositoryId)).some((one) => one.toLowerCase() === wanted)
  if (taken && own?.toLowerCase() !== wanted) return false
  const set = { login: person.login, handle }
  await tx.db
    .insert(personHandles)
    .values({ repositoryId, personId: person.id, ...set })
    .onConflictDoUpdate({ target: [personHandles.repositoryId, personHandles.personId], set })
  return true
}

/** Whether a person of the repository is written to by this name. */
export async function isHandleOfPerson(db: Database, repositoryId: number, name: string): Promise<boolean> {
  const wanted = name.toLowerCase()
  return (await handlesOfPeople(db, repositoryId)).some(({ handle }) => handle.toLowerCase() === wanted)
}
