// What is undone, when, and in which order.
import { describe, expect, it } from 'vitest'
import type { DataScope } from '../../src/definition/model.ts'
import {
  breaks,
  compensating,
  computed,
  conditional,
  each,
  hang,
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
import { stepOf } from '../../src/runtime/report/step-records.ts'

describe('compensation', () => {
  it('undoes what succeeded in the reverse order of the graph, each once', () => {
    const steps = [
      saga('flight'),
      saga('hotel', { dependsOn: ['flight'] }),
      step('mail', { dependsOn: ['hotel'] }),
      saga('car', { dependsOn: ['mail'] }),
      step('pay', { dependsOn: ['car'] }),
    ]
    const played = play(workflow(steps, compensating), { fates: { pay: breaks } })
    expect(undone(played)).toEqual(['undo:car', 'undo:hotel', 'undo:flight'])
    expect(played.report).toMatchObject({
      status: 'compensated',
      cause: 'failed',
      compensation: 'completed',
      undone: [],
    })
    expect(statuses(played)).toEqual({
      flight: 'compensated',
      hotel: 'compensated',
      mail: 'success',
      car: 'compensated',
      pay: 'failed',
    })
  })

  it('undoes independent steps side by side, and one at a time where steps run so', () => {
    const steps = [saga('a'), saga('b'), step('c', { dependsOn: ['a', 'b'] })]
    const slow: Play = {
      fates: { c: breaks },
      reply: (_, address) => ({ kind: 'execute', afterMs: address.startsWith('undo:') ? 1000 : 0 }),
    }
    expect(play(workflow(steps, compensating), slow).time).toBe(1000)
    const sequential = play(workflow(steps, { ...compensating, parallel: false }), slow)
    expect(undone(sequential)).toEqual(['undo:b', 'undo:a'])
    expect(sequential.time).toBe(2000)
  })

  it('happens by verdict, too; and not where nobody asks for it', () => {
    const steps = (verdict: 'compensate' | 'fail') => [
      saga('a'),
      step('b', { dependsOn: ['a'], ...verdicts(verdict) }),
    ]
    const fates = { b: breaks }
    expect(play(workflow(steps('compensate')), { fates }).report.status).toBe('compensated')
    const none = play(workflow(steps('fail')), { fates })
    expect(none.report).toMatchObject({ status: 'failed', compensation: 'none', undone: [] })
    expect(undone(none)).toEqual([])
  })

  it('gives the step’s input and output to what undoes it', () => {
    const given: unknown[] = []
    const take = (_: unknown, parameters: unknown) => void given.push(parameters)
    const own = {
      parameters: computed(({ input, output, steps }: DataScope) => [input, output, steps['a']?.status]),
    }
    const steps = [
      saga('a', { parameters: { x: 1 } }),
      saga('b', {
        dependsOn: ['a'],
        parameters: ({ steps }: DataScope) => steps['a']?.output,
        compensate: undo(own as never),
      }),
      step('c', { dependsOn: ['b'] }),
    ]
    play(workflow(steps, compensating), { fates: { c: breaks, 'undo:a': take, 'undo:b': take } })
    expect(given).toEqual([['a', 'b', 'success'], { input: { x: 1 }, output: 'a' }])
  })

  it('retries, keeps its own time limit, and goes on where one can not be undone', () => {
    let tries = 0
    const flaky = () => {
      if (++tries < 3) throw new Error('busy')
    }
    const steps = [
      saga('a'),
      saga('b', { dependsOn: ['a'], compensate: undo({ retry: retries(2), timeoutMs: 500 }) }),
      saga('c', { dependsOn: ['b'] }),
      step('d', { dependsOn: ['c'] }),
    ]
    const played = play(workflow(steps, compensating), {
      fates: { d: breaks, 'undo:b': flaky, 'undo:c': breaks },
    })
    expect(undone(played)).toEqual(['undo:c', 'undo:b', 'undo:b', 'undo:b', 'undo:a'])
    expect(played.report).toMatchObject({
      status: 'compensation_failed',
      compensation: 'failed',
      undone: ['c'],
    })
    expect(stepOf(played.report, 'c')).toMatchObject({
      status: 'compensation_failed',
      compensation: { status: 'failed', error: { message: 'no luck' }, attempts: 1 },
    })
    const late = play(workflow(steps, compensating), { fates: { d: breaks }, reply: hang('undo:b') })
    expect(stepOf(late.report, 'b').compensation).toMatchObject({
      error: { code: 'ATTEMPT_TIMED_OUT' },
      attempts: 3,
    })
  })

  it('has a limit of its own, outside of that of the run', () => {
    const steps = [saga('a'), saga('b', { dependsOn: ['a'] }), step('c', { dependsOn: ['b'] })]
    const definition = workflow(steps, { ...compensating, timeoutMs: 10, compensationTimeoutMs: 60_000 })
    const played = play(definition, { fates: { c: breaks }, reply: hang('undo:b') })
    expect(played.report).toMatchObject({ status: 'compensation_failed', undone: ['a', 'b'] })
    expect(played.time).toBe(60_000)
    expect(played.report.leasesOpen).toBe(0)
  })

  it('happens after cancellation and time-out, where the workflow says so, and the status names the cause', () => {
    const steps = [saga('a'), step('b', { dependsOn: ['a'] })]
    const cancelled = play(workflow(steps, compensating), {
      reply: hang('b'),
      sent: [[5, { type: 'run.cancel' }]],
    })
    expect(cancelled.report).toMatchObject({ status: 'cancelled', compensation: 'completed' })
    const timedOut = play(workflow(steps, { ...compensating, timeoutMs: 50 }), { reply: hang('b') })
    expect(timedOut.report).toMatchObject({ status: 'timed_out', compensation: 'completed' })
    expect(undone(timedOut)).toEqual(['undo:a'])
  })

  it('waits for a running step that can be undone, and undoes its late success', () => {
    const steps = [saga('slow'), step('bad')]
    const reply: Play['reply'] = (_, address) => ({
      kind: 'execute',
      afterMs: address === 'slow' ? 3000 : 10,
    })
    const played = play(workflow(steps, compensating), { fates: { bad: breaks }, reply })
    expect(statuses(played)).toEqual({ slow: 'compensated', bad: 'failed' })
    const aborted = play(workflow([saga('slow', { onCancel: 'abort' }), step('bad')], compensating), {
      fates: { bad: breaks },
      reply,
    })
    expect(statuses(aborted)).toEqual({ slow: 'cancelled', bad: 'failed' })
  })

  it('does not wait for ever', () => {
    const played = play(workflow([saga('slow'), step('bad')], compensating), {
      fates: { bad: breaks },
      reply: hang('slow'),
    })
    expect(statuses(played)).toEqual({ slow: 'cancelled', bad: 'failed' })
    expect(played.time).toBe(30_000)
  })

  it('undoes an attempt that is not known to have succeeded, where it is to', () => {
    const on = (onWhat: 'success' | 'attempt') => {
      const steps = [step('a', { compensate: undo({ on: onWhat }), ...verdicts('compensate') })]
      return play(workflow(steps), { fates: { a: breaks } })
    }
    expect(undone(on('attempt'))).toEqual(['undo:a'])
    expect(stepOf(on('attempt').report, 'a')).toMatchObject({
      status: 'failed',
      compensation: { status: 'compensated' },
    })
    expect(undone(on('success'))).toEqual([])
    const never = [
      step('a', { when: computed(false), compensate: undo({ on: 'attempt' }) }),
      step('b', verdicts('compensate')),
    ]
    expect(undone(play(workflow(never), { fates: { b: breaks } }))).toEqual([])
  })

  it('records a cancellation that comes meanwhile, and ignores it; force ends it and lists the rest', () => {
    const steps = [saga('a'), saga('b', { dependsOn: ['a'] }), step('c', { dependsOn: ['b'] })]
    const reply: Play['reply'] = (_, address) =>
      address === 'undo:b' ? { kind: 'execute', afterMs: 1000 } : undefined
    const options = { fates: { c: breaks }, reply }
    const ignored = play(workflow(steps, compensating), { ...options, sent: [[500, { type: 'run.cancel' }]] })
    expect(ignored.report).toMatchObject({ status: 'compensated', cancellationsIgnored: 1 })
    const forced = play(workflow(steps, compensating), {
      ...options,
      sent: [[500, { type: 'run.cancel', force: true } as never]],
    })
    expect(forced.report).toMatchObject({ status: 'compensation_failed', undone: ['a', 'b'] })
    expect(forced.time).toBe(500)
  })

  it('is forgone where the run is forced to end before', () => {
    const steps = [saga('a'), saga('b', { dependsOn: ['a'] })]
    const played = play(workflow(steps, compensating), {
      reply: hang('b'),
      sent: [[5, { type: 'run.cancel', force: true } as never]],
    })
    expect(played.report).toMatchObject({ status: 'cancelled', compensation: 'failed', undone: ['a'] })
    expect(played.time).toBe(5)
  })

  it('holds the resources of the step, as its attempts did', () => {
    const needs = { resources: [{ pool: 'quota', units: 1 }] }
    const steps = [saga('a', needs), saga('b', needs), step('c', { dependsOn: ['a', 'b'] })]
    const played = play(workflow(steps, compensating), {
      fates: { c: breaks },
      pools: [{ name: 'quota', units: 1 }],
      reply: (_, address) => ({ kind: 'execute', afterMs: address === 'c' ? 0 : 100 }),
    })
    expect(played.report).toMatchObject({ status: 'compensated', leasesOpen: 0 })
    expect(played.time).toBe(400)
  })
})

describe('compensation inside of control steps', () => {
  it('goes from the inside out, the last iteration first, and into the branch that was taken', () => {
    const steps = [
      saga('before'),
      loop(
        'scan',
        each([1, 2]),
        [saga('x'), saga('y', { dependsOn: ['x'] })],
        {},
        { dependsOn: ['before'], compensate: undo() },
      ),
      conditional('c', [[true, [saga('in')]]], [saga('out')], {}, { dependsOn: ['scan'] }),
      step('bad', { dependsOn: ['c'] }),
    ]
    const played = play(workflow(steps, compensating), { fates: { bad: breaks } })
    expect(undone(played)).toEqual([
      'undo:c/in',
      'undo:scan[1]/y',
      'undo:scan[1]/x',
      'undo:scan[0]/y',
      'undo:scan[0]/x',
      'undo:scan',
      'undo:before',
    ])
    expect(played.report.status).toBe('compensated')
  })

  it('undoes what succeeded inside of a control step that failed, and in attempts before its last', () => {
    let tries = 0
    const fates = {
      'p/b': () => {
        if (++tries < 2) throw new Error('not yet')
      },
      bad: breaks,
    }
    const steps = [
      parallel('p', [saga('a'), step('b', { dependsOn: ['a'] })], {}, { retry: retries(1) }),
      step('bad', { dependsOn: ['p'] }),
    ]
    const again = play(workflow(steps, compensating), { fates })
    const [first, second] = [
      ['p/a', 'p/b', 'undo:p/a'],
      ['p[#2]/a', 'p[#2]/b'],
    ]
    expect(again.calls).toEqual([...first, ...second, 'bad', 'undo:p[#2]/a'])
    const failed = play(
      workflow([parallel('p', [saga('a'), step('b', { dependsOn: ['a'] })])], compensating),
      {
        fates: { 'p/b': breaks },
      },
    )
    expect(undone(failed)).toEqual(['undo:p/a'])
  })

  it('lists what is left inside by its address', () => {
    const steps = [loop('scan', each([1, 2]), [saga('x')]), step('bad', { dependsOn: ['scan'] })]
    const played = play(workflow(steps, compensating), { fates: { bad: breaks, 'undo:scan[0]/x': breaks } })
    expect(played.report).toMatchObject({ status: 'compensation_failed', undone: ['scan[0]/x'] })
    expect(undone(played)).toEqual(['undo:scan[1]/x', 'undo:scan[0]/x'])
  })

  it('undoes a scenario as a whole; one that undid itself is not undone again', () => {
    const inner = workflow([saga('a'), saga('b', { dependsOn: ['a'] })], { name: 'inner' })
    const steps = [
      scenario('s', inner),
      saga('after', { dependsOn: ['s'] }),
      step('bad', { dependsOn: ['after'] }),
    ]
    const whole = play(workflow(steps, compensating), { fates: { bad: breaks } })
    expect(undone(whole)).toEqual(['undo:after', 'undo:s/b', 'undo:s/a'])
    const itself = workflow([saga('a'), step('b', { dependsOn: ['a'] })], { name: 'inner', ...compensating })
    const played = play(
      workflow([saga('first'), scenario('s', itself, {}, { dependsOn: ['first'] })], compensating),
      {
        fates: { 's/b': breaks },
      },
    )
    expect(undone(played)).toEqual(['undo:s/a', 'undo:first'])
    expect(played.report.status).toBe('compensated')
  })

  it('does not happen where every step ended well and only the outputs cannot be computed', () => {
    const outputs = { live: computed(({ steps }: DataScope) => (steps['b']!.output as { x: string }).x) }
    const steps = [saga('a'), saga('b', { dependsOn: ['a'], when: computed(false) })]
    const own = workflow(steps, { ...compensating, name: 'inner', outputs })
    const played = play(own)
    const message = 'The output "live" could not be computed: Cannot read properties of null (reading \'x\')'
    expect(played.report).toMatchObject({
      ...{ status: 'failed', cause: 'failed', compensation: 'none', undone: [], outputs: null },
      error: { code: 'EXPRESSION_FAILED', message, retryable: false },
    })
    expect(played.calls).toEqual(['a'])
    expect(statuses(played)).toEqual({ a: 'success', b: 'skipped' })
    // Of a run inside of a step that is a failure of the step, which the run around it undoes.
    const around = play(workflow([scenario('s', own)], compensating))
    expect(around.calls).toEqual(['s/a', 'undo:s/a'])
    expect(around.report).toMatchObject({ status: 'compensated', error: { message } })
  })

  it('happens by a verdict deep inside', () => {
    const deep = parallel('q', [saga('x'), step('bad', { dependsOn: ['x'], ...verdicts('compensate') })])
    const played = play(workflow([saga('a'), loop('scan', each([1]), [deep], {}, { dependsOn: ['a'] })]), {
      fates: { 'scan[0]/q/bad': breaks },
    })
    expect(undone(played)).toEqual(['undo:scan[0]/q/x', 'undo:a'])
    expect(played.report.status).toBe('compensated')
  })

  it('undoes iterations as many at once as went side by side', () => {
    const steps = [
      loop('scan', each([1, 2, 3]), [saga('x')], { maxConcurrency: 3 }),
      step('bad', { dependsOn: ['scan'] }),
    ]
    const reply: Play['reply'] = (_, address) => ({
      kind: 'execute',
      afterMs: address.startsWith('undo') ? 10 : 0,
    })
    expect(play(workflow(steps, compensating), { fates: { bad: breaks }, reply }).time).toBe(10)
  })

  it('ends when it is forced to, inside, too', () => {
    const steps = [loop('scan', each([1, 2]), [saga('x')]), step('bad', { dependsOn: ['scan'] })]
    const played = play(workflow(steps, compensating), {
      fates: { bad: breaks },
      reply: hang('undo:scan[1]/x'),
      sent: [[7, { type: 'run.cancel', force: true } as never]],
    })
    expect(played.report).toMatchObject({ status: 'compensation_failed', undone: ['scan[0]/x', 'scan[1]/x'] })
    expect(played.time).toBe(7)
  })
})
