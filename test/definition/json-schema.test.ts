// The JSON Schema of documents, held against what really judges them: an editor says what `validate` says of keys and
// kinds of values, and the defaults that it shows are those that hold.
// oxlint-disable unicorn/no-thenable -- the document's own word; nothing here is ever awaited
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { Problems } from '../../src/definition/diagnostic.ts'
import { documentSchema, type JsonSchema } from '../../src/definition/json-schema.ts'
import { validate } from '../../src/definition/validate.ts'
import { accepted } from './documents.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const schema = documentSchema()
const fits = new Ajv2020({ allowUnionTypes: true }).compile(schema)
const defs = schema.$defs as Readonly<Record<string, JsonSchema>>

const isAccepted = (value: unknown): boolean => {
  const problems = new Problems()
  validate(value, problems)
  return !problems.hasErrors
}

/** Something of everything. */
const rich = {
  integration: {
    ...{
      workflow_id: 'w',
      description: 'd',
      fail_fast: true,
      enable_events: false,
      max_execution_time: '5m',
    },
    ...{
      retry_failed_steps: true,
      max_retries: 2,
      modules: ['m', { name: 'n', type: 'local', path: './n.ts' }],
    },
    ...{
      inputs: { city: { type: 'string', default: 'Oslo' } },
      env: ['HOME'],
      error_scenarios: ['a=fatal', { name: 'x', faults: ['a=hang'] }],
    },
    scenarios: [
      {
        ...{ name: 's', timeout: 1.5, parallel_execution: true, max_concurrency: 3, outputs: { x: 1 } },
        steps: [
          {
            ...{
              name: 'a',
              module: 'm',
              operation: 'o',
              parameters: { x: [1, { y: null }] },
              depends_on: ['b'],
            },
            ...{ run_if: 'all_done', when: 'true', timeout: '250ms', retry_count: 0, priority: -1 },
            retry: {
              backoff: 'linear',
              initial: 1,
              factor: 1,
              max: '1m',
              jitter: 'none',
              non_retryable: ['E'],
            },
            ...{ fallback: { operation: 'p' }, on_failure: ['fallback', 'skip'] },
            resources: ['r', { name: 'q', units: 2, mode: 'read' }],
          },
          {
            ...{ name: 'b', type: 'parallel', wait_for: 2, max_concurrency: 2, output: 1 },
            steps: [{ name: 'c', module: 'm', operation: 'o', fallback: { value: null }, heartbeat: 1 }],
          },
          {
            ...{ name: 'd', type: 'iterative', for_each: [1], tolerate: '10%', max_iterations: 3 },
            steps: [
              {
                name: 'e',
                type: 'wait',
                event: 'x',
                filter: 'true',
                timeout: 1,
                on_timeout: 'skip',
                shared: true,
              },
            ],
          },
          {
            ...{ name: 'f', type: 'conditional', cases: [{ when: 'x', steps: [] }], default: [] },
            compensate: { module: 'm', operation: 'o', on: 'attempt', timeout: 1, retry_count: 2 },
          },
          {
            name: 'g',
            type: 'conditional',
            condition: true,
            then: [],
            else: [{ name: 'h', type: 'wait', for: 1 }],
          },
          {
            name: 'i',
            type: 'scenario',
            scenario: 's',
            inputs: { city: 'x' },
            on_cancel: 'await',
            timeout: 2,
          },
        ],
      },
    ],
  },
  m: { version: '1', path: './m.ts', config: { x: 1 } },
  output: { format: 'json', file: 'out.json', compress: false },
  resources: { max_concurrent_workflows: 1, resource_timeout: '1s', pools: { r: { units: 1 }, q: {} } },
  events: { event_retention_hours: 0.5, handlers: { step_failed: ['log', { module: 'm', operation: 'o' }] } },
  monitoring: { alert_thresholds: { error_rate_threshold: 0.5 } },
  performance: { parallel_execution: true },
}

type Way = readonly (string | number)[]
const waysIn = (value: unknown, way: Way = []): Way[] => {
  if (typeof value !== 'object' || value === null) return [way]
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return [way, ...entries.flatMap(([key, inner]) => waysIn(inner, [...way, key]))]
}
const changed = (value: unknown, [key, ...way]: Way, change: (old: unknown) => unknown): unknown => {
  if (key === undefined) return change(value)
  const copy = structuredClone(value) as Record<string | number, unknown>
  copy[key] = changed(copy[key], way, change)
  // A key without a value is one that is not there.
  if (copy[key] === undefined && !Array.isArray(copy)) delete copy[key]
  return copy
}

const VALUES = [
  null,
  true,
  0,
  1,
  -1,
  1.5,
  'x',
  '5s',
  '5 parsecs',
  'fail',
  [],
  ['x'],
  [1],
  {},
  { name: 'x' },
  { nope: 1 },
]

describe('the JSON Schema', () => {
  it.each(globSync('examples/**/*.yaml', { cwd: ROOT }))('takes %s', (file) => {
    expect(fits(parse(readFileSync(join(ROOT, file), 'utf8')))).toBe(true)
  })

  it('takes a document with something of everything', () => {
    expect([fits(rich), fits.errors]).toEqual([true, null])
    expect(isAccepted(rich)).toBe(true)
  })

  it('judges keys and kinds of values as validate does', () => {
    // Whether the block `m` has its module is not for a schema to say.
    const ways = waysIn(rich).filter((way) => way.length > 0 && !(way[1] === 'modules' && !way[2]))
    let refused = 0
    fc.assert(
      fc.property(
        fc.constantFrom(...ways),
        fc.constantFrom(undefined, ...VALUES),
        fc.boolean(),
        (way, value, adds) => {
          const document = changed(rich, way, (old) =>
            adds && typeof old === 'object' && old !== null && !Array.isArray(old)
              ? { ...old, nope: value ?? 1 }
              : value,
          )
          const verdict = isAccepted(document)
          if (!verdict) refused++
          expect([fits(document), document]).toEqual([verdict, document])
        },
      ),
      { numRuns: 3000 },
    )
    expect(refused).toBeGreaterThan(500)
  })

  it.each([
    ['an unknown key', ['integration', 'workflow_idd'], 'x'],
    ['an unknown key of a step', ['integration', 'scenarios', 0, 'steps', 0, 'retries'], 1],
    ['a wrong kind', ['integration', 'scenarios', 0, 'steps'], 'a'],
    ['a time without a unit', ['integration', 'max_execution_time'], '5'],
    ['a time of nothing', ['integration', 'max_execution_time'], 0],
    ['a wrong word', ['integration', 'scenarios', 0, 'steps', 0, 'run_if'], 'always'],
    ['too few units', ['resources', 'pools', 'r', 'units'], 0],
    ['a name of no length', ['integration', 'workflow_id'], ''],
    ['no integration', ['integration'], undefined],
    ['a step without a module', ['integration', 'scenarios', 0, 'steps', 0, 'module'], undefined],
    ['a parallel step without steps', ['integration', 'scenarios', 0, 'steps', 1, 'steps'], undefined],
    ['an unknown type', ['integration', 'scenarios', 0, 'steps', 1, 'type'], 'paralel'],
    ['a key of another type', ['integration', 'scenarios', 0, 'steps', 1, 'for_each'], [1]],
    ['a share beyond all', ['integration', 'scenarios', 0, 'steps', 2, 'tolerate'], '101%'],
  ])('refuses %s', (_, way, value) => {
    expect(fits(changed(rich, way, () => value))).toBe(false)
  })

  it('says of every key of a section what it is for', () => {
    const silent = Object.entries(defs).flatMap(([name, { properties = {} }]) =>
      Object.entries(properties).flatMap(([key, of]) =>
        (of as JsonSchema).description ? [] : [`${name}.${key}`],
      ),
    )
    expect(silent).toEqual([])
    expect(Object.keys(defs).filter((name) => name.startsWith('__'))).toEqual([])
  })

  it('marks what is not built yet', () => {
    const about = (def: string, key: string) => (defs[def]!.properties![key] as JsonSchema).description
    expect(about('step', 'cache')).toMatch(/ \(not built yet\)$/)
    expect(about('handler', 'filter')).toMatch(/ \(not built yet\)$/)
    expect(about('iterative-step', 'for_each')).not.toContain('yet')
    expect(about('monitoring', 'enabled')).toMatch(/ \(no effect yet\)$/)
    expect(about('pool', 'url')).toMatch(/ \(not built yet\)$/)
    expect(about('step', 'timeout')).not.toContain('yet')
  })

  it('is the same at every call', () => {
    expect(documentSchema()).toEqual(schema)
  })
})

describe('the defaults of the JSON Schema', () => {
  const taken = new Set<string>()
  const defaultsOf = (name: string) => {
    taken.add(name)
    return Object.fromEntries(
      Object.entries(defs[name]!.properties!).flatMap(([key, of]) =>
        typeof of === 'object' && 'default' in of ? [[key, of.default]] : [],
      ),
    )
  }
  const document = (fill: (name: string) => object) =>
    JSON.stringify({
      integration: {
        ...fill('integration'),
        modules: [{ name: 'm', ...fill('module') }],
        inputs: { x: { default: 1, ...fill('input') } },
        scenarios: [
          {
            name: 's',
            ...fill('scenario'),
            steps: [
              {
                ...{ name: 'a', module: 'm', operation: 'o', ...fill('step'), retry: fill('retry') },
                resources: [{ name: 'p', ...fill('resource-of-a-step') }],
                compensate: { operation: 'o', ...fill('compensate') },
              },
              { name: 'b', type: 'parallel', steps: [], ...fill('parallel-step') },
              { name: 'c', type: 'conditional', condition: true, then: [], ...fill('conditional-step') },
              { name: 'd', type: 'iterative', for_each: [1], steps: [], ...fill('iterative-step') },
              { name: 'e', type: 'wait', event: 'x', timeout: 1, ...fill('wait-step') },
              { name: 'f', type: 'scenario', scenario: 't', ...fill('scenario-step') },
            ],
          },
          { name: 't', steps: [] },
        ],
      },
      error_handling: fill('error-handling'),
      resources: { ...fill('resources'), pools: { p: {} } },
      events: {
        ...fill('events'),
        handlers: { x: [{ module: 'm', operation: 'o', ...fill('handler') }] },
      },
      output: fill('output'),
      performance: fill('performance'),
    })

  it('are those that hold where a document says nothing', () => {
    const { definition } = accepted(document(() => ({})))
    expect(accepted(document(defaultsOf)).definition).toEqual(definition)
    const having = Object.keys(defs).filter((name) =>
      Object.values(defs[name]!.properties ?? {}).some((of) => typeof of === 'object' && 'default' in of),
    )
    expect(having.toSorted()).toEqual([...taken].toSorted())
  })
})
