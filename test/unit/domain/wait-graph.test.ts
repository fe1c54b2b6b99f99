import { expect, test } from 'vitest'
import { cycleOfWaits, isBrokenBy } from '../../../src/domain/wait-graph.ts'

const wait = (messageId: number, askerId: number, askedId: number) => ({ messageId, askerId, askedId })

test('two agents, and three, that wait for each other; the oldest question is the one that is given up', () => {
  const two = [wait(1, 10, 20), wait(2, 20, 10)]
  expect(cycleOfWaits(two, 2)).toEqual([two[1], two[0]])
  expect(two.map(({ messageId }) => isBrokenBy(cycleOfWaits(two, messageId) ?? [], messageId))).toEqual([true, false])
  const three = [wait(5, 10, 20), wait(3, 20, 30), wait(4, 30, 10)]
  expect(cycleOfWaits(three, 5)?.map(({ messageId }) => messageId)).toEqual([5, 3, 4])
  expect(three.map(({ messageId }) => isBrokenBy(cycleOfWaits(three, messageId) ?? [], messageId))).toEqual([
    false,
    true,
    false,
  ])
})

test('a chain is no cycle, and whoever waits for agents in a cycle is no part of it', () => {
  expect(cycleOfWaits([wait(1, 10, 20), wait(2, 20, 30)], 1)).toBeUndefined()
  const beside = [wait(1, 10, 20), wait(2, 20, 10), wait(3, 30, 10)]
  expect(cycleOfWaits(beside, 3)).toBeUndefined()
  expect(cycleOfWaits(beside, 9)).toBeUndefined()
})
