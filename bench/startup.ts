// What the command takes before it does anything: the clock from the start of the process to its end, again and again, with
// Node alone beside it.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, table } from './table.ts'

const TIMES = 21

/** Milliseconds that are promised. */
const BOUNDS = { version: 150, run: 400, supervised: 40 } as const

/** Medians, in milliseconds, and every measurement. */
export interface StartupRow {
  readonly what: string
  readonly ms: number
  readonly bound: number | null
  readonly all: readonly number[]
}

const DOCUMENT = `integration:
  modules: [m]
  scenarios:
    - name: s
      steps:
        - { name: a, module: m, operation: op }
        - { name: b, module: m, operation: op, depends_on: [a], parameters: { a: a_output } }
`

/** Starts the built command, and Node beside it, by turns. */
export function measureStartup(): StartupRow[] {
  const folder = mkdtempSync(join(tmpdir(), 'startup-'))
  try {
    writeFileSync(join(folder, 'flow.yaml'), DOCUMENT)
    mkdirSync(join(folder, 'modules'))
    writeFileSync(join(folder, 'modules', 'm.js'), 'export default { op: () => 1 }\n')
    const command = join(import.meta.dirname, '..', 'dist', 'src', 'cli', 'bin.js')
    const kinds = [
      { what: 'node alone', args: ['-e', '0'], bound: null },
      { what: 'sagachart --version', args: [command, '--version'], bound: BOUNDS.version },
      { what: 'run of two steps', args: [command, 'run', 'flow.yaml'], bound: BOUNDS.run },
      // A process that may be debugged is not supervised.
      { what: 'the same in one process', args: ['--debug-port=0', command, 'run', 'flow.yaml'], bound: null },
    ]
    const times = kinds.map(() => [] as number[])
    for (let round = 0; round < TIMES; round++) {
      kinds.forEach(({ args }, kind) => {
        const started = performance.now()
        const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
        times[kind]!.push(performance.now() - started)
        if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`)
      })
    }
    const rows = kinds.map(({ what, bound }, kind) => rowOf(what, bound, times[kind]!))
    const [, , run, alone] = times
    const added = run!.map((ms, round) => ms - alone![round]!)
    return [...rows, rowOf('what the second process adds', BOUNDS.supervised, added)]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const rowOf = (what: string, bound: number | null, all: readonly number[]): StartupRow => ({
  what,
  bound,
  ms: median(all),
  all,
})

/** Milliseconds from start to end. */
export function startupTable(rows: readonly StartupRow[]): string {
  const cells = rows.map(({ what, ms, bound }) => [
    what,
    ms.toFixed(0),
    bound === null ? '' : `${ms <= bound ? 'met' : 'MISSED'} (≤ ${bound})`,
  ])
  return table(['start to end', 'ms', 'target'], cells, '')
}
