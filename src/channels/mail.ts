/** Mail, by SMTP. */

import { createHash } from 'node:crypto'
import { type NoticeSender, NotSent } from './notice.ts'

const timeoutMs = 20_000
/** What nodemailer calls the steps before the text of the mail is handed over. */
const beforeText = ['CONN', 'EHLO', 'HELO', 'STARTTLS', 'AUTH', 'MAIL FROM', 'RCPT TO']

/** Sends one mail to all addresses. @param url of the server, with its password. @param from the sender. */
export function mailSender(url: string, from: string): NoticeSender {
  return {
    async send({ subject, text, url: link, id }, to) {
      // Loaded at the first mail: a process that sends none does not need it.
      const { createTransport } = await import('nodemailer')
      const timeouts = { connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs }
      const transport = createTransport({ url, ...timeouts, disableFileAccess: true, disableUrlAccess: true })
      try {
        await transport.sendMail({
          from,
          to: [...to],
          subject: subject.replace(/\s+/g, ' '),
          text: `${text}\n\n${link}\n`,
          // The same notice has the same id: a mail program shows it once, should it ever come twice.
          messageId: `<${createHash('sha256').update(id).digest('hex').slice(0, 32)}@tutti.invalid>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
        })
      } catch (error) {
        throw readError(error)
      } finally {
        transport.close()
      }
    },
  }
}

function readError(error: unknown): Error {
  const { message, code, command, responseCode } = error as Error & {
    code?: string
    command?: string
    responseCode?: number
  }
  // The server has said no: 5xx for good, 4xx for now (RFC 5321, 4.2.1).
  if (responseCode !== undefined)
    return new NotSent(`the mail server refused it: ${message}`, { final: responseCode >= 500 })
  if (code === 'EDNS' || code === 'ECONNECTION' || code === 'ESOCKET' || beforeText.includes(command ?? ''))
    return new NotSent(`the mail server cannot be used: ${message}`, { final: false })
  return new Error(`the mail server did not answer: ${message}`)
}
