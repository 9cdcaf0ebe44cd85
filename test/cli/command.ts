// Runs the command as a user does: the built bin in a process of its own, in a folder of its own. `npm test` builds.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { once } from 'node:events'
import { afterAll } from 'vitest'

export const BIN = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'bin.js')

/** Whether `script` can lend a real terminal; Node has none of its own. */
export const hasScript = /util-linux/.test(
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '',
)

/** Why tests on a real terminal are skipped; empty where they are not. */
export const scriptReason = hasScript ? '' : ' (skipped: there is no `script` of util-linux here)'

const PID = /pid (\d+)\./

const folders: string[] = []

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A folder with these files, outside of the project, until the test file ends. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'cli-'))
  folders.push(folder)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

/** An environment that neither forces nor forbids colours. */
function environment(): NodeJS.ProcessEnv {
  const env = { ...process.env }
  for (const name of ['FORCE_COLOR', 'NO_COLOR', 'DEBUG']) delete env[name]
  return env
}

/** Runs the command to its end. */
export function sagachart(folder: string, args: readonly string[], nodeArgs: readonly string[] = []) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...nodeArgs, BIN, ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 30_000,
    maxBuffer: 64 * 1024 * 1024,
    env: environment(),
  })
  return { status, stdout, stderr }
}

/** Starts the command, and lets the test hear it and signal it. */
export function started(folder: string, args: readonly string[], nodeArgs: readonly string[] = []) {
  const child = spawn(process.execPath, [...nodeArgs, BIN, ...args], { cwd: folder, env: environment() })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const closed = once(child, 'close')
  return {
    child,
    /** Resolves once this was said on stderr. */
    async said(what: string | RegExp): Promise<void> {
      while (stderr.search(what) < 0) {
        const ended = await Promise.race([once(child.stderr, 'data'), closed.then(() => null)])
        if (ended === null && stderr.search(what) < 0) throw new Error(`ended without "${what}": ${stderr}`)
      }
    },
    /** The process that executes operations, once one of them has told it on stderr: `pid N.` */
    async pid(): Promise<number> {
      await this.said(PID)
      return Number(PID.exec(stderr)?.[1])
    },
    async end() {
      const [status, signal] = (await closed) as [number | null, NodeJS.Signals | null]
      return { status, signal, stdout, stderr }
    },
  }
}

/** A document of one scenario, `s`, on the module `m`. */
export function flow(steps: readonly object[], scenario: object = {}, integration: object = {}): string {
  const scenarios = [{ name: 's', parallel_execution: true, ...scenario, steps }]
  return JSON.stringify({ integration: { workflow_id: 'flow', modules: ['m'], ...integration, scenarios } })
}

/** A step on the module `m`. */
export const step = (name: string, operation: string, more: object = {}) => ({
  name,
  module: 'm',
  operation,
  ...more,
})
