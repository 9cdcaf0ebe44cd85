// examples/react in a real browser, in strict mode: served as its main.tsx says, looked at as a visitor would.
import { join } from 'node:path'
import { context, type BuildContext } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { inBrowser } from '../browser.ts'

const folder = join(import.meta.dirname, '../../examples/react')
let build: BuildContext
let address = ''

beforeAll(async () => {
  const options = { bundle: true, format: 'esm', outdir: folder, write: false, logLevel: 'silent' } as const
  build = await context({ entryPoints: [join(folder, 'main.tsx')], ...options })
  const { port } = await build.serve({ servedir: folder, host: '127.0.0.1', port: 0 })
  address = `http://127.0.0.1:${port}/?pace=`
})
afterAll(() => build.dispose())

/** Keeps each status that a step is shown with, for a test may look too late. */
const WATCH = `globalThis.shown = []
new MutationObserver((changes) => {
  for (const { target } of changes) shown.push(target.dataset.step + ' ' + target.dataset.status)
}).observe(document, { subtree: true, attributeFilter: ['data-status'] })`

/** A page, and whatever it complains of. */
async function open(browser: Browser, paceMs: number) {
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  await page.addInitScript(WATCH)
  await page.goto(address + paceMs)
  return { page, complaints }
}

const order = (page: Page, title: string) => page.getByRole('button', { name: title }).click()

const linesOf = (page: Page, section: string) =>
  page.getByRole('region', { name: section }).getByRole('listitem').allInnerTexts()

/** The steps with their statuses, how the order ended, and what the shop did. */
async function endOf(page: Page) {
  const end = await page.getByRole('status').innerText()
  const steps = (await linesOf(page, 'order')).map((line) => line.split(/\s*\n\s*/))
  return { end, steps: Object.fromEntries(steps) as unknown, shop: await linesOf(page, 'ledger') }
}

describe('examples/react', () => {
  inBrowser('shows an order step by step, and does each once though it is mounted twice', async (browser) => {
    const { page, complaints } = await open(browser, 150)
    await order(page, 'A kettle to Oslo')
    expect(await endOf(page)).toEqual({
      end: 'The order is on its way.',
      steps: { 'Reserve the goods': 'done', 'Pay for them': 'done', 'Ship them': 'done' },
      shop: ['reserved a kettle', 'paid 30 €', 'shipped it from shelf B7 to Oslo'],
    })
    expect(await page.evaluate('shown')).toEqual([
      ...['reserve running', 'reserve done', 'pay running', 'pay retrying', 'pay done'],
      ...['ship running', 'ship done'],
    ])
    expect(complaints).toEqual([])
  })

  inBrowser('shows how an order that fails is undone', async (browser) => {
    const { page, complaints } = await open(browser, 20)
    await order(page, 'A teapot to nowhere')
    expect(await endOf(page)).toEqual({
      end: 'The order failed, and nothing of it is left.',
      steps: { 'Reserve the goods': 'undone', 'Pay for them': 'undone', 'Ship them': 'failed' },
      shop: ['reserved a teapot', 'paid 25 €', 'refunded 25 €', 'put it back on shelf B7'],
    })
    expect(await page.locator('.why').innerText()).toContain('no courier goes there')
    expect(complaints).toEqual([])
  })

  inBrowser('cancels an order in its middle, and undoes what was done', async (browser) => {
    const { page, complaints } = await open(browser, 1_000)
    await order(page, 'A kettle to Oslo')
    await page.locator('[data-step=pay][data-status=running]').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    const { end, steps, shop } = await endOf(page)
    expect({ end, steps, shop }).toEqual({
      end: 'The order was cancelled.',
      steps: { 'Reserve the goods': 'undone', 'Pay for them': 'cancelled', 'Ship them': 'cancelled' },
      shop: ['reserved a kettle', 'put it back on shelf B7'],
    })
    expect(complaints).toEqual([])
  })

  inBrowser('leaves an order for the next one', async (browser) => {
    const { page, complaints } = await open(browser, 300)
    await page.getByRole('navigation').waitFor()
    // Within two frames the first order has begun, and has reserved nothing yet.
    await page.evaluate(`(async () => {
      const [kettle, teapot] = document.querySelectorAll('nav button')
      teapot.click()
      for (const _ of [1, 2]) await new Promise(requestAnimationFrame)
      kettle.click()
    })()`)
    expect(await endOf(page)).toMatchObject({
      end: 'The order is on its way.',
      shop: ['reserved a kettle', 'paid 30 €', 'shipped it from shelf B7 to Oslo'],
    })
    expect(complaints).toEqual([])
  })
})
