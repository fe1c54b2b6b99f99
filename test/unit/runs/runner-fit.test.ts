import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runs } from '../../../src/db/schema/runs.ts'
import { workItems } from '../../../src/db/schema/work-items.ts'
import { LeaveToOthers } from '../../../src/lib/errors.ts'
import { leaveUnfit } from '../../../src/runs/runner-fit.ts'
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
