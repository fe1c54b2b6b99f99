/** People are called where they are needed: what is sent, to whom, how often. Real HTTP and SMTP servers on this machine. */

import { createServer as createHttp, type IncomingMessage } from 'node:http'
import { type AddressInfo, createServer as createTcp } from 'node:net'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { mailSender } from '../../../src/channels/mail.ts'
import { type NoticeSender, NotSent } from '../../../src/channels/notice.ts'
import { slackSender } from '../../../src/channels/slack.ts'
import { teamsSender } from '../../../src/channels/teams.ts'
import { channelSecrets } from '../../../src/config/channel-variables.ts'
import { defaultSettings, readSettings } from '../../../src/config/settings.ts'
import { notifyPeople } from '../../../src/crew/notify-people.ts'
import { sendNotification } from '../../../src/crew/send-notification.ts'
import { notifications } from '../../../src/db/schema/crew.ts'
import { effects } from '../../../src/db/schema/effects.ts'
import { repositories } from '../../../src/db/schema/repositories.ts'
import { callsPeople, waysOf } from '../../../src/domain/notices.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

const quiet = { warn: () => {}, info: () => {} }

/** An HTTP server that answers with these codes in turn, the last one for ever; 0 cuts the connection. */
async function webhook(...codes: number[]) {
  const got: Record<string, unknown>[] = []
  let at = 0
  const server = createHttp(async (request: IncomingMessage, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    got.push(JSON.parse(text))
    const code = codes[Math.min(at, codes.length - 1)] ?? 200
    at += 1
    if (code === 0) return void request.socket.destroy()
    response.writeHead(code, code === 302 ? { location: '/elsewhere' } : {}).end('x')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/T0/B0/a-very-secret-token` }
}

/** A mail server that takes one mail, or refuses at a step. */
async function mailServer(refuse: Record<string, string> = {}) {
  const got: string[] = []
  const answers: Record<string, string> = { DATA: '354 go on', QUIT: '221 bye', ...refuse }
  const server = createTcp((socket) => {
    let text: string | undefined
    const onLine = (line: string): string | undefined => {
      if (text !== undefined) {
        if (line !== '.') {
          text += `${line}\n`
          return undefined
        }
        got.push(text)
        text = undefined
        return '250 taken'
      }
      got.push(line)
      const verb = line.split(/[ :]/)[0]?.toUpperCase() ?? ''
      if (verb === 'DATA') text = ''
      return answers[verb] ?? '250 ok'
    }
    socket.on('error', () => {})
    socket.write('220 here\r\n')
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\r\n').slice(0, -1)) {
        const answer = onLine(line)
        if (answer) socket.write(`${answer}\r\n`)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { got, url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** A repository whose people are called in these ways, with an item under review. */
async function calling(notify: string) {
  const settings = readSettings(`notify:\n${notify}`)
  const here = await places.place(settings)
  await places.store.db.update(repositories).set({ settings }).where(eq(repositories.id, here.repo.id))
  await here.review()
  const item = await here.item()
  const all = () =>
    places.store.db.select().from(notifications).where(eq(notifications.workItemId, item.id)).orderBy(notifications.id)
  const call = (reminder = 0, fact = `reviewing:${item.updatedAt.toISOString()}`) =>
    notifyPeople({ store: places.store }, { workItemId: item.id, fact, reminder })
  const send = (senders: Partial<Record<'slack' | 'teams' | 'mail', NoticeSender>>, id: number, last = false) => {
    const services = { store: places.store, channels: { senders }, log: quiet, redact: (text: string) => text }
    return sendNotification(services, { notificationId: id }, { last })
  }
  return { ...here, itemId: item.id, all, call, send }
}

test('a review that is wanted calls people at once, in each way once, whatever is done twice', async () => {
  const { all, call, send, itemId } = await calling('  slack: true\n  mail: [a@example.com]\n  mention: [octo-cat]')
  expect(await places.jobs('notify-people')).toContainEqual(
    expect.objectContaining({ workItemId: itemId, reminder: 0 }),
  )
  await call()
  await call()
  const rows = await all()
  expect(rows.map(({ way, state }) => `${way} ${state}`)).toEqual(['slack pending', 'mail pending', 'mention sent'])
  const { got, url } = await webhook(200)
  const slack = slackSender(url)
  await send({ slack }, rows[0]?.id ?? 0)
  await send({ slack }, rows[0]?.id ?? 0)
  expect(got).toHaveLength(1)
  expect(got[0]?.text).toMatch(
    /^\*acme\/app-\d+#12 waits for a review of pull request #40\*\nAdd a clock\n\nBecause reviewing\.\nhttp/,
  )
  const wanted = await places.store.db.select().from(effects).where(eq(effects.kind, 'comment'))
  expect(wanted.filter(({ key }) => key.startsWith(`mention:${itemId}:`))).toMatchObject([
    { payload: { issueNumber: 40, body: expect.stringMatching(/^@octo-cat: acme\/app-\d+#12 waits for a review/) } },
  ])
})

test('what was not taken is sent again, what may have arrived is not, what is refused for good ends', async () => {
  const { all, call, send } = await calling('  slack: true\n  teams: true')
  await call()
  const [slackRow, teamsRow] = await all()
  const busy = await webhook(503, 200)
  const slack = slackSender(busy.url)
  await expect(send({ slack }, slackRow?.id ?? 0)).rejects.toThrow('answered with 503')
  await send({ slack }, slackRow?.id ?? 0)
  expect(busy.got).toHaveLength(2)
  const cut = await webhook(0)
  await send({ teams: teamsSender(cut.url) }, teamsRow?.id ?? 0)
  await send({ teams: teamsSender(cut.url) }, teamsRow?.id ?? 0)
  expect(cut.got).toHaveLength(1)
  expect((await all()).map(({ state }) => state)).toEqual(['sent', 'sent'])
})

test.each([
  ['a redirect', 302, 'answered with 302'],
  ['a webhook that is gone', 404, 'answered with 404'],
])('%s is not followed, and not tried again', async (_, code, error) => {
  const { all, call, send } = await calling('  slack: true')
  await call()
  const [row] = await all()
  const { got, url } = await webhook(code, 200)
  await send({ slack: slackSender(url) }, row?.id ?? 0)
  expect(got).toHaveLength(1)
  expect(await all()).toMatchObject([{ state: 'failed', error: expect.stringContaining(error) }])
  expect((await all())[0]?.error).not.toContain('secret')
})

test('a way that the operator has not configured is said, not tried for ever', async () => {
  const { all, call, send } = await calling('  teams: true')
  await call()
  const [row] = await all()
  await send({}, row?.id ?? 0)
  expect(await all()).toMatchObject([{ state: 'failed', error: 'the operator has not configured teams' }])
})

test('reminders come while no one has acted, and end with the last; whoever acts ends them', async () => {
  const { all, call, go, send } = await calling('  slack: true\n  reminders: 1\n  remindHours: 1')
  await call()
  await call(1)
  await call(2)
  expect((await all()).map(({ reminder }) => reminder)).toEqual([0, 1])
  const later = (await places.jobs('notify-people')) as { reminder: number }[]
  expect(later.filter(({ reminder }) => reminder > 1)).toEqual([])
  await go('ready')
  await call(3)
  expect(await all()).toHaveLength(2)
  const { got, url } = await webhook(200)
  await send({ slack: slackSender(url) }, (await all())[1]?.id ?? 0)
  expect(got).toEqual([])
})

test('an item that has left and come back is another fact: the old one calls no more', async () => {
  const { all, call, go, item } = await calling('  slack: true')
  await call()
  await go('ready', 'running', 'checking', 'reviewing')
  const again = await item()
  await call(0, `reviewing:${again.updatedAt.toISOString()}`)
  await call(1)
  expect((await all()).map(({ reminder }) => reminder)).toEqual([0, 0])
})

test('Slack and Teams show words of others as they are', async () => {
  const slack = await webhook(200)
  const teams = await webhook(200)
  const notice = { subject: 'A <!channel>', text: '[click](https://evil.example) & more', url: 'https://x/1', id: '1' }
  await slackSender(slack.url).send(notice, [])
  await teamsSender(teams.url).send(notice, [])
  expect(slack.got[0]?.text).toContain('A &lt;!channel&gt;*\n[click](https://evil.example) &amp; more')
  expect(JSON.stringify(teams.got[0])).toContain('"type":"RichTextBlock","inlines":[{"type":"TextRun","text":"[click]')
})

test('mail is sent to all addresses in one, with the same id each time; a refusal for now is tried again, one for good is not', async () => {
  const notice = { subject: 'Two\r\nBcc: evil@example.com', text: 'It waits.', url: 'https://x/1', id: 'fact' }
  const first = await mailServer()
  const second = await mailServer()
  for (const { url } of [first, second])
    await mailSender(url, 'Tutti <tutti@example.com>').send(notice, ['a@x.org', 'b@x.org'])
  const idOf = (lines: string[]) => /^Message-ID: (.*)$/m.exec(lines.join('\n'))?.[1]
  expect(first.got.filter((line) => line.startsWith('RCPT'))).toEqual(['RCPT TO:<a@x.org>', 'RCPT TO:<b@x.org>'])
  expect(idOf(first.got)).toBe(idOf(second.got))
  expect(first.got.join('\n')).not.toMatch(/^Bcc/m)
  const refusals = [
    [{ MAIL: '550 go away' }, true],
    [{ MAIL: '451 later' }, false],
  ] as const
  for (const [refuse, final] of refusals) {
    const { url } = await mailServer(refuse)
    const sent = mailSender(url, 'tutti@example.com').send(notice, ['a@x.org'])
    await expect(sent).rejects.toMatchObject({ name: 'NotSent', final })
  }
  await expect(mailSender('smtp://127.0.0.1:1', 'a@x.org').send(notice, ['a@x.org'])).rejects.toBeInstanceOf(NotSent)
})

test('only where settings ask for it, and for what they ask', () => {
  const { notify } = readSettings('notify:\n  slack: true\n  when: [held]')
  expect(callsPeople('held', { notify })).toBe(true)
  expect(callsPeople('reviewing', { notify })).toBe(false)
  expect(callsPeople('running', { notify })).toBe(false)
  expect(callsPeople('held', defaultSettings())).toBe(false)
  expect(callsPeople('held', {} as never)).toBe(false)
  expect(waysOf(notify)).toEqual(['slack'])
})

test('the secrets of the ways are known, and short names are none', () => {
  const urls = {
    SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/T0/B0/token',
    SMTP_URL: 'smtps://bob:pa%24%24word1@host',
  }
  expect(channelSecrets({ ...urls, NATS_URL: 'nats://me@host' })).toEqual(['/services/T0/B0/token', 'pa$$word1'])
})
