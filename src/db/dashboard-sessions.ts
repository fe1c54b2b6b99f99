/** Sessions of the dashboard. Those that have ended are deleted whenever someone signs in. */

import { createHash } from 'node:crypto'
import { and, eq, gt, lte } from 'drizzle-orm'
import { currentTime } from '../lib/clock.ts'
import type { Database } from './connect.ts'
import { dashboardSessions } from './schema/dashboard.ts'

export type DashboardSession = typeof dashboardSessions.$inferSelect

/** Stores a session. @param secret the value of the cookie; only its digest is stored. */
export async function addSession(
  db: Database,
  secret: string,
  session: Pick<DashboardSession, 'userId' | 'login' | 'expiresAt'>,
): Promise<void> {
  await db.delete(dashboardSessions).where(lte(dashboardSessions.expiresAt, currentTime()))
  await db.insert(dashboardSessions).values({ ...session, idHash: digest(secret) })
}

/** The session of a cookie, while it lasts. */
export async function findSession(db: Database, secret: string): Promise<DashboardSession | undefined> {
  const [row] = await db
    .select()
    .from(dashboardSessions)
    .where(and(eq(dashboardSessions.idHash, digest(secret)), gt(dashboardSessions.expiresAt, currentTime())))
  return row
}

/** Ends a session. */
export async function endSession(db: Database, secret: string): Promise<void> {
  await db.delete(dashboardSessions).where(eq(dashboardSessions.idHash, digest(secret)))
}

function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
