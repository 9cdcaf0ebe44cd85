// The record of a definition, and the differences between two of them: each thing that an author can change is seen, as part of
// the identity or as a setting, or is named here as one that cannot be.
import { describe, expect, it } from 'vitest'
import { differenceOf, type Difference } from '../../src/definition/changes.ts'
import { defineWorkflow, type AnyWorkflowConfig } from '../../src/definition/builder.ts'
import { recordOf, type DefinitionRecord } from '../../src/definition/identity.ts'
import type { IntegrationDefinition, Module, WorkflowDefinition } from '../../src/definition/model.ts'
import { accepted } from './documents.ts'

const module = (more: Partial<Module> = {}): Module => ({ name: 'm', operations: {}, config: {}, ...more })

const around = (more: object = {}) => ({
  modules: [module()],
  pools: [{ name: 'db', units: 2 }],
  leaseTimeoutMs: 1000,
  eventsEnabled: true,
  history: { sizeMax: 1, ageMsMax: 1 },
  subscriptions: [{ id: 's', pattern: 'step_*' }],
  ...more,
})

const throughJson = (record: DefinitionRecord) => JSON.parse(JSON.stringify(record)) as DefinitionRecord

const differ = (
  before: WorkflowDefinition | IntegrationDefinition,
  after: WorkflowDefinition | IntegrationDefinition,
): Difference => differenceOf(throughJson(recordOf(before, around())), recordOf(after, around()))

/** A step with everything that a step may say, and one of each kind of control step. */
const FULL = {
  id: 'w',
  parallel: true,
  timeout: 60,
  maxConcurrency: 4,
  version: '1',
  recovery: { strategies: ['skip'], maxGrantedRetries: 2, handlerTimeout: 9 },
  steps: {
    a: { invoke: 'm.a', parameters: { n: 1 }, version: '1' },
    b: {
      invoke: 'm.b',
      parameters: () => 1,
      dependsOn: ['a'],
      runIf: 'all_done',
      when: () => true,
      timeout: 5,
      heartbeat: 3,
      priority: 1,
      resources: [{ name: 'db', units: 2 }],
      retry: { count: 2, initial: 3, nonRetryable: ['E'] },
      onFailure: ['skip'],
      onCancel: 'await',
      fallback: { invoke: 'm.f', parameters: { x: 1 }, compensate: 'm.uf' },
      compensate: { invoke: 'm.u', on: 'attempt', timeout: 3, retry: { count: 1 }, parameters: () => 1 },
    },
    side: {
      parallel: { x: { invoke: 'm.x' }, y: { invoke: 'm.y' } },
      waitFor: 1,
      maxConcurrency: 2,
      output: () => 1,
    },
    pick: {
      cases: [{ when: () => true, steps: { x: { invoke: 'm.x' } } }],
      default: { x: { invoke: 'm.z' } },
    },
    each: {
      forEach: [1, 2],
      steps: { x: { invoke: 'm.x' } },
      tolerate: 1,
      maxIterations: 9,
      maxConcurrency: 2,
    },
    again: { until: () => true, steps: { x: { invoke: 'm.x' } } },
    pause: { wait: 5 },
    ask: { waitForEvent: 'go', filter: () => true, timeout: 9, onTimeout: 'skip', shared: true },
  },
  outputs: { sum: () => 1 },
}

type Change = (config: typeof FULL) => unknown
/** Where a change is to a step, its parts may be of any kind. */
const steps = (config: typeof FULL) => config.steps as Record<string, Record<string, unknown>>
const copy = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(copy)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copy(part)]))
}

function changed(change: Change): WorkflowDefinition {
  const config = copy(FULL) as typeof FULL
  change(config)
  return defineWorkflow(config as unknown as AnyWorkflowConfig)
}

const full = changed(() => {})

describe('the record of a definition', () => {
  it('is plain data, and the same for the same definition', () => {
    const record = recordOf(full, around())
    expect(throughJson(record)).toEqual(record)
    expect(
      recordOf(
        changed(() => {}),
        around(),
      ),
    ).toEqual(record)
    expect(differ(full, full)).toEqual({ identity: null, settings: null })
  })

  it('is small where a step says little', () => {
    const one = defineWorkflow({ id: 'w', steps: { a: { invoke: 'm.a' } } } as never)
    const [list] = recordOf(one, around()).lists
    expect(list!.steps).toEqual([{ name: 'a', identity: { operation: 'm.a' }, settings: {}, lists: [] }])
  })

  it('has a workflow once that several steps call, however often they do', () => {
    let called = defineWorkflow({ id: 'w0', steps: { a: { invoke: 'm.a' } } } as never)
    for (let level = 1; level <= 40; level++) {
      const inner = called
      const config = { id: `w${level}`, steps: { a: { scenario: () => {} }, b: { scenario: () => {} } } }
      called = defineWorkflow(config as never, () => inner)
    }
    expect(recordOf(called, around()).lists).toHaveLength(41)
    expect(differ(called, called)).toEqual({ identity: null, settings: null })
  })

  it('is linear in steps', () => {
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`s${at}`, { invoke: 'm.a' }]))
    const long = defineWorkflow({ id: 'w', steps: many } as never)
    const record = recordOf(long, around())
    expect(JSON.stringify(record).length).toBeLessThan(50_000 * 100)
    expect(recordOf(long, around()).lists).toBe(record.lists)
    expect(differ(long, long)).toEqual({ identity: null, settings: null })
  })

  it('holds no literal, for that may be a secret', () => {
    const secret = defineWorkflow({
      id: 'w',
      steps: { a: { invoke: 'm.a', parameters: { key: 'hush' } } },
    } as never)
    const record = recordOf(secret, around({ modules: [module({ config: { key: 'hush' } })] }))
    expect(JSON.stringify(record)).not.toContain('hush')
  })
})

describe('the identity of a definition', () => {
  it.each<[string, Change, string]>([
    ['the name', (w) => (w.id = 'v'), 'workflow "w": name: expected "w", found "v"'],
    ['its version', (w) => (w.version = '2'), 'workflow "w": version: expected "1", found "2"'],
    ['its mode', (w) => (w.parallel = false), 'workflow "w": parallel: expected true, found none'],
    [
      'strategies',
      (w) => (w.recovery.strategies = ['fallback']),
      'strategies: expected ["skip"], found ["fallback"]',
    ],
    [
      'fail-fast',
      (w) => ((w as { failFast?: boolean }).failFast = true),
      'failFast: expected none, found true',
    ],
    [
      'what it does on failure',
      (w) => ((w as { onFailure?: string }).onFailure = 'compensate'),
      'onFailure: expected "fail"',
    ],
    [
      'its outputs',
      (w) => ((w.outputs as object) = { all: () => 1 }),
      'outputs.sum: expected "a function", found none',
    ],
    [
      'a step that is gone',
      (w) => delete steps(w)['pause'],
      'step "pause": expected it, found no step of that name',
    ],
    [
      'a step that is new',
      (w) => (steps(w)['new'] = { wait: 1 }),
      'step "new": expected no step of that name',
    ],
    ['an operation', (w) => (w.steps.a.invoke = 'm.z'), 'step "a": operation: expected "m.a", found "m.z"'],
    ['the version of a step', (w) => (w.steps.a.version = '2'), 'step "a": version: expected "1", found "2"'],
    ['a kind', (w) => (steps(w)['a'] = { wait: 1 }), 'step "a": kind: expected none, found "wait"'],
    [
      'dependencies',
      (w) => (w.steps.b.dependsOn = ['pause']),
      'step "b": dependsOn: expected ["a"], found ["pause"]',
    ],
    [
      'run_if',
      (w) => (w.steps.b.runIf = 'none_failed'),
      'step "b": runIf: expected "all_done", found "none_failed"',
    ],
    [
      'a condition',
      (w) => delete steps(w)['b']!['when'],
      'step "b": when: expected "a function", found none',
    ],
    [
      'a function for a literal',
      (w) => (steps(w)['a']!['parameters'] = () => 1),
      'parameters: expected none, found "a function"',
    ],
    [
      'a literal for a function',
      (w) => (steps(w)['b']!['parameters'] = { x: 1 }),
      'parameters: expected "a function", found none',
    ],
    [
      'verdicts',
      (w) => (w.steps.b.onFailure = ['retry']),
      'step "b": onFailure: expected ["skip"], found ["retry"]',
    ],
    [
      'cancellation',
      (w) => (w.steps.b.onCancel = 'abort'),
      'step "b": onCancel: expected "await", found none',
    ],
    [
      'a fallback',
      (w) => (w.steps.b.fallback.invoke = 'm.g'),
      'fallback.operation: expected "m.f", found "m.g"',
    ],
    [
      'its kind',
      (w) => (steps(w)['b']!['fallback'] = { value: 1 }),
      'fallback: expected none, found "a literal"',
    ],
    [
      'what undoes it',
      (w) => (w.steps.b.fallback.compensate = 'm.v'),
      'fallback.compensate: expected "m.uf", found "m.v"',
    ],
    [
      'a compensation',
      (w) => (w.steps.b.compensate.invoke = 'm.v'),
      'compensate: expected "m.u", found "m.v"',
    ],
    [
      'when it is owed',
      (w) => (w.steps.b.compensate.on = 'success'),
      'compensate.on: expected "attempt", found none',
    ],
    ['resources', (w) => (w.steps.b.resources[0]!.name = 'ftp'), 'resources: expected ["db"], found ["ftp"]'],
    [
      'a step inside',
      (w) => (w.steps.side.parallel.y.invoke = 'm.q'),
      'step "side/y": operation: expected "m.y"',
    ],
    [
      'an output',
      (w) => delete (w.steps.side as { output?: unknown }).output,
      'step "side": output: expected "a function"',
    ],
    [
      'a branch',
      (w) => delete (w.steps.pick as { default?: unknown }).default,
      'step "pick": otherwise: expected true, found none',
    ],
    [
      'one more case',
      (w) => w.steps.pick.cases.push(w.steps.pick.cases[0]!),
      'step "pick": cases[1]: expected none',
    ],
    [
      'a step in a branch',
      (w) => (w.steps.pick.default.x.invoke = 'm.q'),
      'step "pick/x": operation: expected "m.z"',
    ],
    [
      'another loop',
      (w) => (steps(w)['again'] = { while: () => true, steps: w.steps.again.steps }),
      'step "again": until: expected',
    ],
    [
      'what is waited for',
      (w) => (w.steps.ask.waitForEvent = 'stop'),
      'step "ask": event: expected "go", found "stop"',
    ],
    [
      'a filter',
      (w) => delete (w.steps.ask as { filter?: unknown }).filter,
      'step "ask": filter: expected "a function"',
    ],
    ['how it ends', (w) => (w.steps.ask.onTimeout = 'continue'), 'step "ask": onTimeout: expected "skip"'],
    [
      'who else takes it',
      (w) => (w.steps.ask.shared = false),
      'step "ask": shared: expected true, found none',
    ],
    [
      'the order of steps',
      (w) => ((w.steps as object) = Object.fromEntries(Object.entries(w.steps).toReversed())),
      'workflow "w": order of steps: expected "a" before "ask", found it after that',
    ],
  ])('sees %s', (_, change, told) => {
    const { identity } = differ(full, changed(change))
    expect(identity).toContain(told)
  })

  it.each<[string, Change, string]>([
    ['the limit', (w) => (w.timeout = 61), 'workflow "w": timeoutMs: expected 60000, found 61000'],
    ['concurrency', (w) => (w.maxConcurrency = 5), 'workflow "w": maxConcurrency: expected 4, found 5'],
    ['granted retries', (w) => (w.recovery.maxGrantedRetries = 3), 'grantedRetriesMax: expected 2, found 3'],
    ['the time to answer', (w) => (w.recovery.handlerTimeout = 8), 'answerMs: expected 9000, found 8000'],
    ['a literal', (w) => (w.steps.a.parameters.n = 2), 'step "a": parameters: expected'],
    ['a time-out', (w) => (w.steps.b.timeout = 6), 'step "b": timeoutMs: expected 5000, found 6000'],
    ['a heartbeat', (w) => (w.steps.b.heartbeat = 4), 'step "b": heartbeatMs: expected 3000, found 4000'],
    ['a priority', (w) => (w.steps.b.priority = 2), 'step "b": priority: expected 1, found 2'],
    ['units', (w) => (w.steps.b.resources[0]!.units = 1), 'step "b": units: expected [2], found [1]'],
    ['retries', (w) => (w.steps.b.retry.count = 3), 'step "b": retry: expected {"count":2'],
    ['backoff', (w) => (w.steps.b.retry.initial = 4), '"initialMs":4000'],
    ['what is not retried', (w) => (w.steps.b.retry.nonRetryable = ['F']), '"nonRetryable":["F"]'],
    [
      'a literal of a fallback',
      (w) => (w.steps.b.fallback.parameters.x = 2),
      'step "b": fallback.parameters: expected',
    ],
    [
      'the limit of undoing',
      (w) => (w.steps.b.compensate.timeout = 4),
      'compensate.timeoutMs: expected 3000',
    ],
    ['its retries', (w) => (w.steps.b.compensate.retry.count = 2), 'compensate.retry: expected {"count":1}'],
    ['how many are enough', (w) => (w.steps.side.waitFor = 2), 'step "side": waitFor: expected 1, found 2'],
    [
      'concurrency inside',
      (w) => (w.steps.side.maxConcurrency = 3),
      'the steps in "side": maxConcurrency: expected 2',
    ],
    ['items', (w) => (w.steps.each.forEach = [1, 3]), 'step "each": each: expected'],
    [
      'what is put up with',
      (w) => (w.steps.each.tolerate = 2),
      'tolerate: expected {"count":1}, found {"count":2}',
    ],
    ['the limit of a loop', (w) => (w.steps.each.maxIterations = 8), 'iterationsMax: expected 9, found 8'],
    ['a wait', (w) => (w.steps.pause.wait = 6), 'step "pause": delayMs: expected 5000, found 6000'],
    [
      'a limit of a wait',
      (w) => (w.steps.ask.timeout = 8),
      'step "ask": timeoutMs: expected 9000, found 8000',
    ],
  ])('lets %s differ, and tells it', (_, change, told) => {
    const { identity, settings } = differ(full, changed(change))
    expect(identity).toBeNull()
    expect(settings).toContain(told)
  })

  it('cannot see the text of functions, nor what they have captured', () => {
    const other = changed((w) => {
      w.steps.b.when = () => false
      w.steps.b.parameters = () => 2
      w.outputs.sum = () => 2
    })
    expect(differ(full, other)).toEqual({ identity: null, settings: null })
  })

  it('does not count the order in which dependencies are named', () => {
    const of = (dependsOn: string[]) =>
      defineWorkflow({
        id: 'w',
        parallel: true,
        steps: { a: { wait: 1 }, b: { wait: 1 }, c: { wait: 1, dependsOn } },
      } as never)
    expect(differ(of(['a', 'b']), of(['b', 'a'])).identity).toBeNull()
  })

  it('tells eight differences, and counts the rest', () => {
    const other = changed((w) => ((w.steps as object) = { z: { wait: 1 } }))
    const { identity } = differ(full, other)
    expect(identity!.split('; ')).toHaveLength(9)
    expect(identity).toMatch(/; and 1 more$/)
  })

  it.each<[string, object, keyof Difference, string]>([
    ['a module', { modules: [module({ name: 'n' })] }, 'identity', 'modules: expected ["m"], found ["n"]'],
    [
      'its version',
      { modules: [module({ version: '2' })] },
      'identity',
      'found [{"name":"m","version":"2"}]',
    ],
    ['a pool', { pools: [] }, 'identity', 'pools: expected ["db"], found none'],
    ['the bus', { eventsEnabled: false }, 'identity', 'events: expected true, found none'],
    ['a handler', { subscriptions: [] }, 'identity', 'subscriptions: expected [{"id":"s"'],
    ['units', { pools: [{ name: 'db', units: 3 }] }, 'settings', 'units: expected [2], found [3]'],
    ['the wait for leases', { leaseTimeoutMs: 2 }, 'settings', 'leaseTimeoutMs: expected 1000, found 2'],
    [
      'a configuration',
      { modules: [module({ config: { a: 1 } })] },
      'settings',
      'configs: expected [null], found ["',
    ],
  ])('looks around the definition, too: %s', (_, more, kind, told) => {
    expect(differenceOf(recordOf(full, around()), recordOf(full, around(more)))[kind]).toContain(told)
  })
})

describe('the identity of a document', () => {
  const one = (parameters: string, more = '') =>
    accepted(`
integration:
  modules: [m]
  inputs: { n: { type: number, default: 1 } }
  scenarios:
    - name: s
      steps:
        - { name: a, module: m, operation: ok }
        - { name: b, module: m, operation: ok, depends_on: [a], parameters: { p: ${parameters} }${more} }
    - name: t
      steps: [{ name: x, module: m, operation: ok }]
`).definition

  it.each([
    ['an expression', "'${{ inputs.n }}'", "'${{ inputs.n + 1 }}'"],
    ['one inside', "{ x: 1, y: '${{ inputs.n }}' }", "{ x: 1, y: '${{ inputs.n + 1 }}' }"],
    ['the place of one', "{ x: '${{ inputs.n }}' }", "{ y: '${{ inputs.n }}' }"],
    ['one in a text', "'n is ${{ inputs.n }}'", "'n is ${{ inputs.n + 1 }}'"],
    ['one in a list', "['${{ inputs.n }}', 1]", "['${{ inputs.n + 1 }}', 1]"],
    ['a step that a text stands for', 'a_output', 'z_output'],
    ['a literal for one', "'${{ inputs.n }}'", '1'],
  ])('sees %s', (_, before, after) => {
    expect(differ(one(before), one(after)).identity).toContain('step "b": parameters: expected')
  })

  it.each([
    ['beside an expression', "{ x: 1, y: '${{ inputs.n }}' }", "{ x: 2, y: '${{ inputs.n }}' }"],
    ['around one', "'n is ${{ inputs.n }}'", "'m is ${{ inputs.n }}'"],
    ['in a list with one', "['${{ inputs.n }}', 1]", "['${{ inputs.n }}', 2]"],
    ['where there is none', '1', '2'],
  ])('lets literals differ %s', (_, before, after) => {
    const { identity, settings } = differ(one(before), one(after))
    expect(identity).toBeNull()
    expect(settings).toContain('step "b": parameters: expected')
  })

  it('sees a condition', () => {
    const when = (text: string) => one('1', `, when: ${text}`)
    expect(differ(when('inputs.n > 1'), when('inputs.n > 2')).identity).toBe(
      'step "b": when: expected "inputs.n > 1", found "inputs.n > 2"',
    )
  })

  it('has a scenario once, also where it is listed twice', () => {
    const whole = one('1')
    const twice = { ...whole, workflows: [...whole.workflows, ...whole.workflows] }
    expect(recordOf(twice, around())).toMatchObject({ workflows: 2, lists: [{}, {}] })
  })

  it('sees scenarios, by their place and name', () => {
    const whole = one('1')
    const [first, second] = whole.workflows as [WorkflowDefinition, WorkflowDefinition]
    expect(differ(whole, { ...whole, workflows: [first] }).identity).toBe('workflows: expected 2, found 1')
    expect(differ(whole, { ...whole, workflows: [second, first] }).identity).toContain(
      'workflow "s": name: expected',
    )
  })
})
