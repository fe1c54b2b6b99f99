import { desc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readEnv } from '../../../src/config/env.ts'
import { registerProcess } from '../../../src/db/processes.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { workItems } from '../../../src/db/schema/work-items.ts'
import { takeWorktree } from '../../../src/db/worktrees.ts'
import type { BareClone } from '../../../src/git/bare-clone.ts'
import { LeaveToOthers } from '../../../src/lib/errors.ts'
import { leaveToItsDisk, leaveUnfit } from '../../../src/runs/runner-fit.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

test('a process leaves a run to others when it has not what the item asks for, or is kept for others', async () => {
  const { store } = places
  const here = await places.place()
  await here.say('/queue')
  await here.go('ready')
  await here.start()
  const [run] = await store.db.select().from(runs).orderBy(runs.id)
  const id = run?.id ?? 0
  const leave = (...labels: string[]) => leaveUnfit({ store, part: { role: 'runner', labels } }, id)
  await leave()
  await expect(leave('gpu')).rejects.toThrow(LeaveToOthers)
  await store.db
    .update(workItems)
    .set({ labels: ['tutti', 'runner:gpu'] })
    .where(eq(workItems.id, run?.workItemId ?? 0))
  await leave('gpu', 'linux')
  await expect(leave()).rejects.toThrow(LeaveToOthers)
  await expect(leave('linux')).rejects.toThrow(LeaveToOthers)
})

test('a commit that is on the disk of a living process is judged there; of a dead one, here', async () => {
  const { store } = places
  const here = await places.place()
  await here.say('/queue')
  await here.go('ready')
  await here.start()
  const [run] = await store.db.select().from(runs).orderBy(desc(runs.id)).limit(1)
  const id = run?.id ?? 0
  const head = 'a'.repeat(40)
  await store.db.update(runs).set({ headSha: head }).where(eq(runs.id, id))
  const facts = { workItemId: run?.workItemId ?? 0, path: '/x', branch: 'x', baseSha: head, runId: id, place: 'there' }
  await takeWorktree(store.db, undefined, facts)
  let known: string | undefined
  const control = async () => ({ resolve: async () => known }) as unknown as BareClone
  const env = readEnv({})
  const leave = () => leaveToItsDisk({ store, env, place: 'here', several: async () => true, control }, id)
  await leave()
  await registerProcess(store.db, { role: 'all', place: 'there' })
  await expect(leave()).rejects.toThrow('on another disk')
  known = head
  await leave()
})
