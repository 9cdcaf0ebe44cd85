// A document for React in Node; imported before react-dom, which looks for one once. Nothing else of a browser is put in the
// place of what Node has: operations get Node's own signals and timers.
import { Window } from 'happy-dom'
import { StrictMode, createElement, type ReactNode } from 'react'
import { onTestFinished } from 'vitest'

const window = new Window()
Object.assign(globalThis, { window, document: window.document })

// What React warns of, it tells the console.
const { createRoot } = await import('react-dom/client')

/** A page in strict mode, which is unmounted at the end of the test. */
export interface Page {
  readonly text: string
  show(content: ReactNode): void
  /** Waits until the page shows a text. */
  shows(text: string): Promise<void>
  unmount(): void
  /** What React warned of, and errors that it caught. */
  readonly warnings: readonly unknown[]
}

/** Mounts something in strict mode. */
export function mount(content: ReactNode): Page {
  const warnings: unknown[] = []
  const told = console.error
  console.error = (...line: unknown[]) => void warnings.push(line)
  const place = document.createElement('div')
  const root = createRoot(place, { onCaughtError: (error) => void warnings.push(error) })
  const page: Page = {
    get text() {
      return place.textContent
    },
    show: (next) => root.render(createElement(StrictMode, null, next)),
    async shows(text) {
      const ends = performance.now() + 5_000
      while (place.textContent !== text) {
        if (performance.now() > ends)
          throw new Error(`expected "${text}", the page shows "${place.textContent}"`)
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    },
    unmount: () => root.unmount(),
    warnings,
  }
  onTestFinished(() => {
    root.unmount()
    console.error = told
  })
  page.show(content)
  return page
}
