/** Pictures that gates left on commits. `prune.ts` deletes them with the results of the gates. */

import { and, eq, inArray } from 'drizzle-orm'
import type { PictureName, PictureType } from '../domain/pictures.ts'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import { gatePictures, pictures } from './schema/pictures.ts'
import { workItems } from './schema/work-items.ts'

/** A picture with its content. */
export interface Picture extends PictureName {
  type: PictureType
  content: Buffer
}

/** What a gate has judged. */
export interface JudgedCommit {
  workItemId: number
  sha: string
  gate: string
}

/** A picture as it is listed. */
export type PictureRow = Pick<typeof gatePictures.$inferSelect, 'sha' | 'gate' | 'name' | 'digest'>

/** Keeps the pictures that a gate left on a commit, instead of those that it left there before. */
export async function savePictures(tx: Tx, judged: JudgedCommit, left: readonly Picture[]): Promise<void> {
  const { workItemId, sha, gate } = judged
  await tx.db
    .delete(gatePictures)
    .where(and(eq(gatePictures.workItemId, workItemId), eq(gatePictures.sha, sha), eq(gatePictures.gate, gate)))
  // By digest, so that two transactions with the same pictures do not wait for each other.
  for (const { digest, type, content } of left.toSorted((a, b) => (a.digest < b.digest ? -1 : 1)))
    await tx.db
      .insert(pictures)
      .values({ digest, type, content: content.toString('base64') })
      // Taken, so that it is not deleted as one that no commit has.
      .onConflictDoUpdate({ target: pictures.digest, set: { createdAt: currentTime() } })
  const rows = left.map(({ name, digest }) => ({ workItemId, sha, gate, name, digest }))
  if (rows.length > 0) await tx.db.insert(gatePictures).values(rows)
}

/** The pictures on commits of an item, by commit, gate and name. @param sha only of this commit. */
export async function picturesOf(db: Database, workItemId: number, sha?: string): Promise<PictureRow[]> {
  const ofItem = eq(gatePictures.workItemId, workItemId)
  return db
    .select({
      ...{ sha: gatePictures.sha, gate: gatePictures.gate, name: gatePictures.name, digest: gatePictures.digest },
    })
    .from(gatePictures)
    .where(sha === undefined ? ofItem : and(ofItem, eq(gatePictures.sha, sha)))
    .orderBy(gatePictures.id)
}

/** Another commit with the same tree has the same pictures. A second time changes nothing. */
export async function copyPictures(tx: Tx, { workItemId, from, to }: { workItemId: number; from: string; to: string }) {
  const rows = (await picturesOf(tx.db, workItemId, from)).map((row) => ({ ...row, workItemId, sha: to }))
  if (rows.length > 0) await tx.db.insert(gatePictures).values(rows).onConflictDoNothing()
}

/** A picture that a gate left on any commit of a repository; undefined where there is none. */
export async function findPicture(db: Database, repositoryId: number, digest: string): Promise<Picture | undefined> {
  const ofRepository = db.select({ id: workItems.id }).from(workItems).where(eq(workItems.repositoryId, repositoryId))
  const [row] = await db
    .select({ name: gatePictures.name, type: pictures.type, content: pictures.content })
    .from(gatePictures)
    .innerJoin(pictures, eq(pictures.digest, gatePictures.digest))
    .where(and(eq(gatePictures.digest, digest), inArray(gatePictures.workItemId, ofRepository)))
    .limit(1)
  return row && { ...row, digest, content: Buffer.from(row.content, 'base64') }
}
