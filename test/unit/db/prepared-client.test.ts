/** Statements that a connection keeps: which ones get a name, and that their results are the same. */

import type pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { PreparedClient, StatementNames } from '../../../src/db/prepared-client.ts'

describe('the names of statements', () => {
  it('are given from the third use on, each its own, and stay', () => {
    const names = new StatementNames()
    const three = (text: string) => [names.nameOf(text), names.nameOf(text), names.nameOf(text)]
    const [first, second, one] = three('select $1')
    const other = three('select $1, 2')[2]
    expect([first, second]).toEqual([undefined, undefined])
    expect(one).toMatch(/^tutti_\d+$/)
    expect(other).not.toBe(one)
    expect(names.nameOf('select $1')).toBe(one)
  })

  it('are not given without end: lists of any length make new texts each time', () => {
    const names = new StatementNames()
    const given = (uses: number) => {
      const found = new Set<string>()
      for (let length = 0; length < 5_000; length++)
        for (let use = 0; use < uses; use++) found.add(names.nameOf(`select ${length}, ${uses}, $1`) ?? '')
      found.delete('')
      return found.size
    }
    expect(given(3)).toBe(100)
    // There is still room for what is used all the time.
    expect(given(30)).toBe(150)
    const long = `select $1 -- ${'x'.repeat(8_000)}`
    const fresh = new StatementNames()
    expect([fresh.nameOf(long), fresh.nameOf(long), fresh.nameOf(long)]).toEqual([undefined, undefined, undefined])
  })

  it('are new after the tables have changed', () => {
    const names = new StatementNames()
    const third = () => [1, 2, 3].map(() => names.nameOf('select $1')).at(-1)
    const before = third()
    names.forget('select $1')
    expect(third()).not.toBe(before)
  })
})

const url = process.env.TEST_DATABASE_URL
describe.skipIf(!url)('a client on Postgres', () => {
  const clients: pg.Client[] = []
  const open = async () => {
    const client = new PreparedClient({ connectionString: url }, new StatementNames())
    clients.push(client)
    await client.connect()
    return client
  }
  afterAll(() => Promise.all(clients.map((client) => client.end())))
  const kept = async (client: pg.Client, text: string) =>
    (await client.query(`select statement from pg_prepared_statements`)).rows.some((row) => row.statement === text)

  it('keeps a statement with values, in each form in which it is sent, and gives the same answers', async () => {
    const client = await open()
    const text = 'select $1::int + 1 as n'
    for (let n = 0; n < 6; n++) {
      expect((await client.query(text, [n])).rows).toEqual([{ n: n + 1 }])
      expect((await client.query({ text, values: [n] })).rows).toEqual([{ n: n + 1 }])
      expect((await client.query({ text, rowMode: 'array' }, [n])).rows).toEqual([[n + 1]])
      const byCallback = await new Promise((resolve, reject) =>
        client.query(text, [n], (error: Error, result: pg.QueryResult) =>
          error ? reject(error) : resolve(result.rows),
        ),
      )
      expect(byCallback).toEqual([{ n: n + 1 }])
    }
    expect(await kept(client, text)).toBe(true)
    const plain = "select 'nothing given' as said"
    for (let use = 0; use < 4; use++) expect((await client.query(plain)).rows).toEqual([{ said: 'nothing given' }])
    expect(await kept(client, plain)).toBe(true)
    for (let use = 0; use < 4; use++)
      expect((await client.query('select 1 as a; select 2 as b')) as unknown).toHaveLength(2)
  })

  it('drops a NUL in a value, which no text of Postgres can hold', async () => {
    const client = await open()
    const text = 'select $1::text as said'
    for (let use = 0; use < 4; use++) {
      expect((await client.query(text, ['a\0b'])).rows).toEqual([{ said: 'ab' }])
      expect((await client.query({ text, values: ['a\0b'] })).rows).toEqual([{ said: 'ab' }])
    }
  })

  it('goes on after an error in a statement that is kept, also inside a transaction', async () => {
    const client = await open()
    const text = 'select 10 / $1::int as n'
    await client.query('begin')
    for (const n of [1, 2, 5]) await client.query(text, [n])
    await expect(client.query(text, [0])).rejects.toThrow('division by zero')
    await expect(client.query(text, [1])).rejects.toThrow('current transaction is aborted')
    await client.query('rollback')
    expect((await client.query(text, [5])).rows).toEqual([{ n: 2 }])
  })

  it('reads a statement again when a newer version has changed the type of a column', async () => {
    const [client, other] = [await open(), await open()]
    const table = `kept_${process.pid}`
    await other.query(`create table ${table} (id int, value int)`)
    try {
      const text = `select value from ${table} where id = $1`
      for (let use = 0; use < 4; use++) await client.query(text, [1])
      await other.query(`alter table ${table} alter column value type text`)
      await client.query(text, [1]).catch((error: Error) => expect(error.message).toMatch(/cached plan/))
      await other.query(`insert into ${table} values (1, 'now a text')`)
      for (let use = 0; use < 4; use++) expect((await client.query(text, [1])).rows).toEqual([{ value: 'now a text' }])
    } finally {
      await other.query(`drop table ${table}`)
    }
  })
})
