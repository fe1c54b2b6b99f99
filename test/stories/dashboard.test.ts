/** A maintainer opens the dashboard in a browser: signs in with GitHub, sees work go on, and steers it. */

import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { openWorld } from '../support/world.ts'

const program = '/usr/bin/chromium'
/** Pictures of the pages, to be looked at; nothing is written where it is not set. */
const pictures = process.env.SCREENSHOTS

async function openBrowser(): Promise<Browser> {
  const asRoot = process.getuid?.() === 0
  const browser = await chromium.launch({ executablePath: program, args: asRoot ? ['--no-sandbox'] : [] })
  onTestFinished(() => browser.close())
  return browser
}

/** What axe finds serious on a page. */
async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; impact: string; nodes: { html: string }[] }[]
  }
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)
}

async function picture(page: Page, name: string): Promise<void> {
  if (!pictures) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
}

test.skipIf(!existsSync(program))(
  'signs in, sees an agent begin without loading the page again, stops it (skipped where there is no Chromium)',
  async () => {
    const world = await openWorld({ start: false })
    const { clientId, clientSecret } = world.github.app
    const { url } = await world.startTutti({ GITHUB_CLIENT_ID: clientId, GITHUB_CLIENT_SECRET: clientSecret })
    const browser = await openBrowser()
    const context = await browser.newContext({ viewport: { width: 1_440, height: 900 }, reducedMotion: 'reduce' })
    const page = await context.newPage()
    page.setDefaultTimeout(60_000)
    const complaints: string[] = []
    page.on('console', (message) => {
      // The page of the playground on which one signs in has no icon.
      const ours = !message.location().url.startsWith(world.github.url)
      if (message.type() === 'error' && ours) complaints.push(`${message.text()} ${message.location().url}`)
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    const foreign: string[] = []
    page.on('request', (request) => {
      const to = new URL(request.url()).origin
      if (to !== url && to !== world.github.url && !to.startsWith('null')) foreign.push(request.url())
    })

    // The first work makes the repository known to Tutti.
    const first = await world.queued('Write a <b>greeting</b>', 'write src/greeting.txt: hello')
    await world.untilStatus(first, /\S/)
    await page.goto(url)
    await page.getByRole('link', { name: 'Sign in with GitHub' }).click()
    await page.getByRole('link', { name: 'Continue as maintainer' }).click()
    await page.getByRole('heading', { name: 'Board' }).waitFor()
    await page.getByText('Write a <b>greeting</b>').first().waitFor()

    await page.getByText('Live', { exact: true }).waitFor()
    const second = await world.queued('Translate the greeting', 'wait-for never', 'write src/hallo.txt: hallo')
    const atWork = page.getByRole('region', { name: 'At work' })
    await atWork.getByText('Translate the greeting').waitFor()
    await picture(page, 'board-light')

    await atWork.getByText('Translate the greeting').click()
    page.on('dialog', (dialog) => void dialog.accept())
    await page.getByRole('button', { name: 'Stop the agent' }).click()
    await page.locator('.flash').waitFor()
    await page.locator('.head .pill').getByText('Paused').waitFor()
    await world.untilStatus(second, /Paused|Stopped/)

    const paths = ['/', `/items/acme/app/${second.number}`, `/items/acme/app/${first.number}`, '/graph', '/runs/1']
    for (const path of [...paths, '/crew', '/spend', '/merge-queue', '/audit', '/settings']) {
      await page.goto(`${url}${path}`)
      await page.getByText('Live', { exact: true }).waitFor()
      expect(await seriousFindings(page), path).toEqual([])
    }
    expect(complaints).toEqual([])
    expect(foreign).toEqual([])

    const looks: Record<string, BrowserContextOptions> = {
      dark: { colorScheme: 'dark', viewport: { width: 1_440, height: 900 } },
      phone: { viewport: { width: 360, height: 740 } },
    }
    for (const [look, options] of Object.entries(looks)) {
      const other = await browser.newContext({ ...options, storageState: await context.storageState() })
      const small = await other.newPage()
      for (const path of paths) {
        await small.goto(`${url}${path}`)
        await small.getByText('Live', { exact: true }).waitFor()
        const wider = await small.evaluate('document.documentElement.scrollWidth - innerWidth')
        expect(wider, `${path} is wider than the window`).toBeLessThanOrEqual(0)
        if (look === 'dark') expect(await seriousFindings(small), `${path} in the dark`).toEqual([])
        await picture(small, `${path.replaceAll('/', '-').slice(1) || 'board'}-${look}`)
      }
      await other.close()
    }

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('link', { name: 'Sign in with GitHub' }).waitFor()
    await page.goto(`${url}/audit`)
    await page.getByRole('link', { name: 'Sign in with GitHub' }).waitFor()
  },
  400_000,
)
