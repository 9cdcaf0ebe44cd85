// What `setup` refuses, for those whose compiler did not, and what a run reports instead of throwing.
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import {
  defineModule,
  memoryHost,
  run,
  setup,
  withHost,
  type SetupOptions,
  type WorkflowLogic,
  stepOf,
} from '../../src/index.ts'

const m = { op: () => 1 }
const coded = (code: string) => expect.objectContaining({ code }) as Error
const loose = (options: object) => setup(options as SetupOptions<object, string>)
const build = (step: object, options: object = {}, inputs: object = {}) =>
  loose({ modules: { m }, resources: { db: { units: 2 } }, ...options }).createWorkflow({
    id: 'w',
    inputs,
    steps: { a: { invoke: 'm.op', ...step } },
  } as never)

const nested = (step: object) => ({
  invoke: undefined,
  cases: [{ when: () => true, steps: { x: { parallel: { y: step } } } }],
})

describe('setup', () => {
  it.each([
    ['a module that is not there', { invoke: 'zzz.op' }, 'MODULE_NOT_REGISTERED'],
    ['an operation that is not there', { invoke: 'm.zzz' }, 'OPERATION_UNKNOWN'],
    ['an operation of every object', { invoke: 'm.toString' }, 'OPERATION_UNKNOWN'],
    ['a fallback that is not there', { fallback: { invoke: 'm.zzz' } }, 'OPERATION_UNKNOWN'],
    ['a nested operation that is not there', nested({ invoke: 'm.zzz' }), 'OPERATION_UNKNOWN'],
    ['a nested pool that is not there', nested({ invoke: 'm.op', resources: ['zzz'] }), 'WORKFLOW_INVALID'],
    [
      'a nested dependency that is not there',
      nested({ invoke: 'm.op', dependsOn: ['b'] }),
      'WORKFLOW_INVALID',
    ],
    ['an undoing that is not there', { compensate: 'm.zzz' }, 'OPERATION_UNKNOWN'],
    ['an undoing by no module', { compensate: { invoke: 'z.op' } }, 'MODULE_NOT_REGISTERED'],
    ['something that is no workflow', { invoke: undefined, scenario: {} }, 'WORKFLOW_INVALID'],
    ['a resource that is not there', { resources: ['zzz'] }, 'WORKFLOW_INVALID'],
    ['more units than there are', { resources: [{ name: 'db', units: 3 }] }, 'WORKFLOW_INVALID'],
    ['a time that is none', { timeout: 'soon' }, 'WORKFLOW_INVALID'],
    ['a misspelt key', { retires: 3 }, 'WORKFLOW_INVALID'],
    ['a misspelt key of retry', { retry: { cuont: 3 } }, 'WORKFLOW_INVALID'],
    ['a condition that is no function', { when: true }, 'WORKFLOW_INVALID'],
    ['a verdict that is not there', { onFailure: ['skip', 'explode'] }, 'WORKFLOW_INVALID'],
    ['a runIf that is not there', { runIf: 'all_good' }, 'WORKFLOW_INVALID'],
    ['dependencies that are no list', { dependsOn: 'b' }, 'WORKFLOW_INVALID'],
    ['no operation', { invoke: undefined }, 'WORKFLOW_INVALID'],
    ['a factor below one', { retry: { factor: 0.5 } }, 'WORKFLOW_INVALID'],
  ])('refuses %s', (_, step, code) => {
    expect(() => build(step)).toThrow(coded(code))
  })

  it.each([
    ['an input that is missing', {}, /input "city" is required/],
    ['an input of another kind', { inputs: { city: 1 } }, /expected type string, found 1/],
    ['an input that is not declared', { inputs: { city: 'Oslo', ctiy: 'Oslo' } }, /did you mean "city"/],
  ])('lets no run start with %s', async (_, input, message) => {
    const steps = { a: { invoke: 'm.op' as const } }
    const inputs = { city: { type: 'string' as const } }
    const workflow = setup({ modules: { m } }).createWorkflow({ id: 'w', inputs, steps })
    const refused = run(workflow as unknown as WorkflowLogic, input)
    await expect(refused).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(message),
    })
  })

  it('hands inputs to functions, defaults filled in', async () => {
    const workflow = setup({ modules: { m } }).createWorkflow({
      id: 'w',
      inputs: { city: { type: 'string' }, days: { type: 'integer', default: 7 } },
      steps: { a: { invoke: 'm.op', when: ({ inputs }) => inputs.days === 7 } },
      outputs: { of: ({ inputs }) => inputs.city },
    })
    const report = await run(workflow, { inputs: { city: 'Oslo' } })
    expect(report.outputs).toEqual({ of: 'Oslo' })
    expect(stepOf(report, 'a').status).toBe('success')
    expect(() => stepOf(report, 'b' as 'a')).toThrow(coded('STEP_UNKNOWN'))
  })

  it('refuses an input whose default is of another kind', () => {
    const inputs = { days: { type: 'integer' as const, default: 'seven' } }
    const steps = { a: { invoke: 'm.op' as const } }
    const { createWorkflow } = setup({ modules: { m } })
    expect(() => createWorkflow({ id: 'w', inputs, steps })).toThrow(coded('WORKFLOW_INVALID'))
  })

  it('says what is wrong, where, and what was meant', () => {
    expect(() => build({ retyr: {} })).toThrow(
      'Workflow "w", step "a": unknown key "retyr"; did you mean "retry"?',
    )
    expect(() => build({ runIf: 'all_good' })).toThrow(
      /step "a": runIf: expected one of all_succeeded, .*found "all_good"/,
    )
    const { createWorkflow } = setup({ modules: { m } })
    expect(() => createWorkflow({ id: 'w' } as never)).toThrow('Workflow: steps is missing; give it')
    expect(() => createWorkflow(undefined as never)).toThrow(/Workflow: expected an object, found/)
  })

  it.each([
    ['a misspelt operation', { invoke: 'm.opp' }, 'module "m" has no operation "opp"; did you mean "op"?'],
    [
      'a misspelt resource',
      { resources: ['dv'] },
      'needs the resource "dv", which is not declared; declare it',
    ],
    [
      'a misspelt dependency',
      { dependsOn: ['aa'] },
      'depends on "aa", and it has no step of that name; name one',
    ],
    [
      'a cycle',
      { dependsOn: ['a'] },
      'depend on each other in a cycle: a → a; remove one of these from dependsOn',
    ],
  ])('says what is meant by %s', (_, step, message) => {
    expect(() => build(step)).toThrow(message)
  })

  it('shows a cycle, and not what is only behind it', () => {
    const { createWorkflow } = setup({ modules: { m } })
    const after = (...dependsOn: string[]) => ({ invoke: 'm.op', dependsOn })
    const steps = {
      free: after(),
      behind: after('one'),
      one: after('free', 'two'),
      two: after('three'),
      three: after('one'),
    }
    expect(() => createWorkflow({ id: 'w', steps } as never)).toThrow(
      'in a cycle: one → two → three → one; remove',
    )
  })

  it('calls workflows of its own, and no others', async () => {
    const own = setup({ modules: { m } })
    const called = own.createWorkflow({
      id: 'called',
      steps: { a: { invoke: 'm.op' } },
      outputs: { one: ({ steps }) => steps.a.output },
    })
    const calling = (at: typeof own) => at.createWorkflow({ id: 'w', steps: { call: { scenario: called } } })
    expect(stepOf(await run(calling(own)), 'call').output).toEqual({ one: 1 })
    expect(() => calling(setup({ modules: { m } }))).toThrow(coded('WORKFLOW_INVALID'))
    const elsewhere = own.createWorkflow({
      id: 'w',
      steps: { call: { scenario: withHost(called, memoryHost()) } },
    })
    expect((await run(elsewhere)).status).toBe('completed')
  })

  it('refuses a name that a list has already', () => {
    const { createWorkflow } = setup({ modules: { m } })
    const make = () =>
      createWorkflow({
        id: 'w',
        steps: (list) => list.steps({ a: { invoke: 'm.op' } }).step('a', { invoke: 'm.op' }),
      })
    expect(make).toThrow('Workflow "w": step names are unique, found "a" twice')
  })

  it('names nested steps by their address', () => {
    expect(() => build(nested({ invoke: 'm.opp' }))).toThrow(
      'Step "a/x/y": module "m" has no operation "opp"',
    )
  })

  it('does not look twice at a workflow that is called twice', () => {
    const { createWorkflow } = setup({ modules: { m } })
    let workflow: unknown = createWorkflow({ id: 'w0', steps: { a: { invoke: 'm.op' } } })
    for (let level = 1; level <= 30; level++) {
      const steps = { a: { scenario: workflow }, b: { scenario: workflow } }
      workflow = createWorkflow({ id: `w${level}`, steps } as never)
    }
    expect(workflow).toBeDefined()
  })

  it('refuses subscriptions where events are off', () => {
    const subscriptions = [{ id: 'a', pattern: '*', handler: () => {} }]
    expect(() => build({}, { events: false, subscriptions })).toThrow(coded('EVENT_BUS_NOT_AVAILABLE'))
    expect(() => build({}, { events: false, subscriptions })).toThrow(/^Event bus not available/)
  })

  it.each([
    ['a pool without units', { resources: { db: { units: 0 } } }, 'WORKFLOW_INVALID'],
    ['a time-out that is none', { resourceTimeout: -1 }, 'WORKFLOW_INVALID'],
    ['a module that is none', { modules: { m: 7 } }, 'MODULE_LOAD_FAILED'],
    ['a version that is no text', { modules: { m: { operations: m, version: 2 } } }, 'MODULE_LOAD_FAILED'],
  ])('refuses %s', (_, options, code) => {
    expect(() => build({}, options)).toThrow(coded(code))
  })

  it('takes plain objects, classes and defineModule', async () => {
    class Counter {
      private count = 0
      next(): number {
        return ++this.count
      }
    }
    const calls: string[] = []
    const db = defineModule({
      init: () => void calls.push('init'),
      cleanup: () => void calls.push('cleanup'),
      operations: m,
    })
    const workflow = setup({ modules: { db, Counter, m } }).createWorkflow({
      id: 'w',
      steps: {
        a: { invoke: 'db.op' },
        b: { invoke: 'Counter.next' },
        c: { invoke: 'Counter.next', dependsOn: ['b'] },
      },
    })
    const report = await run(workflow)
    expect(stepOf(report, 'c')?.output).toBe(2)
    expect(calls).toEqual(['init', 'cleanup'])
  })

  it.each(['init', 'cleanup', 'health'])(
    'says that %s is a hook, and takes it where it is listed',
    async (name) => {
      const functions = { [name]: () => 7, op: () => 1 }
      const remedy = new RegExp(
        `Step "a": module "m" has no operation "${name}"; "${name}" is the name of a hook of a module's life cycle: ` +
          'rename the operation, or list it under operations: defineModule',
      )
      for (const step of [
        { invoke: `m.${name}` },
        { compensate: `m.${name}` },
        { fallback: { invoke: `m.${name}` } },
      ]) {
        expect(() => build(step, { modules: { m: functions } })).toThrow(coded('OPERATION_UNKNOWN'))
        expect(() => build(step, { modules: { m: functions } })).toThrow(remedy)
      }
      const listing = build(
        { invoke: `m.${name}` },
        { modules: { m: defineModule({ operations: functions }) } },
      )
      expect(await run(listing)).toMatchObject({ status: 'completed', steps: [{ output: 7 }] })
    },
  )
})

describe('run', () => {
  it('reports a failure and throws nothing', async () => {
    const boom = { op: () => Promise.reject(new Error('no luck')) }
    const report = await run(build({}, { modules: { m: boom } }))
    expect(report).toMatchObject({ status: 'failed', error: { message: 'no luck' }, counts: { failed: 1 } })
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({ steps: [{ name: 'a', status: 'failed' }] })
  })

  it('takes a name and inputs, and tells operations of them', async () => {
    const seen: object[] = []
    const op = (
      parameters: object,
      context: { run: object; idempotencyKey: string; step: string; config: unknown },
    ) => {
      const { run: id, idempotencyKey, step, config } = context
      seen.push({ parameters, id, idempotencyKey, step, config })
    }
    const workflow = build(
      { parameters: ({ inputs }: { inputs: object }) => ({ inputs }) },
      { modules: { m: { op } } },
      { x: { type: 'number' } },
    )
    const report = await run(workflow, { runId: '42', inputs: { x: 1 } })
    expect(report.runId).toBe('42')
    expect(seen).toEqual([
      {
        parameters: { inputs: { x: 1 } },
        id: { id: '42', scenario: 'w' },
        idempotencyKey: 'run/42/step/a',
        step: 'a',
        config: {},
      },
    ])
  })

  it('lets anybody listen with actor.on, and log where the host says', async () => {
    const types: string[] = []
    const logged: unknown[] = []
    const op = (
      _: object,
      { emit, log }: { emit: (type: string) => void; log: (text: string, data: unknown) => void },
    ) => {
      emit('did')
      log('hello', 1)
    }
    const host = memoryHost({ log: (...line) => void logged.push(line) })
    const actor = createActor(build({}, { modules: { m: { op } }, host }), { input: { runId: '7' } })
    actor.on('*' as never, ({ type }: { type: string }) => void types.push(type))
    actor.start()
    await expect.poll(() => actor.getSnapshot().status).toBe('done')
    expect(types).toContain('did')
    expect(types.at(-1)).toBe('workflow_completed')
    expect(logged).toEqual([['run/7/step/a', 'hello', 1]])
  })
})
