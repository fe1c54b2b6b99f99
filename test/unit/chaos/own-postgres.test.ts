/** The Postgres server of a chaos run: whatever way it is ended in, it is up again with all that was committed. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  findServerPrograms,
  type OwnPostgres,
  startOwnPostgres,
  waysToEnd,
} from '../../../scripts/chaos/own-postgres.ts'

const installed = await findServerPrograms().then(
  () => true,
  () => false,
)

test('where its programs are missing, the error says what to install', async () => {
  vi.stubEnv('PATH', '/nowhere')
  try {
    await expect(findServerPrograms('/nowhere')).rejects.toThrow(/apt-get install postgresql/)
  } finally {
    vi.unstubAllEnvs()
  }
})

describe.skipIf(!installed)('a server', () => {
  let directory: string
  let server: OwnPostgres

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tutti-own-postgres-'))
    server = await startOwnPostgres(join(directory, 'postgres'))
  })
  afterAll(async () => {
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  })

  async function ask(query: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    return client
      .query(query)
      .then(({ rows }) => rows)
      .finally(() => client.end())
  }

  /** A connection in the middle of a transaction. `ended` resolves when the server has ended it. */
  async function openTransaction(query: string): Promise<{ ended: Promise<void> }> {
    const client = new pg.Client({ connectionString: server.url })
    const ended = new Promise<void>((resolve) => client.on('error', () => resolve()).on('end', () => resolve()))
    await client.connect()
    await client.query('begin')
    await client.query(query)
    return { ended }
  }

  test.each(waysToEnd)('ended by %s, it has what was committed and nothing else', async (way) => {
    await ask('create table if not exists facts (way text)')
    await ask(`insert into facts values ('${way}')`)
    const open = await openTransaction("insert into facts values ('not committed')")
    await server.restart(way)
    await open.ended
    const ways = await ask('select way from facts')
    expect(ways).toContainEqual({ way })
    expect(ways).not.toContainEqual({ way: 'not committed' })
  })

  test('listens on loopback alone and asks for its password', async () => {
    expect(await ask('show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
    expect(await ask('show fsync')).toEqual([{ fsync: 'on' }])
    const stranger = new pg.Client({ connectionString: server.url.replace(/:[0-9a-f]+@/, ':wrong@') })
    await expect(stranger.connect()).rejects.toThrow(/password authentication failed/)
  })
})
