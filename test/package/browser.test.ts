// The core in a real browser: Debian's Chromium, or any other that is installed. It must bundle without Node, be small,
// and run a workflow with a retry and a resource there.
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { inBrowser } from '../browser.ts'
import { ROOT } from './packed.ts'

/** Bytes of the core, gzipped, that a page loads at most beside xstate. */
const CORE_BYTES_MAX = 82_000

const bundle = (contents: string, external: string[]) =>
  build({
    stdin: { contents, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    minify: true,
    metafile: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    alias: { sagachart: join(ROOT, 'src/index.ts') },
    external,
  })

describe('the core', () => {
  it('is small, and has nothing of Node, YAML or the command line in it', async () => {
    const { metafile, outputFiles } = await bundle(`export * from 'sagachart'`, ['xstate'])
    expect(gzipSync(outputFiles[0]!.contents).length).toBeLessThan(CORE_BYTES_MAX)
    const packages = new Set(
      Object.keys(metafile.inputs).flatMap(
        (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
      ),
    )
    expect([...packages]).toEqual(['immer'])
  })

  inBrowser('runs in a browser', async (open) => {
    const { outputFiles } = await bundle(
      `import { run, setup } from 'sagachart'
let failures = 0
const m = {
  flaky: () => { if (failures++ < 1) throw new Error('not yet'); return 20 },
  add: ({ a, b }: { a: number, b: number }) => a + b,
}
const flow = setup({ modules: { m }, resources: { one: { units: 1 } } }).createWorkflow({
  id: 'page',
  parallel: true,
  steps: {
    first: { invoke: 'm.flaky', retry: { count: 1, initial: '1ms' }, resources: ['one'] },
    second: { invoke: 'm.add', parameters: { a: 1, b: 1 }, resources: ['one'] },
    sum: {
      invoke: 'm.add',
      dependsOn: ['first', 'second'],
      parameters: ({ steps }) => ({ a: steps.first.output, b: steps.second.output }),
    },
  },
  outputs: { sum: ({ steps }) => steps.sum.output },
})
globalThis.report = run(flow).then(({ status, outputs, leasesOpen, step }) => ({ status, outputs, leasesOpen }))`,
      [],
    )
    const page = await open.newPage()
    const faults: string[] = []
    page.on('pageerror', (error) => faults.push(error.message))
    await page.addScriptTag({ type: 'module', content: outputFiles[0]!.text })
    await page.waitForFunction('globalThis.report !== undefined')
    expect(await page.evaluate('globalThis.report')).toEqual({
      status: 'completed',
      outputs: { sum: 22 },
      leasesOpen: 0,
    })
    expect(faults).toEqual([])
  })
})
