// What a workflow tells as an actor is what its types say: see workflow-logic.test-d.ts.
import { describe, expect, it } from 'vitest'
import { createActor, toPromise } from 'xstate'
import { memoryHost, run, setup, withHost, type BusEvent, type RunEventData } from '../../src/index.ts'
import {
  awaitEvent,
  breaks,
  computed,
  parallel,
  play,
  retries,
  saga,
  step,
  undo,
  verdicts,
  workflow,
} from './workflows.ts'

const TITLE = ['step_name', 'module_name', 'operation'] as const
const ATTEMPTED = [...TITLE, 'attempts'] as const
const FAILED = [...ATTEMPTED, 'error'] as const

type KeysOf<TData> = readonly (keyof TData & string)[]

/** The keys of each event's data: those that are always there, and those that may be. */
const KEYS: {
  readonly [TType in keyof RunEventData]: readonly [KeysOf<RunEventData[TType]>, KeysOf<RunEventData[TType]>?]
} = {
  workflow_started: [['workflow_name']],
  workflow_completed: [['workflow_name', 'status']],
  workflow_error: [['workflow_name', 'status'], ['error']],
  step_started: [TITLE],
  step_progress: [[...TITLE, 'progress'], ['message']],
  step_retrying: [FAILED],
  step_completed: [ATTEMPTED],
  step_failed: [FAILED, ['dependencies_satisfied']],
  step_skipped: [ATTEMPTED, ['error', 'dependencies_satisfied']],
  step_compensating: [ATTEMPTED, ['error']],
  step_compensated: [ATTEMPTED, ['error']],
  step_compensation_failed: [ATTEMPTED, ['error']],
  custom_step_completed: [ATTEMPTED],
  custom_step_failed: [FAILED, ['dependencies_satisfied']],
  module_loaded: [['module_name']],
  module_initialized: [['module_name']],
  module_error: [['module_name', 'error']],
  resource_allocated: [['resource', 'holder', 'units']],
  resource_released: [['resource', 'holder'], ['error']],
  resource_exhausted: [['resource', 'queue_length', 'holders']],
  events_dropped: [['handler', 'pattern', 'events']],
  event_refused: [['event', 'source', 'reason']],
  signal_dropped: [['event', 'source', 'dropped']],
}

/** Everything that runs tell of which, together, go through all that a run can. */
async function everyEvent(): Promise<readonly BusEvent[]> {
  const db = { resources: [{ pool: 'db', units: 1 }] }
  const steps = [
    saga('undone', db),
    saga('left', { compensate: undo() }),
    step('when', { when: { kind: 'value', value: false } }),
    step('retried', { retry: retries(1), ...verdicts('skip') }),
    parallel('group', [step('a', db), step('b', db), step('c', { dependsOn: ['a'] })], {}, verdicts('skip')),
    parallel('fine', [step('d')]),
    step('bad', { dependsOn: ['undone', 'left', 'group', 'fine'], ...verdicts('compensate') }),
  ]
  const fates = {
    d: ({ progress }: { progress: (share: number) => void }) => progress(1),
    'fine/d': ({ progress }: { progress: (share: number, message: string) => void }) => progress(1, 'done'),
    'undo:left': breaks,
    ...{ retried: breaks, 'group/a': breaks, bad: breaks },
  }
  const { events } = play(workflow(steps), { fates, pools: [{ name: 'db', units: 1 }] })
  const whole = play(workflow([step('a')]))
  const many = ({ emit }: { emit: (type: string) => void }) => {
    for (let count = 0; count < 1010; count++) emit('more')
  }
  const flooded = play(
    workflow([step('a'), awaitEvent('w', 'more', { filter: computed(false), timeoutMs: 1 })]),
    {
      ...{ fates: { a: many }, sent: [[0, { type: 'nothing' }]], keepsStates: false },
      subscriptions: [{ id: 'h', pattern: 'more', handler: () => {} }],
      handlerHangs: ({ kind }) => kind === 'handler',
    },
  )
  const lost = flooded.events.filter(({ type }) => type !== 'more')
  const m = { operations: { op: () => 1 }, init: breaks }
  const actor = createActor(
    setup({ modules: { m } }).createWorkflow({ id: 'w', steps: { a: { invoke: 'm.op' } } }),
  )
  const heard: BusEvent[] = []
  actor.on('*', (event) => void heard.push(event))
  await toPromise(actor.start())
  return [...events, ...whole.events, ...lost, ...heard]
}

describe('an event that a run tells of', () => {
  it('has the data that its type says, and every type there is happens', async () => {
    const events = await everyEvent()
    for (const { type, data } of events) {
      const [required, optional = []] = KEYS[type as keyof RunEventData]
      const keys = Object.keys(data as object)
      expect({ type, lacks: required.filter((key) => !keys.includes(key)) }).toEqual({ type, lacks: [] })
      const known: readonly string[] = [...required, ...optional]
      expect({ type, more: keys.filter((key) => !known.includes(key)) }).toEqual({ type, more: [] })
    }
    expect([...new Set(events.map(({ type }) => type))].toSorted()).toEqual(Object.keys(KEYS).toSorted())
  })

  it('that an operation emits has the form in which it is kept', async () => {
    const m = {
      op: (_: object, { emit }: { emit: (type: string, data: unknown) => void }) =>
        emit('packed', { at: new Date(0), left: undefined }),
    }
    const { createWorkflow } = setup({
      modules: { m },
      types: {} as { emitted: { type: 'packed'; data: { at: Date } } },
    })
    const actor = createActor(createWorkflow({ id: 'w', steps: { a: { invoke: 'm.op' } } }))
    const heard: unknown[] = []
    actor.on('packed', ({ data }) => void heard.push(data))
    await toPromise(actor.start())
    expect(heard).toEqual([{ at: '1970-01-01T00:00:00.000Z' }])
  })
})

describe('withHost', () => {
  it('runs a workflow on another host, and takes nothing else', async () => {
    const logged: unknown[] = []
    const m = {
      op: (_: object, { log }: { log: (message: string) => void }) => log('hello'),
    }
    const workflow = setup({ modules: { m } }).createWorkflow({ id: 'w', steps: { a: { invoke: 'm.op' } } })
    const host = memoryHost({ log: (...line) => void logged.push(line) })
    expect(await run(withHost(workflow, host), { runId: '7' })).toMatchObject({ status: 'completed' })
    expect(logged).toEqual([['run/7/step/a', 'hello', undefined]])
    expect(() => withHost({} as typeof workflow, host)).toThrow('expected what createWorkflow gave')
  })
})
