// What the builder's types cost the compiler: `node bench/compiler.ts` compiles workflows of 1 and of 200 steps, in which
// steps read what others gave, against the built package as a user does, and prints the compiler's own times.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { graphOf } from './graphs.ts'
import { median, table } from './table.ts'

const STEPS = 200
const ROUNDS = 5

/** Seconds that the whole compilation of a workflow of 200 steps may take. */
const BOUND_S = 2

const root = join(import.meta.dirname, '..')

/** A workflow of twenty modules with five operations each; every step reads the output of each it depends on. */
function sourceOf(shape: 'chain' | 'layered', size: number): string {
  const steps = graphOf(shape, size).dependencies.map((needs, step) => {
    const from = needs.map((need) => `steps.s${need}.output.text`).join(', ')
    const parameters =
      needs.length > 0 ? `({ steps }) => ({ from: [${from}], at: ${step} })` : `{ from: [], at: 0 }`
    const dependsOn = needs.map((need) => `'s${need}'`).join(', ')
    return `    s${step}: { invoke: 'm${step % 20}.op${step % 5}', dependsOn: [${dependsOn}], parameters: ${parameters}, timeout: '5s' },`
  })
  const modules = Array.from({ length: 20 }, (_, at) => `m${at}: m`).join(', ')
  return `import { setup } from 'sagachart'
const op = (_: { from: string[]; at: number }) => ({ text: '', count: 1 })
const m = { op0: op, op1: op, op2: op, op3: op, op4: op }
export const flow = setup({ modules: { ${modules} } }).createWorkflow({
  id: 'flow',
  steps: {
${steps.join('\n')}
  },
})
`
}

/** Seconds of the whole compilation, as the compiler gives them. Rejects where it finds an error. */
async function compile(folder: string, file: string): Promise<number> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const options = ['--strict', '--noEmit', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2024']
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, ...options, '--diagnostics', file], {
    cwd: folder,
  })
  return Number(/Total time:\s+([\d.]+)s/.exec(stdout)![1])
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sagachart-types-'))
  try {
    await mkdir(join(folder, 'node_modules'))
    await symlink(root, join(folder, 'node_modules/sagachart'))
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    const rows: string[][] = []
    for (const shape of ['chain', 'layered'] as const) {
      for (const size of [1, STEPS]) {
        const file = `${shape}${size}.ts`
        await writeFile(join(folder, file), sourceOf(shape, size))
        const times: number[] = []
        for (let round = 0; round < ROUNDS; round++) times.push(await compile(folder, file))
        const verdict = median(times) <= BOUND_S ? 'met' : 'MISSED'
        rows.push([shape, String(size), median(times).toFixed(2), `${verdict} (≤ ${BOUND_S})`])
      }
    }
    console.log(table(['types of a', 'steps', 'seconds', 'target'], rows, ''))
  } finally {
    await rm(folder, { recursive: true })
  }
}

await main()
