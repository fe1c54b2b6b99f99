/**
 * What the pages do besides being read: they stay up to date, show times as people say them, and ask before what cannot be
 * taken back. Without this script every page and every form works all the same.
 */

/* global Idiomorph */

const root = document.documentElement

/** Themes: the choice is kept on this machine (theme.js reads it); without one the system decides. */
function startTheme() {
  document.addEventListener('click', (event) => {
    if (!(event.target instanceof Element) || !event.target.closest('[data-switch-theme]')) return
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
    root.dataset.theme = dark ? 'light' : 'dark'
    localStorage.setItem('theme', root.dataset.theme)
    dispatchEvent(new Event('theme'))
  })
}

const units = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })

function ago(date) {
  const seconds = Math.round((Date.now() - date.getTime()) / 1_000)
  if (seconds < 45) return 'just now'
  const [size, name] = units.find(([unit]) => seconds >= unit) ?? [60, 'minute']
  return relative.format(-Math.max(1, Math.round(seconds / size)), name)
}

function lasted(date) {
  const seconds = Math.max(0, Math.round((Date.now() - date.getTime()) / 1_000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`
}

/** Times in the words and the zone of whoever reads. */
function showTimes() {
  for (const element of document.querySelectorAll('time[datetime]')) {
    const date = new Date(element.getAttribute('datetime') ?? '')
    if (Number.isNaN(date.getTime())) continue
    element.title = date.toLocaleString()
    const { show } = element.dataset
    if (show === 'ago') element.textContent = ago(date)
    if (show === 'lasted') element.textContent = lasted(date)
    if (show === 'clock')
      element.textContent = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })
  }
}

/** Takes what has changed from the server, and changes only that: focus, open details and half-written texts stay. */
const refresher = (() => {
  let etag = ''
  let waiting = false
  let running = false
  let again = false

  async function refresh() {
    if (running) {
      again = true
      return
    }
    running = true
    try {
      const answer = await fetch(location.href, { headers: etag ? { 'if-none-match': etag } : {}, redirect: 'manual' })
      if (answer.type === 'opaqueredirect' || answer.status === 401) return location.reload()
      if (answer.status !== 200) return
      etag = answer.headers.get('etag') ?? ''
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
      morph(page)
    } catch {
      // The server is away; the stream says when it is back.
    } finally {
      running = false
      if (again) {
        again = false
        soon()
      }
    }
  }

  /** Many changes at once are one refresh, and not all readers come in the same moment. */
  function soon() {
    if (waiting) return
    waiting = true
    setTimeout(
      () => {
        waiting = false
        void refresh()
      },
      150 + Math.random() * 350,
    )
  }

  return { soon }
})()

function morph(page) {
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = page.querySelector(`[data-live="${part.dataset.live}"]`)
    if (!next) continue
    Idiomorph.morph(part, next, {
      ignoreActiveValue: true,
      callbacks: {
        beforeAttributeUpdated: (name, node) => !(name === 'open' && node.tagName === 'DETAILS'),
        beforeNodeMorphed: (from) => !(from instanceof HTMLElement && from.matches('textarea, [data-still]')),
      },
    })
  }
  showTimes()
  dispatchEvent(new Event('refreshed'))
}

function startLive() {
  const { stream } = document.body.dataset
  const sign = document.querySelector('.live')
  if (!stream || !sign) return
  const source = new EventSource(stream)
  let lost = false
  const say = (state, text) => {
    sign.dataset.state = state
    sign.textContent = text
  }
  source.addEventListener('open', () => {
    say('on', 'Live')
    if (lost) refresher.soon()
    lost = false
  })
  source.addEventListener('change', () => refresher.soon())
  source.addEventListener('error', () => {
    lost = true
    say('off', 'Connecting …')
    // A browser gives up after some answers; a page that is open all day must not.
    if (source.readyState === EventSource.CLOSED) {
      source.close()
      setTimeout(startLive, 5_000)
    }
  })
  addEventListener('pagehide', () => source.close(), { once: true })
}

/** Asks before what cannot be taken back, and keeps a form from being sent twice. */
function startForms() {
  document.addEventListener('submit', (event) => {
    const form = event.target
    if (!(form instanceof HTMLFormElement)) return
    const question = event.submitter?.dataset.confirm ?? form.dataset.confirm
    if (question && !confirm(question)) return event.preventDefault()
    // After the browser has read which button it was.
    setTimeout(() => {
      for (const button of form.querySelectorAll('button')) button.disabled = true
    })
  })
  document.addEventListener('change', (event) => {
    if (event.target instanceof HTMLSelectElement && event.target.matches('[data-go]'))
      event.target.form?.requestSubmit()
  })
}

/** New lines of a run's log, while it runs. */
function startTranscript() {
  const box = document.querySelector('.transcript[data-log]')
  if (!(box instanceof HTMLElement)) return
  let from = Number(box.dataset.from)
  const follows = () => innerHeight + scrollY >= document.body.scrollHeight - 120
  async function more() {
    try {
      const answer = await fetch(`${box.dataset.log}?from=${from}`)
      if (answer.ok) {
        const { html, next, ended } = await answer.json()
        const stay = follows()
        if (html) box.insertAdjacentHTML('beforeend', html)
        from = next
        if (html && stay) scrollTo({ top: document.body.scrollHeight })
        if (ended) return refresher.soon()
      }
    } catch {
      // Asked again below.
    }
    setTimeout(more, 1_000)
  }
  if (box.dataset.running === 'true') setTimeout(more, 1_000)
}

startTheme()
startForms()
showTimes()
startLive()
startTranscript()
setInterval(showTimes, 10_000)
