// What the builder's types cost and what they say, asked of the compiler itself. What must not compile is in
// builder.test-d.ts; how long it takes is measured in bench/.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
let folder = ''
/** What the compiler says of each case of `WRONG`, by its place. */
const errors = new Map<number, string[]>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sagachart-types-'))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  // One case a line: the compiler is started once for all of them.
  const printed = await compile('wrong', head + WRONG.map(([, expression]) => `${expression}\n`).join(''))
  const first = head.split('\n').length
  for (const error of printed.replaceAll('\\"', '"').split(/^(?=wrong\.ts)/m)) {
    const at = Number(/^wrong\.ts\((\d+),/.exec(error)?.[1]) - first
    errors.set(at, [...(errors.get(at) ?? []), error])
  }
}, 300_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Compiles a source as strictly as the tests themselves, and gives what the compiler printed. */
async function compile(name: string, source: string, ...options: string[]): Promise<string> {
  await writeFile(join(folder, `${name}.ts`), source)
  const compilerOptions = { typeRoots: [join(root, 'node_modules/@types')] }
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: [`${name}.ts`] }
  await writeFile(join(folder, `${name}.json`), JSON.stringify(config))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const run = promisify(execFile)(process.execPath, [tsc, '-p', `${name}.json`, ...options], { cwd: folder })
  return run.then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { stdout: string }).stdout,
  )
}

const head = `import { defineModule, run, setup } from 'sagachart'
const people = {
  living: ({ city }: { city: string }) => [city],
  count: () => 1,
  health: () => true,
  map: () => new Map([[1, 2]]),
}
const at = setup({ modules: { people } })
void [defineModule, run]
`

/** Steps that do not compile, and what the compiler says of them. */
const STEPS: readonly (readonly [what: string, steps: string, message: string])[] = [
  ['a misspelt operation', `{ a: { invoke: 'people.cuont' } }`, `Did you mean '"people.count"'?`],
  [
    'a misspelt dependency',
    `{ first: { invoke: 'people.count' }, b: { invoke: 'people.count', dependsOn: ['frist'] } }`,
    `Did you mean '"first"'?`,
  ],
  [
    'a missing parameter',
    `{ a: { invoke: 'people.living' } }`,
    `Property 'parameters' is missing in type '{ invoke: "people.living"; }'`,
  ],
  [
    'an output that cannot be there yet',
    `{ a: { invoke: 'people.count' }, b: { invoke: 'people.count', when: ({ steps }) => steps.a.output > 0 } }`,
    `Property 'a' does not exist on type '{}'`,
  ],
  [
    'a misspelt nested operation',
    `{ a: { parallel: { b: { invoke: 'people.cuont' } } } }`,
    `Did you mean '"people.count"'?`,
  ],
  [
    'a misspelt nested dependency',
    `{ a: { parallel: { first: { invoke: 'people.count' }, b: { invoke: 'people.count', dependsOn: ['frist'] } } } }`,
    `Did you mean '"first"'?`,
  ],
  [
    'a missing parameter of a nested step',
    `{ a: { forEach: [1], steps: { b: { invoke: 'people.living' } } } }`,
    `Property 'parameters' is missing in type '{ invoke: "people.living"; }'`,
  ],
  [
    'a nested output that cannot be there yet',
    `{ a: { invoke: 'people.count' }, b: { parallel: { c: { invoke: 'people.count', when: ({ steps }) => steps.a.output > 0 } } } }`,
    `Property 'a' does not exist on type '{}'`,
  ],
  [
    'a misspelt kind of step',
    `{ a: { paralel: { b: { invoke: 'people.count' } } } }`,
    `Did you mean to write 'parallel'?`,
  ],
  [
    'a misspelt key of a control step',
    `{ a: { parallel: { b: { invoke: 'people.count' } }, waitfor: 'any' } }`,
    `Did you mean to write 'waitFor'?`,
  ],
  [
    'items whose type a literal cannot tell',
    `{ a: { forEach: ({ inputs }) => Object.keys(inputs), steps: { b: { invoke: 'people.living', parameters: ({ item }) => ({ city: item.trim() }) } } } }`,
    `'item' is of type 'unknown'`,
  ],
  [
    'a hook of a module',
    `{ a: { invoke: 'people.health' } }`,
    `"health" of module "people" is a hook of its life cycle, no operation: rename it`,
  ],
  [
    'an output that has no JSON form',
    `{ a: { invoke: 'people.map' } }`,
    `"people.map" gives what has no JSON form`,
  ],
]

const asHook = (name: string) =>
  `"${name}" is called as a hook, with { name, config, signal }, and takes something else: rename it, or list it in "operations" of defineModule`

const noJson = (name: string) =>
  `"${name}" gives what has no JSON form (a Map, a bigint, a function, an object with methods): return plain data`

/** What does not compile, and what the compiler says of it. */
const WRONG: typeof STEPS = [
  ...STEPS.map(
    ([what, steps, message]) => [what, `at.createWorkflow({ id: 'w', steps: ${steps} })`, message] as const,
  ),
  [
    'an operation that would be called as a hook',
    'defineModule({ init: ({ city }: { city: string }) => city, count: () => 1 })',
    asHook('init'),
  ],
  [
    'a hook that cannot be one',
    'defineModule({ cleanup: (db: string) => db, operations: { count: () => 1 } })',
    asHook('cleanup'),
  ],
  [
    'a hook that cannot be one, of an object',
    'setup({ modules: { m: { health: (x: string) => x, count: () => 1 } } })',
    asHook('health'),
  ],
  ['an output of a module that has no JSON form', 'defineModule({ count: () => 1n })', noJson('count')],
  [
    'an output deep inside that has none',
    'defineModule({ init: () => {}, operations: { count: () => ({ a: [new Set([1])] }) } })',
    noJson('count'),
  ],
]

/** A workflow in which every step reads what the step before gave. */
const chain = (size: number) => {
  const steps = Array.from({ length: size }, (_, index) =>
    index === 0
      ? `s0: { invoke: 'people.living', parameters: { city: 'Oslo' } },`
      : `s${index}: { invoke: 'people.living', dependsOn: ['s${index - 1}'], parameters: ({ steps }) => ({ city: steps.s${index - 1}.output.join() }) },`,
  )
  return `${head}export const workflow = at.createWorkflow({ id: 'w', steps: {\n${steps.join('\n')}\n} })\n`
}

/** A workflow of parallel steps, in each of which a step reads what its sibling and what the step before gave. */
const nested = (size: number) => {
  const steps = Array.from({ length: size }, (_, index) => {
    const before = index === 0 ? [] : [`s${index - 1}`]
    const read = [...before.map((name) => `(steps.${name}.output.b ?? 0)`), 'steps.a.output'].join(' + ')
    return `s${index}: { dependsOn: ${JSON.stringify(before)}, parallel: {
  a: { invoke: 'people.count' },
  b: { invoke: 'people.count', dependsOn: ['a'], when: ({ steps }) => ${read} > 0 },
} },`
  })
  return `${head}export const workflow = at.createWorkflow({ id: 'w', steps: {\n${steps.join('\n')}\n} })\n`
}

describe('the types of the builder', () => {
  it('grow with the steps, not with all pairs of them', async () => {
    const instantiations = async (size: number) => {
      const printed = await compile(`chain${size}`, chain(size), '--extendedDiagnostics')
      expect(printed).not.toContain('error')
      return Number(/Instantiations:\s+(\d+)/.exec(printed)?.[1])
    }
    const [few, some, many] = [await instantiations(1), await instantiations(50), await instantiations(100)]
    expect(some).toBeGreaterThan(few)
    // In a chain a step sees all that come before it, which cannot be had for less.
    expect((many - few) / (some - few)).toBeLessThan(3)
  }, 300_000)

  it('grow with nested steps as with others', async () => {
    const instantiations = async (size: number) => {
      const printed = await compile(`nested${size}`, nested(size), '--extendedDiagnostics')
      expect(printed).not.toContain('error')
      return Number(/Instantiations:\s+(\d+)/.exec(printed)?.[1])
    }
    const [few, some, many] = [await instantiations(1), await instantiations(30), await instantiations(60)]
    expect((many - few) / (some - few)).toBeLessThan(3)
  }, 300_000)

  it('read as what a value has', async () => {
    const source = `${head}
const flow = at.createWorkflow({
  id: 'w',
  inputs: { city: { type: 'string' } },
  steps: { find: { invoke: 'people.living', parameters: ({ inputs }) => inputs } },
  outputs: { found: ({ steps }) => steps.find.output },
})
export const report = await run(flow, { inputs: { city: 'Oslo' } })
export default flow
`
    const emit = [
      '--noEmit',
      'false',
      '--declaration',
      '--emitDeclarationOnly',
      '--rootDir',
      '/',
      '--outDir',
      'out',
    ]
    await compile('shown', source, ...emit)
    const declared = (await readFile(join(folder, 'out', folder, 'shown.d.ts'), 'utf8')).replace(/\s+/g, ' ')
    expect(declared).toContain(
      'RunReport<{ readonly found: readonly string[]; }, { readonly find: readonly string[]; }>;',
    )
    expect(declared).toContain(
      'WorkflowLogic<{ readonly found: readonly string[]; }, { readonly city: string; }, { readonly find: readonly string[]; }, "report", never>;',
    )
  })

  it.each(WRONG.map(([what, , message], at) => [what, message, at] as const))(
    'say what is wrong with %s',
    (_, message, at) => expect(errors.get(at)?.join('\n')).toContain(message),
  )
})
