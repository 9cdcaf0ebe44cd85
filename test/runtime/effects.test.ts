// Effects: what operations did to the world, what of it is undone, what is named, and under which keys.
import { createActor, toPromise } from 'xstate'
import { describe, expect, it } from 'vitest'
import type { OperationContext, StepDefinition, WorkflowDefinition } from '../../src/definition/model.ts'
import { run, setup, stepOf } from '../../src/index.ts'
import { toJson } from '../../src/definition/json-copy.ts'
import {
  breaks,
  compensating,
  computed,
  each,
  fallbackCall,
  loop,
  parallel,
  play,
  retries,
  saga,
  scenario,
  statuses,
  step,
  undo,
  undone,
  verdicts,
  workflow,
  type Play,
} from './workflows.ts'

/** An operation that obeys no signal and succeeds after a time, with its address as its output. */
const late = (afterMs: Readonly<Record<string, number>>): NonNullable<Play['reply']> => {
  return (effect, address) => {
    if (effect.kind !== 'attempt') return undefined
    const ms = effect.target === 'operation' && effect.attempt === 1 ? afterMs[address] : undefined
    return ms === undefined ? undefined : { kind: 'deaf', afterMs: ms }
  }
}

const of = (name: string, operation: string, more: Partial<StepDefinition> = {}): StepDefinition => ({
  ...step(name, more),
  call: { module: 'm', operation, parameters: computed({}) },
})

describe('what a completed run keeps', () => {
  const offers = (...more: StepDefinition[]) => [
    parallel('hotel', [saga('ritz'), saga('savoy')], { waitFor: 1 }),
    ...more,
  ]
  const reply: Play['reply'] = (_, address) => ({
    kind: 'execute',
    afterMs: address === 'hotel/savoy' ? 300 : address.startsWith('undo:') ? 50 : 100,
  })

  it('holds no success beyond those that were waited for: a later one is undone', () => {
    const played = play(workflow(offers(), compensating), { reply })
    expect(played.report).toMatchObject({ status: 'completed', compensation: 'completed', undone: [] })
    expect(stepOf(played.report, 'hotel')).toMatchObject({
      status: 'success',
      output: { ritz: 'hotel/ritz', savoy: null },
      inside: {
        runs: [
          {
            steps: [
              { status: 'success', output: 'hotel/ritz', compensation: null },
              { status: 'compensated', output: null, compensation: { status: 'compensated' } },
            ],
          },
        ],
      },
    })
    expect(undone(played)).toEqual(['undo:hotel/savoy'])
  })

  it('has that undone beside what follows, and ends after it', () => {
    const slow: Play['reply'] = (_, address) => ({
      kind: 'execute',
      afterMs: address.startsWith('undo:') ? 5000 : 100,
    })
    const played = play(workflow(offers(step('next', { dependsOn: ['hotel'] })), compensating), {
      reply: slow,
    })
    expect(played.log.indexOf('next')).toBeLessThan(played.log.indexOf('end undo:hotel/savoy'))
    expect(played.log.indexOf('undo:hotel/savoy')).toBeLessThan(played.log.indexOf('end next'))
    expect(played.report.status).toBe('completed')
    expect(played.time).toBe(5200 - 100)
  })

  it('names what could not be undone, and fails its compensation', () => {
    const played = play(workflow(offers(), compensating), { reply, fates: { 'undo:hotel/savoy': breaks } })
    expect(played.report).toMatchObject({
      status: 'completed',
      compensation: 'failed',
      undone: ['hotel/savoy'],
    })
  })

  it('is named, and not undone, where the scenario does not compensate', () => {
    const played = play(workflow(offers()), { reply })
    expect(undone(played)).toEqual([])
    expect(played.report).toMatchObject({
      status: 'completed',
      compensation: 'none',
      undone: ['hotel/savoy'],
    })
  })

  it('is undone once, with the rest, where the run is undone later', () => {
    const steps = offers(step('bad', { dependsOn: ['hotel'] }))
    const played = play(workflow(steps, compensating), { reply, fates: { bad: breaks } })
    expect(undone(played)).toEqual(['undo:hotel/savoy', 'undo:hotel/ritz'])
    expect(played.report).toMatchObject({ status: 'compensated', undone: [] })
  })

  it('holds nothing of a try of a group that failed: it is undone before the next one', () => {
    let tries = 0
    const fates = {
      'group/pay': () => {
        if (++tries === 1) throw new Error('declined')
      },
    }
    const steps = [
      parallel('group', [saga('book'), saga('pay', { dependsOn: ['book'] })], {}, { retry: retries(1) }),
    ]
    const played = play(workflow(steps, compensating), { fates })
    expect(played.report).toMatchObject({ status: 'completed', compensation: 'completed', undone: [] })
    expect(played.log.filter((line) => line.includes('book'))).toEqual([
      'group/book',
      'end group/book',
      'undo:group/book',
      'end undo:group/book',
      'group[#2]/book',
      'end group[#2]/book',
    ])
    const plain = play(workflow(steps), {
      fates: { 'group/pay': ({ idempotencyKey }) => (idempotencyKey.includes('#') ? 1 : breaks()) },
    })
    expect(plain.report).toMatchObject({ status: 'completed', undone: ['group/book'] })
  })

  it('holds nothing of skipped groups, tolerated iterations, fallbacks in place of groups, cancelled steps', () => {
    const failing = [saga('a'), step('b', { dependsOn: ['a'] })]
    const fates = { 'x/b': breaks, 'x[1]/b': breaks }
    const skipped = play(workflow([parallel('x', failing, {}, verdicts('skip'))], compensating), { fates })
    expect(undone(skipped)).toEqual(['undo:x/a'])
    const tolerant = loop('x', each([1, 2, 3]), failing, { tolerate: { count: 1 } })
    expect(undone(play(workflow([tolerant], compensating), { fates }))).toEqual(['undo:x[1]/a'])
    const replaced = parallel('x', failing, {}, { fallback: computed('plan b') })
    expect(undone(play(workflow([replaced], compensating), { fates }))).toEqual(['undo:x/a'])
    for (const played of [skipped, play(workflow([tolerant], compensating), { fates })])
      expect(played.report).toMatchObject({ status: 'completed', compensation: 'completed', undone: [] })
    const cancelled = play(workflow([parallel('x', [saga('a'), step('b')])], compensating), {
      reply: (_, address) => ({ kind: 'execute', afterMs: address === 'x/b' ? 1000 : 10 }),
      sent: [[500, { type: 'run.cancelStep', step: 'x' } as never]],
    })
    expect(undone(cancelled)).toEqual(['undo:x/a'])
  })

  it('is decided by the scenario around, for scenarios inside', () => {
    const inner = workflow(offers(), { name: 'inner' })
    const played = play(workflow([scenario('s', inner)], compensating), { reply })
    expect(undone(played)).toEqual(['undo:s/hotel/savoy'])
    const own = workflow(offers(), { name: 'inner', ...compensating })
    expect(undone(play(workflow([scenario('s', own)]), { reply }))).toEqual(['undo:s/hotel/savoy'])
    const neither = play(workflow([scenario('s', inner)]), { reply })
    expect(undone(neither)).toEqual([])
    expect(neither.report.undone).toEqual(['s/hotel/savoy'])
  })

  it('is undone before a scenario inside ends, whatever ends it', () => {
    const group = parallel('g', [saga('x'), step('y', { dependsOn: ['x'] })], {}, verdicts('skip'))
    const inner = workflow([group, step('z')], { name: 'inner' })
    const outer = (more: Partial<StepDefinition> = {}) =>
      workflow([scenario('s', inner, {}, more), step('after', { dependsOn: ['s'] })], compensating)
    const slow: Play['reply'] = (_, address) => {
      const afterMs = address.startsWith('undo:') ? 500 : address === 's/z' ? 200 : 50
      return { kind: 'execute', afterMs }
    }
    const fates = { 's/g/y': breaks, 's/z': breaks }
    const ended = play(outer(), { reply: slow, fates })
    expect(ended.report).toMatchObject({ status: 'compensated', undone: [] })
    expect(ended.log.slice(-2)).toEqual(['end undo:s/g/x', 'end s'])
    const left = { compensation: 'failed', undone: ['s/g/x'] }
    const broken = { reply: slow, fates: { ...fates, 'undo:s/g/x': breaks } }
    expect(play(outer(), broken).report).toMatchObject({ status: 'compensation_failed', ...left })
    const skipped = play(outer(verdicts('skip')), broken)
    expect(skipped.report).toMatchObject({ status: 'completed', ...left })
    const alone = workflow([scenario('s', { ...inner, ...compensating }, {}, verdicts('skip'))])
    const own = play(alone, { ...broken, fates: { ...broken.fates, 's/z': () => 1 } })
    expect(own.report).toMatchObject({ status: 'completed', ...left })
    const selfUndoing = workflow([saga('x'), step('z', { dependsOn: ['x'] })], {
      name: 'inner',
      ...compensating,
    })
    const deep = workflow([parallel('p', [scenario('s', selfUndoing, {}, verdicts('skip'))])], compensating)
    const below = play(deep, { fates: { 'p/s/z': breaks, 'undo:p/s/x': breaks } })
    expect(below.report).toMatchObject({ status: 'completed', compensation: 'failed', undone: ['p/s/x'] })
    const sent: Play['sent'] = [[150, { type: 'run.cancel', force: true } as never]]
    const forced = play(outer(), { reply: slow, fates, sent })
    expect(forced.report).toMatchObject({ status: 'cancelled', ...left })
    expect([forced.running, forced.time < 500]).toEqual([[], true])
  })

  it('undoes surplus effects within the limit of compensation, or when it is forced to end', () => {
    const hang: Play['reply'] = (_, address) =>
      address.startsWith('undo:') ? { kind: 'hang' } : { kind: 'execute', afterMs: 10 }
    const limited = play(workflow(offers(), { ...compensating, compensationTimeoutMs: 1000 }), {
      reply: hang,
    })
    expect(limited.report).toMatchObject({
      status: 'completed',
      compensation: 'failed',
      undone: ['hotel/savoy'],
    })
    const forced = play(workflow(offers(), compensating), {
      reply: hang,
      sent: [
        [100, { type: 'run.cancel' }],
        [200, { type: 'run.cancel', force: true } as never],
      ],
    })
    expect(forced.report).toMatchObject({
      status: 'completed',
      compensation: 'failed',
      cancellationsIgnored: 1,
      undone: ['hotel/savoy'],
    })
  })
})

describe('an effect whose success came late', () => {
  const transfer = (more: Partial<StepDefinition> = {}) => [
    saga('withdraw'),
    saga('deposit', { dependsOn: ['withdraw'], timeoutMs: 200, ...more }),
  ]

  it('is undone once, with the output that was heard, before what it depends on', () => {
    const given: unknown[] = []
    const played = play(workflow(transfer(), compensating), {
      reply: late({ deposit: 400 }),
      fates: { 'undo:deposit': (_, parameters) => void given.push(parameters) },
    })
    expect(undone(played)).toEqual(['undo:deposit', 'undo:withdraw'])
    expect(given).toEqual([{ input: {}, output: 'deposit' }])
    expect(played.report).toMatchObject({ status: 'compensated', undone: [], possiblyDone: [] })
    expect(stepOf(played.report, 'deposit')).toMatchObject({
      status: 'failed',
      output: null,
      error: { code: 'ATTEMPT_TIMED_OUT' },
      compensation: { status: 'compensated' },
    })
  })

  it('is undone also where its attempt had been given up on, as long as nothing is undone yet', () => {
    const steps = [...transfer(verdicts('skip')), step('slow', { dependsOn: ['deposit'] })]
    const reply: Play['reply'] = (effect, address) =>
      late({ deposit: 8000 })(effect, address) ?? {
        kind: 'execute',
        afterMs: address === 'slow' ? 20_000 : 0,
      }
    const failed = play(workflow(steps, compensating), { reply, fates: { slow: breaks } })
    expect(undone(failed)).toEqual(['undo:deposit', 'undo:withdraw'])
    const completed = play(workflow(steps, compensating), { reply })
    expect(undone(completed)).toEqual(['undo:deposit'])
    expect(completed.report).toMatchObject({ status: 'completed', compensation: 'completed', undone: [] })
    expect(stepOf(completed.report, 'deposit')).toMatchObject({ status: 'skipped', output: null })
    const plain = play(workflow(steps), { reply })
    expect(plain.report).toMatchObject({ status: 'completed', undone: ['deposit'], possiblyDone: [] })
  })

  it('is named as possibly done where it is heard too late, or never', () => {
    const slowUndo: Play['reply'] = (effect, address) =>
      late({ deposit: 8000 })(effect, address) ?? {
        kind: 'execute',
        afterMs: address === 'undo:withdraw' ? 10_000 : 0,
      }
    const tooLate = play(workflow(transfer(), compensating), { reply: slowUndo })
    expect(undone(tooLate)).toEqual(['undo:withdraw'])
    expect(tooLate.report).toMatchObject({ status: 'compensated', undone: [], possiblyDone: ['deposit'] })
    const never = play(workflow(transfer(), compensating), { reply: late({ deposit: Infinity }) })
    expect(never.report).toMatchObject({ status: 'compensated', possiblyDone: ['deposit'] })
    const completed = play(workflow(transfer(verdicts('skip'))), { reply: late({ deposit: Infinity }) })
    expect(completed.report).toMatchObject({ status: 'completed', possiblyDone: ['deposit'] })
  })

  it('is that of the step’s key: a later attempt that is accepted counts, and it is undone once', () => {
    const steps = [...transfer({ retry: retries(1) }), step('bad', { dependsOn: ['deposit'] })]
    const given: unknown[] = []
    const played = play(workflow(steps, compensating), {
      reply: late({ deposit: 400 }),
      fates: {
        deposit: ({ attempt }) => `receipt ${attempt}`,
        'undo:deposit': (_, parameters) => void given.push(parameters),
        bad: breaks,
      },
    })
    expect(given).toEqual([{ input: {}, output: 'receipt 2' }])
    expect(played.report).toMatchObject({ status: 'compensated', undone: [], possiblyDone: [] })
    const accepted = play(workflow(transfer({ retry: retries(1) }), compensating), {
      reply: late({ deposit: Infinity }),
    })
    expect(accepted.report).toMatchObject({ status: 'completed', possiblyDone: [], undone: [] })
  })

  it('may be undone though nobody heard of it, where its compensation copes with that', () => {
    const steps = transfer({ compensate: undo({ on: 'attempt' }) })
    const played = play(workflow(steps, compensating), { reply: late({ deposit: Infinity }) })
    expect(undone(played)).toEqual(['undo:deposit', 'undo:withdraw'])
    expect(played.report).toMatchObject({ status: 'compensated', possiblyDone: [] })
  })

  it('did not happen where its operation throws, unless the error says that nobody knows', () => {
    const unknown = () => {
      throw Object.assign(new Error('connection lost'), { effect: 'unknown' })
    }
    for (const [fate, possiblyDone] of [
      [breaks, []],
      [unknown, ['deposit']],
    ] as const) {
      const played = play(workflow(transfer(), compensating), { fates: { deposit: fate } })
      expect(played.report).toMatchObject({ status: 'compensated', possiblyDone })
    }
  })

  it('is not known where the process died during the attempt that fails now', () => {
    const steps = workflow(transfer({ timeoutMs: null }), compensating)
    const fates = { deposit: breaks }
    const { journal } = play(steps, { fates })
    const before = journal.findIndex(({ to }) => to.endsWith('step/deposit'))
    const resumed = play(steps, { fates, journal: journal.slice(0, before) })
    expect(resumed.report).toMatchObject({ status: 'compensated', possiblyDone: ['deposit'] })
    expect(stepOf(resumed.report, 'deposit').error).toMatchObject({ effect: 'unknown' })
  })

  it('counts for steps inside of groups, iterations and scenarios, each by its own address', () => {
    const inside = [saga('pay', { timeoutMs: 200 })]
    const reply = late({ 'x/pay': 400, 'x[0]/pay': 400, 'x[1]/pay': Infinity })
    const group = play(workflow([parallel('x', inside, {}, verdicts('skip'))], compensating), { reply })
    expect(undone(group)).toEqual(['undo:x/pay'])
    const all = loop('x', each([1, 2]), inside, { tolerate: { count: 2 } })
    const looped = play(workflow([all], compensating), { reply })
    expect(undone(looped)).toEqual(['undo:x[0]/pay'])
    expect(looped.report).toMatchObject({ status: 'completed', undone: [], possiblyDone: ['x[1]/pay'] })
  })

  it('is heard of after a run inside has ended', () => {
    const steps = [
      parallel('x', [saga('pay', { timeoutMs: 200, ...verdicts('skip') })]),
      step('slow', { dependsOn: ['x'] }),
    ]
    const reply: Play['reply'] = (effect, address) =>
      late({ 'x/pay': 8000 })(effect, address) ?? { kind: 'execute', afterMs: 20_000 }
    const played = play(workflow(steps, compensating), { reply })
    expect(undone(played)).toEqual(['undo:x/pay'])
    expect(played.report).toMatchObject({ status: 'completed', undone: [], possiblyDone: [] })
  })
})

describe('what an operation is declared to do', () => {
  const failing = (steps: StepDefinition[]) =>
    play(workflow([...steps, step('bad', { dependsOn: steps.map(({ name }) => name) })], compensating), {
      fates: { bad: breaks },
    }).report

  it('decides what results name as left: never what only reads', () => {
    const steps = [of('a', 'op'), of('b', 'read'), of('c', 'put'), of('d', 'pay'), saga('e')]
    expect(failing(steps)).toMatchObject({ status: 'compensated', undone: ['c', 'd'] })
    const broken = [saga('a'), { ...of('b', 'read'), compensate: undo() }]
    const played = play(workflow([...broken, step('bad', { dependsOn: ['a', 'b'] })], compensating), {
      fates: { bad: breaks, 'undo:a': breaks, 'undo:b': breaks },
    })
    expect(played.report.undone).toEqual(['a'])
  })

  it('decides whether an effect that nobody heard of is named', () => {
    const names = ['op', 'read', 'put', 'pay']
    const steps = names.map((name) => of(name, name, { timeoutMs: 200, ...verdicts('skip') }))
    const reply = late(Object.fromEntries(names.map((name) => [name, Infinity])))
    expect(play(workflow(steps), { reply }).report.possiblyDone).toEqual(['put', 'pay'])
  })

  it('says so of a loser that nothing can undo', () => {
    const awaited = { onCancel: 'await' } as const
    const group = parallel('any', [of('a', 'pay'), of('b', 'pay', awaited), of('c', 'read', awaited)], {
      waitFor: 1,
    })
    const { report } = play(workflow([group], compensating))
    expect(report).toMatchObject({ status: 'completed', undone: ['any/b'] })
  })
})

describe('a fallback that stood in', () => {
  const shop = (more: Partial<StepDefinition>): WorkflowDefinition =>
    workflow([saga('charge', more), step('ship', { dependsOn: ['charge'] })], compensating)
  const refused = ({ idempotencyKey }: OperationContext) =>
    idempotencyKey.includes('/fallback/') ? 'invoice' : breaks()
  const fates = { charge: refused, ship: breaks }

  it('leaves nothing of the operation to undo', () => {
    const played = play(shop({ fallback: computed({ invoice: true }) }), { fates })
    expect(undone(played)).toEqual([])
    expect(played.report).toMatchObject({ status: 'compensated', undone: [], degraded: true })
    expect(stepOf(played.report, 'charge')).toMatchObject({ status: 'success', fallback: true })
  })

  it('has a key of its own, and is undone by what it says itself', () => {
    const keys: string[] = []
    const given: unknown[] = []
    const note = (fate: (context: OperationContext) => unknown) => (context: OperationContext) => {
      keys.push(context.idempotencyKey)
      return fate(context)
    }
    const own = undo({ parameters: computed(({ output }: { output?: unknown }) => output) })
    const played = play(shop({ fallback: fallbackCall(own) }), {
      fates: {
        ...fates,
        charge: note(refused),
        'undo:charge': (context, parameters) => {
          given.push(parameters)
          return note(() => null)(context)
        },
      },
    })
    expect(keys).toEqual(['run/r/step/charge', 'run/r/fallback/charge', 'run/r/fallback_compensation/charge'])
    expect(given).toEqual(['invoice'])
    expect(played.report).toMatchObject({ status: 'compensated', undone: [] })
  })

  it('does not hide that the operation succeeded late: both effects are undone, the fallback’s first', () => {
    const keys: string[] = []
    const undoing = ({ idempotencyKey }: OperationContext) => void keys.push(idempotencyKey)
    const play1 = (fallbackFate: () => unknown) =>
      play(shop({ timeoutMs: 200, fallback: fallbackCall(undo()) }), {
        reply: late({ charge: 400 }),
        fates: {
          ...fates,
          charge: ({ idempotencyKey }) => (idempotencyKey.includes('/fallback/') ? 'invoice' : 'paid'),
          'undo:charge': (context) =>
            context.idempotencyKey.includes('fallback') ? fallbackFate() : undoing(context),
        },
      })
    expect(play1(() => keys.push('fallback')).report).toMatchObject({ status: 'compensated', undone: [] })
    expect(keys).toEqual(['fallback', 'run/r/compensation/charge'])
    const broken = play1(breaks)
    expect(broken.report).toMatchObject({ status: 'compensation_failed', undone: ['charge'] })
    expect(keys).toHaveLength(3)
  })

  it('is part of the result of a run that completes, and the late success of the operation is not', () => {
    const steps = [saga('charge', { timeoutMs: 200, fallback: fallbackCall(undo()) })]
    const keys: string[] = []
    const played = play(workflow(steps, compensating), {
      reply: late({ charge: 400 }),
      fates: { 'undo:charge': ({ idempotencyKey }) => void keys.push(idempotencyKey) },
    })
    expect(keys).toEqual(['run/r/compensation/charge'])
    expect(played.report).toMatchObject({ status: 'completed', compensation: 'completed', undone: [] })
  })
})

describe('an output that cannot be recorded', () => {
  const book = (compensate = undo()) =>
    workflow([saga('book', { compensate, retry: retries(2) })], compensating)
  const fates = { book: () => new Map() }

  it('fails its step, whose effect is known: it is undone where its parameters need no output', () => {
    const parameters = computed(({ input }: { input?: unknown }) => ({ of: input }))
    const played = play(book(undo({ parameters })), { fates })
    expect(played.calls).toEqual(['book', 'undo:book'])
    expect(played.report).toMatchObject({ status: 'compensated', undone: [] })
    expect(stepOf(played.report, 'book').error).toMatchObject({
      code: 'OUTPUT_NOT_SERIALISABLE',
      effect: 'done',
    })
  })

  it('is named where they need it, and nothing is called', () => {
    const reading = undo({ parameters: computed(({ output }: { output?: unknown }) => ({ id: output })) })
    for (const compensate of [undo(), reading]) {
      let called = 0
      const played = play(book(compensate), { fates: { ...fates, 'undo:book': () => called++ } })
      expect(called).toBe(0)
      expect(played.report).toMatchObject({ status: 'compensation_failed', undone: ['book'] })
    }
    const coping = play(book(undo({ on: 'attempt' })), { fates })
    expect(coping.report).toMatchObject({ status: 'compensated', undone: [] })
  })

  it('is told in at most 200 characters', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    class Booking2 {}
    Object.defineProperty(Booking2, 'name', { value: 'x'.repeat(1000) })
    for (const value of [cycle, { ['k'.repeat(500)]: new Map() }, Symbol('x'), 10n, new WeakMap()]) {
      try {
        toJson(value)
        expect.unreachable()
      } catch (error) {
        expect((error as Error).message.length).toBeLessThanOrEqual(200)
      }
    }
  })
})

describe('idempotency keys', () => {
  it('are unique to an effect, and the same for its attempts and lives', async () => {
    const keys: string[] = []
    let tries = 0
    const m = {
      op: (_: object, { idempotencyKey }: OperationContext) => void keys.push(idempotencyKey),
      flaky: (_: object, { idempotencyKey }: OperationContext) => {
        keys.push(idempotencyKey)
        if (++tries < 3) throw new Error('not yet')
      },
    }
    const flow = setup({ modules: { m } }).createWorkflow({
      id: 'keys',
      steps: {
        scan: {
          forEach: () => [1],
          retry: { count: 1, initial: '1ms' },
          steps: {
            a: { invoke: 'm.op' },
            b: { invoke: 'm.flaky', dependsOn: ['a'], retry: { count: 1, initial: '1ms' } },
          },
        },
      },
    })
    await run(flow, { runId: '42' })
    expect(keys).toEqual([
      'run/42/step/scan[0]/a',
      'run/42/step/scan[0]/b',
      'run/42/step/scan[0]/b',
      'run/42/step/scan[#2][0]/a',
      'run/42/step/scan[#2][0]/b',
    ])
  })

  it('belong to one run: a name that looks like several addresses is refused', async () => {
    const flow = setup({ modules: { m: { op: () => null } } }).createWorkflow({
      id: 'w',
      steps: { a: { invoke: 'm.op' } },
    })
    for (const runId of ['a/b', '', 'a\nb', '/', 'x'.repeat(201)])
      await expect(run(flow, { runId })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    for (const runId of ['order 42', '2026-01-01', 'ü.b:c']) {
      const report = await toPromise(createActor(flow, { input: { runId } }).start())
      expect(report).toMatchObject({ runId, status: 'completed' })
    }
  })
})

describe('an effect that may have to be undone', () => {
  it('stays undone once over a crash at any entry', () => {
    const steps = workflow(
      [
        parallel('hotel', [saga('ritz'), saga('savoy', { timeoutMs: 500 })], { waitFor: 1 }),
        step('next', { dependsOn: ['hotel'] }),
      ],
      compensating,
    )
    const reply: Play['reply'] = (effect, address) =>
      late({ 'hotel/savoy': 1000 })(effect, address) ?? { kind: 'execute', afterMs: 100 }
    const whole = play(steps, { reply })
    expect(undone(whole)).toEqual(['undo:hotel/savoy'])
    for (let length = 1; length < whole.journal.length; length++) {
      const resumed = play(steps, { reply, journal: whole.journal.slice(0, length) })
      expect(resumed.states.get(length)).toBe(whole.states.get(length))
      expect(resumed.report).toMatchObject({ status: 'completed', undone: [] })
      const undoings = [...whole.journal.slice(0, length), ...resumed.journal.slice(length)].filter(
        ({ to, event }) => to.includes('compensation/') && event.type === 'attempt.succeeded',
      )
      expect(undoings.length).toBeLessThanOrEqual(1)
    }
  })

  it('has the statuses of its steps where nothing is surplus', () => {
    const played = play(workflow([saga('a'), saga('b')], compensating))
    expect(statuses(played)).toEqual({ a: 'success', b: 'success' })
    expect(played.report).toMatchObject({ compensation: 'none', undone: [], possiblyDone: [] })
  })
})
