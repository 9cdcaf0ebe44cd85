// With which definition a run goes on from its journal, and which journals are refused: whatever fits nothing is an error that
// names its entry. That journals which fit give the same states is in properties.test.ts.
import { stepOf } from '../../src/runtime/report/step-records.ts'
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { SimulationHost } from '../../src/hosts/simulation.ts'
import { IntegrationLogic } from '../../src/runtime/charts/integration-logic.ts'
import type { Entry, Host } from '../../src/runtime/port/host.ts'
import type { RunReport } from '../../src/runtime/report/step-records.ts'
import { setupOn } from '../../src/runtime/setup.ts'
import { accepted } from '../definition/documents.ts'
import { UNDER_WAY } from './workflows.ts'

const called: string[] = []
const operations = {
  op: (_: unknown, { step }: { step: string }) => {
    called.push(step)
    return step
  },
}
const op = { invoke: 'm.op' }

type Config = Readonly<Record<string, unknown>>

const logicOf = (host: Host, config: Config, modules: object = { m: operations }) =>
  setupOn(host)({ modules }).createWorkflow({ id: 'w', ...config } as never)

interface Resumed {
  readonly report: RunReport | undefined
  readonly errors: readonly { code: string; message: string }[]
  readonly log: readonly string[]
  readonly host: SimulationHost
}

/** Goes on from a journal. */
function resume(config: Config, journal: readonly unknown[], modules?: object): Resumed {
  called.length = 0
  const log: string[] = []
  const host = new SimulationHost({
    journals: { 1: journal as Entry[] },
    log: (path, message) => log.push(`${path}: ${message}`),
  })
  const actor = createActor(logicOf(host, config, modules), { snapshot: UNDER_WAY })
  const errors: Resumed['errors'][number][] = []
  actor.subscribe({ error: (error) => errors.push(error as never) })
  actor.start()
  host.run()
  return { report: actor.getSnapshot().output as RunReport | undefined, errors, log, host }
}

/** Plays a run until its journal has so many entries; `null`: to its end. */
function record(config: Config, entries: number | null = null): readonly Entry[] {
  const host = new SimulationHost()
  createActor(logicOf(host, config)).start()
  host.run(() => host.journal('1').length === entries)
  return JSON.parse(JSON.stringify(host.journal('1'))) as Entry[]
}

function expectRefused({ errors, host, report }: Resumed, message: string): void {
  expect(errors).toMatchObject([{ code: 'RUN_NOT_RESUMABLE', message: expect.stringContaining(message) }])
  expect(report).toBeUndefined()
  expect(called).toEqual([])
  expect(host.nextAt).toBeNull()
}

const two = { parallel: true, steps: { x: { ...op, when: () => true }, y: { ...op, when: () => false } } }

describe('a run that goes on', () => {
  it('is refused with another definition, and says what differs', () => {
    const journal = record(two, 4)
    const swapped = { ...two, steps: { y: two.steps.y, x: two.steps.x } }
    const refused = resume(swapped, journal)
    expectRefused(
      refused,
      'Run 1 cannot be resumed: its definition is not the one that it began with: workflow "w": order of steps: expected "x" before "y", found it after that; resume it with that one, or start a new run',
    )
    expect(refused.host.journal('1')).toEqual(journal)
    expectRefused(
      resume({ steps: { x: op } }, journal),
      'step "y": expected it, found no step of that name; ',
    )
  })

  it('goes on with the same definition, to the same end', () => {
    for (let length = 1; length <= record(two).length; length++) {
      const { report, errors, log } = resume(two, record(two, length))
      expect(errors).toEqual([])
      expect(log).toEqual([])
      expect([stepOf(report!, 'x').status, stepOf(report!, 'y').status]).toEqual(['success', 'skipped'])
    }
  })

  it('is refused with another version of its functions: of a step, of the workflow, of a module', () => {
    const versions = (step: string, workflow: string) => ({
      version: workflow,
      steps: { x: { ...op, version: step } },
    })
    const journal = record(versions('1', '1'), 2)
    expect(resume(versions('1', '1'), journal).report).toMatchObject({ status: 'completed' })
    expectRefused(resume(versions('2', '1'), journal), 'step "x": version: expected "1", found "2"')
    expectRefused(resume(versions('1', '2'), journal), 'workflow "w": version: expected "1", found "2"')
    const module = { m: { version: '2', operations } }
    expectRefused(
      resume(versions('1', '1'), journal, module),
      'modules: expected ["m"], found [{"name":"m","version":"2"}]',
    )
  })

  it('goes on with other limits and literals, and says so', () => {
    const of = (timeout: string, n: number) => ({ timeout, steps: { x: { ...op, parameters: { n } } } })
    const { report, log } = resume(of('2m', 2), record(of('1m', 1), 2))
    expect(report).toMatchObject({ status: 'completed' })
    expect(log).toEqual([
      expect.stringMatching(
        /^run\/1: The run goes on, though its settings are not those that it began with: workflow "w": timeoutMs: expected 60000, found 120000; step "x": parameters: expected "\w{8}", found "\w{8}"$/,
      ),
    ])
  })

  it('is refused where another setting leaves an entry without what it is about, and says which', () => {
    const of = (count: number) => ({ steps: { x: { ...op, retry: { count, jitter: 'none' } } } })
    const retried = record(of(1))
      .slice(0, 2)
      .concat([
        {
          at: 0,
          to: 'run/1/step/x',
          event: { type: 'attempt.failed', attempt: 1, failure: { code: 'OPERATION_FAILED', message: 'no' } },
        },
        { at: 1000, to: 'run/1/step/x', event: { type: 'backoff.ended', attempt: 1 } },
      ])
    expect(resume(of(1), retried).report).toMatchObject({ status: 'completed' })
    expectRefused(
      resume(of(0), retried),
      'entry 4: expected something that the run has asked for by then, found backoff.ended for "run/1/step/x"; its settings are not those that it began with: step "x": retry: expected {"count":1,"jitter":"none"}, found none; ',
    )
  })

  it('goes on though a wait has another limit by now, or gives something else: what was recorded counts', () => {
    let lives = 0
    const of = (timeout: string) => ({
      parallel: true,
      steps: {
        pause: { wait: '5s', output: () => lives },
        event: { waitForEvent: 'e', timeout, onTimeout: 'skip' },
        last: { wait: '1m' },
      },
    })
    const journal = record(of('10s'), 4)
    expect(journal.map(({ at }) => at)).toEqual([0, 0, 5_000, 10_000])
    lives++
    const { report, errors, host } = resume(of('20s'), journal)
    expect(errors).toEqual([])
    expect([stepOf(report!, 'pause').output, stepOf(report!, 'event').status]).toEqual([0, 'skipped'])
    expect(host.journal('1')).toHaveLength(6)
  })

  it('is refused as an integration, too', () => {
    const play = (operation: string, journal?: readonly Entry[]) => {
      const { definition } = accepted(`
integration:
  modules: [m]
  scenarios:
    - name: s
      steps: [{ name: a, module: m, operation: ${operation} }, { name: b, type: wait, for: 5s, depends_on: [a] }]
`)
      const host = new SimulationHost(journal ? { journals: { 1: journal } } : {})
      const modules = [{ name: 'm', config: {}, operations: { ok: () => 1, other: () => 2 } }]
      const logic = new IntegrationLogic({ definition, modules, host })
      const actor = createActor(logic, journal ? { snapshot: UNDER_WAY } : {})
      const errors: unknown[] = []
      actor.subscribe({ error: (error) => errors.push(error) })
      actor.start()
      host.run(() => !journal && host.journal('1').length === 3)
      return { journal: JSON.parse(JSON.stringify(host.journal('1'))) as Entry[], errors, actor }
    }
    const { journal } = play('ok')
    expect(play('ok', journal).actor.getSnapshot().output).toMatchObject({ status: 'completed' })
    expect(play('other', journal).errors).toMatchObject([
      {
        code: 'RUN_NOT_RESUMABLE',
        message: expect.stringContaining('step "a": operation: expected "m.ok", found "m.other"'),
      },
    ])
  })
})

describe('an entry', () => {
  const config = {
    parallel: true,
    steps: { a: { ...op, when: () => true }, b: { wait: '1m' }, c: { ...op, dependsOn: ['b'] } },
  }
  const whole = record(config)
  const types = whole.map(({ event }) => event.type)
  const entry = (to: string, event: object) => ({ at: 0, to, event })
  const prefix = whole.slice(0, 4)

  it('is of these types, in this order', () => {
    expect(types).toEqual([
      'run.started',
      'module.initialised',
      'decision.made',
      'attempt.succeeded',
      'attempt.succeeded',
      'attempt.succeeded',
      'module.cleaned',
    ])
  })

  it.each([
    [
      'is for an address that is not there',
      entry('run/1/step/zzz', { type: 'attempt.succeeded', attempt: 1, output: 1 }),
    ],
    [
      'is for a step that has no actor yet',
      entry('run/1/step/c', { type: 'attempt.succeeded', attempt: 1, output: 1 }),
    ],
    [
      'is for a step that has ended',
      entry('run/1/step/a', { type: 'attempt.succeeded', attempt: 1, output: 1 }),
    ],
    [
      'is of an attempt that was not made',
      entry('run/1/step/b', { type: 'attempt.failed', attempt: 2, failure: { code: 'X', message: 'x' } }),
    ],
    [
      'decides about a step that there is not',
      entry('run/1', { type: 'decision.made', step: 'zzz', value: true }),
    ],
    ['decides what was decided', entry('run/1', { type: 'decision.made', step: 'a', value: true })],
    ['is of a timer that does not run', entry('run/1', { type: 'run.timedOut' })],
    ['is of a module that is ready', entry('run/1/module/m', { type: 'module.initialised' })],
    [
      'says that a run has had an effect that is not there',
      entry('run/1', { type: 'effect.heard', run: 'run/2', step: 'a', target: 'operation', output: null }),
    ],
    [
      'says so of a step that is not there',
      entry('run/1', { type: 'effect.heard', run: 'run/1', step: 'zzz', target: 'operation', output: null }),
    ],
  ])('is refused that %s', (_, stray) => {
    const { type } = stray.event as { type: string }
    expectRefused(
      resume(config, [...prefix, stray]),
      `Run 1 cannot be resumed: entry 5: expected something that the run has asked for by then, found ${type}`,
    )
  })

  it('is refused after the end of the run', () => {
    const late = { ...whole.at(-1)!, event: { type: 'run.cancel' } }
    expectRefused(
      resume(config, [...whole, late]),
      'entry 8: expected something that the run has asked for by then, found run.cancel',
    )
  })

  it('names the step that it is about', () => {
    const stray = entry('run/1', { type: 'decision.made', step: 'zzz', value: true })
    expectRefused(
      resume(config, [...prefix, stray]),
      'found decision.made about the step "zzz" for "run/1"; resume it with',
    )
  })

  it.each([
    ['cancels a step that there is not', { type: 'run.cancelStep', step: 'zzz' }],
    ['signals what nobody waits for', { type: 'run.signal', event: 'zzz' }],
    [
      'tells an event',
      { type: 'event.emitted', bus: 'x', source: 'y', correlation_id: '1', data: 1, origin: 'operation' },
    ],
    ['was refused when it came', { type: 'event.refused', event: 'x', source: 'y', reason: 'z' }],
  ])('comes unasked that %s', (_, event) => {
    const { report, errors } = resume(config, [...prefix, entry('run/1', event)])
    expect(errors).toEqual([])
    expect(report).toMatchObject({ status: 'completed' })
  })
})

describe('the format of a journal', () => {
  const journal = record(two, 4)
  const [first, ...rest] = journal
  const started = (more: object) => [{ ...first, event: { ...first!.event, ...more } }, ...rest]

  it.each([3, 0, 1.5, '2', {}])('is refused by name that this version does not know: %j', (format) => {
    expect(resume(two, started({ format })).errors).toMatchObject([
      {
        code: 'RUN_NOT_RESUMABLE',
        message: expect.stringMatching(
          /^Run 1 cannot be resumed: its journal has the format .+, expected one of 1, 2; resume it with the version of sagachart that wrote it, or with a later one$/,
        ),
      },
    ])
  })

  it('is the latest one in what is written', () => {
    expect(first!.event).toMatchObject({ type: 'run.started', format: 2, definition: { workflows: 1 } })
  })

  it('may be the first one, that named steps by their place; nobody knows its definition, which is told', () => {
    const decision = (index: number, value: boolean) => ({
      at: 0,
      to: 'run/1',
      event: { type: 'decision.made', index, value },
    })
    const start = { at: 0, to: 'run/1', event: { type: 'run.started', seed: 1 } }
    const old = [start, rest[0], decision(1, true), decision(0, false)]
    const { report, log } = resume(two, old)
    expect([stepOf(report!, 'x').status, stepOf(report!, 'y').status]).toEqual(['skipped', 'success'])
    expect(log).toEqual([
      'run/1: The run goes on, though a journal of format 1 does not say with which definition its run began',
    ])
    expectRefused(
      resume(two, [...old.slice(0, 2), decision(7, true)]),
      'entry 3: expected something that the run has asked for by then, found decision.made for "run/1"; a journal of format 1',
    )
  })

  it.each([
    [{ definition: undefined }, 'entry 1.event.definition: expected an object, found nothing'],
    [
      { definition: { identity: {}, settings: {}, workflows: 2, lists: [] } },
      'definition.workflows: expected at most 0, found 2',
    ],
    [
      { definition: { identity: {}, settings: {}, workflows: 0 } },
      'definition.lists: expected a list, found nothing',
    ],
    [
      {
        definition: {
          identity: {},
          settings: {},
          workflows: 1,
          lists: [
            { identity: {}, settings: {}, steps: [{ name: 'x', identity: {}, settings: {}, lists: [4] }] },
          ],
        },
      },
      'definition, lists of "x": expected less than 1, found 4',
    ],
  ])('says what its definition is: %j', (more, message) => {
    expectRefused(resume(two, started(more)), message)
  })
})
