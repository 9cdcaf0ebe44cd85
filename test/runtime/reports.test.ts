// That a report is plain data, wherever it goes: copied, spread, frozen, sent, written down and read back.
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createActor, toPromise, type Snapshot } from 'xstate'
import { run, setup, stepOf, type RunNotCompletedError, type RunReport } from '../../src/index.ts'
import { SagachartError } from '../../src/errors.ts'
import { withoutSteps } from '../../src/runtime/report/step-records.ts'
import { build, conditionsOf, saga } from './sagas.ts'
import { breaks, each, loop, play, step, verdicts, workflow } from './workflows.ts'

const { createWorkflow } = setup({ modules: { m: { one: () => 1, text: () => 'a text', bad: breaks } } })
const flow = createWorkflow({
  id: 'flow',
  steps: { count: { invoke: 'm.one' }, tell: { invoke: 'm.text', dependsOn: ['count'] } },
  outputs: { told: ({ steps }) => [steps.tell.output] },
})

/** What may become of a report. The second reading of one is no other than the first. */
const COPIES: Readonly<Record<string, (report: RunReport) => unknown>> = {
  'JSON, read back': (report) => JSON.parse(JSON.stringify(report)) as unknown,
  structuredClone: (report) => structuredClone(report),
  'a spread': (report) => ({ ...report }),
  'Object.assign': (report) => Object.assign({}, report),
  'its entries': (report) => Object.fromEntries(Object.entries(report)),
  'a copy of a copy': (report) => structuredClone({ ...report }),
  'itself, frozen': (report) => Object.freeze(report),
}

describe('a report', () => {
  it.each(Object.entries(COPIES))('of any run is the same as %s', (_, copy) => {
    fc.assert(
      fc.property(saga, (plan) => {
        const { report } = play(build(plan), conditionsOf(plan))
        const copied = copy(report) as RunReport
        expect(copied).toStrictEqual(report)
        expect(copied.steps).toHaveLength(build(plan).steps.length)
        for (const record of report.steps) expect(stepOf(copied, record.name)).toStrictEqual(record)
      }),
      { numRuns: 20, seed: 1 },
    )
  })

  it('is an object without a class, whose fields are its own', async () => {
    const report = await run(flow)
    expect(Object.getPrototypeOf(report)).toBe(Object.prototype)
    expect(Object.keys(report)).toContain('steps')
    expect(Object.keys(report)).toEqual(Object.keys(structuredClone(report)))
    expect(Reflect.ownKeys({ ...report }).filter((key) => typeof key === 'symbol')).toEqual([])
  })

  it('makes its records once', async () => {
    const report = await run(flow)
    expect(report.steps).toBe(report.steps)
    expect({ ...report }.steps).toBe(report.steps)
    expect(stepOf(report, 'tell')).toBe(report.steps[1])
  })

  it('shows its steps where it is printed', async () => {
    const shown = inspect(await run(flow), { depth: 5 })
    expect(shown).toContain("output: 'a text'")
    expect(shown).not.toContain('Getter')
  })

  it('can be had without its steps, whose records are not made for that', async () => {
    const report = await run(flow)
    const { steps, ...rest } = structuredClone(report)
    expect(withoutSteps(report)).toEqual(rest)
    const copy = { ...rest, steps }
    expect(withoutSteps(copy)).toBe(copy)
  })

  it('is kept by the actor that has ended, also by one that is restored from what was written down', async () => {
    const actor = createActor(flow).start()
    const report = await toPromise(actor)
    expect(actor.getSnapshot().output).toBe(report)
    const written = JSON.stringify(actor.getPersistedSnapshot())
    const again = createActor(flow, { snapshot: JSON.parse(written) as Snapshot<unknown> }).start()
    expect(again.getSnapshot()).toMatchObject({ status: 'done' })
    expect(again.getSnapshot().output).toStrictEqual(report)
    expect(stepOf(again.getSnapshot().output!, 'tell').output).toBe('a text')
  })

  it('is in the error of a run that did not complete', async () => {
    const strict = createWorkflow({ id: 'strict', onIncomplete: 'reject', steps: { a: { invoke: 'm.bad' } } })
    const error: unknown = await run(strict).catch((caught: unknown) => caught)
    const { report } = error as RunNotCompletedError
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ report: { steps: [{ name: 'a' }] } })
    expect(structuredClone(report)).toStrictEqual(report)
  })
})

describe('stepOf', () => {
  it('reads what is inside of a control step', () => {
    const list = loop('scan', each([1, 2]), [step('read', verdicts('skip'))])
    const { report } = play(workflow([list]), { fates: { 'scan[1]/read': breaks } })
    const { inside } = stepOf(structuredClone(report), 'scan')
    expect(inside!.runs.map((iteration) => stepOf(iteration, 'read').status)).toEqual(['success', 'skipped'])
    expect(() => stepOf(inside!.runs[0]!, 'raed')).toThrow(
      'The list has no step "raed"; did you mean "read"?',
    )
  })

  it.each([
    ['a report', (report: RunReport) => report],
    ['a copy', (report: RunReport) => structuredClone(report)],
  ])('says where %s has no such step', async (_, copy) => {
    const read = () => stepOf(copy(report), 'tel')
    const report = (await run(flow)) as unknown as RunReport
    expect(read).toThrow(SagachartError)
    expect(read).toThrow(expect.objectContaining({ code: 'STEP_UNKNOWN' }) as Error)
    expect(read).toThrow('Workflow "flow" has no step "tel"; did you mean "tell"?')
    expect(() => stepOf(copy(report), 'toString')).toThrow('has no step "toString"')
  })

  it.each([[undefined], [null], ['text'], [7], [[]], [{}], [{ steps: 'a' }]])(
    'refuses %o, which is no report',
    (value) => {
      expect(() => stepOf(value as never, 'a' as never)).toThrow(
        expect.objectContaining({
          code: 'STEP_UNKNOWN',
          message: expect.stringContaining('expected a report, which has a list of steps, found') as string,
        }) as Error,
      )
    },
  )
})
