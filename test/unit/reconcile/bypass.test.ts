/** The warning at the start about rules that the app may go around. */

import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { saveRepository } from '../../../src/db/repositories.ts'
import type { GitHub } from '../../../src/github/github.ts'
import { warnOfBypass } from '../../../src/reconcile/bypass.ts'
import { openTestStore } from '../../support/test-store.ts'

test('each repository whose rules the app may bypass is named in the log, and no other', async () => {
  const { store, close } = await openTestStore()
  onTestFinished(close)
  const nothing = { store, github: {} as GitHub, log: pino({ level: 'silent' }) }
  expect(await warnOfBypass(nothing)).toBeUndefined()
  for (const [githubId, name] of ['free', 'held'].entries())
    await saveRepository(store.db, {
      ...{ githubId: githubId + 1, fullName: `acme/${name}`, private: false, installationId: 1 },
      ...{ cloneUrl: `https://github.com/acme/${name}.git`, defaultBranch: 'main' },
    })
  const repository = ({ fullName }: { fullName: string }) => ({
    bypassableRulesets: async () => (fullName === 'acme/free' ? ['main rules'] : []),
  })
  const lines: { level: number; msg: string }[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const found = await warnOfBypass({ store, github: { repository } as unknown as GitHub, log })
  expect(found).toEqual(['acme/free'])
  expect(lines.map(({ level, msg }) => `${level}: ${msg}`)).toEqual([
    '40: the app may bypass the rules of main in acme/free: take it off the bypass list of main rules',
  ])
})
