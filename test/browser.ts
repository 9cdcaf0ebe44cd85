// A real browser for tests: Debian's Chromium, or any other that is installed. Where there is none, such tests are skipped and say so.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'
import { it } from 'vitest'

/** A browser in the PATH, or the one that CHROMIUM names. */
function findBrowser(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const places = [
    process.env['CHROMIUM'],
    ...folders.flatMap((folder) => names.map((name) => join(folder, name))),
  ]
  return places.find((place) => {
    try {
      accessSync(place ?? '', constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** A test that opens pages. */
export function inBrowser(name: string, body: (browser: Browser) => Promise<void>): void {
  const executablePath = findBrowser()
  const reason = 'no Chromium is installed: apt-get install chromium, or set CHROMIUM to another'
  it.skipIf(executablePath === undefined)(
    `${name}${executablePath === undefined ? ` (skipped: ${reason})` : ''}`,
    async () => {
      const browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] })
      try {
        await body(browser)
      } finally {
        await browser.close()
      }
    },
    60_000,
  )
}
