// What control steps do: branches, iterations, waits, scenarios as steps, nested in each other.
import { describe, expect, it } from 'vitest'
import type { AnyActorRef, InspectionEvent } from 'xstate'
import type { DataScope } from '../../src/definition/model.ts'
import type { Session } from '../../src/runtime/journal/session.ts'
import {
  awaitEvent,
  breaks,
  computed,
  conditional,
  decided,
  each,
  loop,
  parallel,
  pause,
  play,
  retries,
  scenario,
  statuses,
  step,
  verdicts,
  workflow,
} from './workflows.ts'
import { stepOf } from '../../src/runtime/report/step-records.ts'

const outputOf = (scope: DataScope, name: string) => scope.steps[name]?.output

describe('parallel', () => {
  it('runs its steps side by side and gives an object by their names', () => {
    const slow = () => ({ kind: 'execute', afterMs: 1000 }) as const
    const played = play(workflow([parallel('p', [step('a'), step('b')])], { parallel: false }), {
      reply: slow,
    })
    expect(played.report).toMatchObject({ status: 'completed' })
    expect(stepOf(played.report, 'p').output).toEqual({ a: 'p/a', b: 'p/b' })
    expect(played.time).toBe(1000)
  })

  it('fails where one of its steps does, once all have ended', () => {
    const played = play(workflow([parallel('p', [step('a'), step('b')])]), { fates: { 'p/a': breaks } })
    expect(stepOf(played.report, 'p')).toMatchObject({ status: 'failed', error: { message: 'no luck' } })
    expect(played.calls).toEqual(['p/a', 'p/b'])
  })

  it('is content with as many successes as it waits for, and cancels the rest', () => {
    const reply = (_: unknown, address: string) =>
      address === 'p/slow' ? ({ kind: 'hang' } as const) : ({ kind: 'execute' } as const)
    const steps = [step('bad'), step('good'), step('slow')]
    const played = play(workflow([parallel('p', steps, { waitFor: 1 })]), {
      fates: { 'p/bad': breaks },
      reply,
    })
    expect(played.report).toMatchObject({ status: 'completed' })
    expect(stepOf(played.report, 'p').output).toEqual({ bad: null, good: 'p/good', slow: null })
    const inside = stepOf(played.report, 'p').inside!.runs[0]!.steps
    expect(inside.map(({ status }) => status)).toEqual(['failed', 'success', 'cancelled'])
  })

  it('fails as soon as there can not be enough successes', () => {
    const hang = (_: unknown, address: string) =>
      address === 'p/c' ? ({ kind: 'hang' } as const) : undefined
    const steps = [step('a'), step('b'), step('c')]
    const fates = { 'p/a': breaks, 'p/b': breaks }
    const played = play(workflow([parallel('p', steps, { waitFor: 2 })]), { fates, reply: hang })
    expect(stepOf(played.report, 'p')).toMatchObject({
      status: 'failed',
      error: { code: 'TOO_FEW_SUCCEEDED' },
    })
  })

  // Found by the properties: what was counted was told once, when nobody listened any more, and the end never.
  it('ends where it is cancelled before it has counted to an end', () => {
    const hang = () => ({ kind: 'hang' }) as const
    const played = play(workflow([parallel('p', [step('a'), step('b')], { waitFor: 2 })]), {
      reply: hang,
      sent: [[5, { type: 'run.cancel' }]],
    })
    expect(played.report.status).toBe('cancelled')
  })

  // Found by the properties: the inner step was let through by what also ended the outer one, and ran on.
  it('starts nothing more once it can not succeed', () => {
    const never = { when: decided(() => false) }
    const steps = [step('a', never), parallel('q', [step('x')], {}, { dependsOn: ['a'] }), step('c', never)]
    const played = play(workflow([parallel('p', steps, { waitFor: 2 })]), { chooser: (count) => count - 1 })
    expect(stepOf(played.report, 'p').error).toMatchObject({ code: 'TOO_FEW_SUCCEEDED' })
    expect(played.calls).toEqual([])
  })

  it('counts to the last success, when that is also the last step', () => {
    const played = play(workflow([parallel('p', [step('a'), step('b')], { waitFor: 2 })]))
    expect(stepOf(played.report, 'p').status).toBe('success')
    const short = play(workflow([parallel('p', [step('a'), step('b')], { waitFor: 2 })]), {
      fates: { 'p/b': breaks },
    })
    expect(stepOf(short.report, 'p').error).toMatchObject({ code: 'TOO_FEW_SUCCEEDED' })
  })
})

describe('conditional', () => {
  const branching = (left: unknown) =>
    workflow([conditional('c', [[left, [step('x')]]], [step('y')]), step('after', { dependsOn: ['c'] })])

  it('takes the first branch whose condition holds, else the other', () => {
    expect(play(branching(true)).calls).toEqual(['c/x', 'after'])
    expect(play(branching(false)).calls).toEqual(['c/y', 'after'])
    expect(play(branching(() => true)).calls).toEqual(['c/x', 'after'])
    expect(play(branching(decided(() => false))).calls).toEqual(['c/y', 'after'])
  })

  it('succeeds with nothing where no branch is taken', () => {
    const played = play(workflow([conditional('c', [[false, [step('x')]]])]))
    expect(stepOf(played.report, 'c')).toMatchObject({ status: 'success', output: {} })
  })

  it('counts the steps of branches not taken as skipped, for its output', () => {
    const output = computed(({ steps }: DataScope) => [steps['x']?.status, steps['y']?.status])
    const one = conditional('c', [[false, [step('x')]]], [step('y')], { output })
    expect(stepOf(play(workflow([one])).report, 'c').output).toEqual(['skipped', 'success'])
    const none = conditional('c', [[false, [step('x')]]], null, {
      output: computed(({ steps }: DataScope) => steps['x']?.status),
    })
    expect(stepOf(play(workflow([none])).report, 'c').output).toBe('skipped')
  })

  it('fails where its condition does', () => {
    expect(stepOf(play(branching(breaks)).report, 'c')).toMatchObject({
      error: { code: 'EXPRESSION_FAILED' },
    })
    expect(stepOf(play(branching(decided(breaks))).report, 'c')).toMatchObject({
      error: { code: 'EXPRESSION_FAILED' },
    })
    expect(stepOf(play(branching(() => 1)).report, 'c').status).toBe('failed')
  })
})

describe('iterative', () => {
  const fetchAll = (items: unknown, more = {}) => workflow([loop('scan', each(items), [step('fetch')], more)])

  it('runs its steps for each item, and gives a list in their order', () => {
    const played = play(fetchAll(['a', 'b']))
    expect(played.calls).toEqual(['scan[0]/fetch', 'scan[1]/fetch'])
    expect(stepOf(played.report, 'scan').output).toEqual([
      { fetch: 'scan[0]/fetch' },
      { fetch: 'scan[1]/fetch' },
    ])
  })

  it('lets its steps see item and index, and what the loop may see', () => {
    const seen = step('see', {
      parameters: ({ item, index, steps }: DataScope) => [item, index, steps['before']?.output],
    })
    const played = play(
      workflow([step('before'), loop('scan', each(['x', 'y']), [seen], {}, { dependsOn: ['before'] })]),
      {
        fates: { 'scan[0]/see': (_, given) => given, 'scan[1]/see': (_, given) => given },
      },
    )
    expect(stepOf(played.report, 'scan').output).toEqual([
      { see: ['x', 0, 'before'] },
      { see: ['y', 1, 'before'] },
    ])
  })

  it('keeps the order of the items, whatever ends first', () => {
    const reply = (_: unknown, address: string) =>
      ({ kind: 'execute', afterMs: address.startsWith('scan[0]') ? 50 : 10 }) as const
    const output = computed(({ index }: DataScope) => index)
    const played = play(fetchAll([1, 2, 3], { maxConcurrency: 2, output }), { reply })
    expect(stepOf(played.report, 'scan').output).toEqual([0, 1, 2])
    expect(played.time).toBe(50)
  })

  it('puts up with as many failed iterations as it may, with null in their place', () => {
    const fates = { 'scan[1]/fetch': breaks }
    const tolerant = play(fetchAll([1, 2, 3], { tolerate: { count: 1 } }), { fates })
    expect(stepOf(tolerant.report, 'scan')).toMatchObject({ status: 'success' })
    expect(stepOf(tolerant.report, 'scan').output).toEqual([
      { fetch: 'scan[0]/fetch' },
      null,
      { fetch: 'scan[2]/fetch' },
    ])
    const strict = play(fetchAll([1, 2, 3]), { fates })
    expect(stepOf(strict.report, 'scan')).toMatchObject({ status: 'failed', error: { message: 'no luck' } })
    expect(strict.calls).toEqual(['scan[0]/fetch', 'scan[1]/fetch'])
  })

  it('goes over items that a function gives, and refuses what is no list', () => {
    const over = (items: unknown) =>
      workflow([loop('scan', { kind: 'each', items: decided(() => items) }, [step('f')])])
    expect(play(over([1, 2])).calls).toHaveLength(2)
    expect(stepOf(play(over(7)).report, 'scan').error).toMatchObject({ code: 'EXPRESSION_FAILED' })
    expect(stepOf(play(over([])).report, 'scan').output).toEqual([])
  })

  it('fails on more items than it may have, before any of them', () => {
    const played = play(fetchAll([1, 2, 3], { iterationsMax: 2 }))
    expect(stepOf(played.report, 'scan').error).toMatchObject({ code: 'ITERATION_LIMIT' })
    expect(played.calls).toEqual([])
  })

  it('goes on as long as a condition says, which sees the last iteration', () => {
    const until = (condition: (scope: DataScope) => unknown) =>
      loop('poll', { kind: 'until', condition: computed(condition) }, [step('ask')], { iterationsMax: 5 })
    let asked = 0
    const fates = Object.fromEntries([0, 1, 2, 3, 4].map((i) => [`poll[${i}]/ask`, () => ++asked]))
    const played = play(workflow([until((scope) => outputOf(scope, 'ask') === 3)]), { fates })
    expect(stepOf(played.report, 'poll').output).toEqual([{ ask: 1 }, { ask: 2 }, { ask: 3 }])
    const never = play(workflow([until(() => false)]), { fates })
    expect(stepOf(never.report, 'poll').error).toMatchObject({ code: 'ITERATION_LIMIT' })
  })

  it('asks a while before the first iteration, where its steps count as skipped', () => {
    const condition = decided(({ steps, index }) => steps['ask']?.status === 'skipped' || index! < 2)
    const played = play(workflow([loop('poll', { kind: 'while', condition }, [step('ask')])]))
    expect(played.calls).toEqual(['poll[0]/ask', 'poll[1]/ask'])
    const none = loop('poll', { kind: 'while', condition: computed(() => false) }, [step('ask')])
    expect(stepOf(play(workflow([none])).report, 'poll').output).toEqual([])
  })
})

describe('wait', () => {
  it('waits for a time, and holds no slot', () => {
    const steps = [pause('a', 5000), pause('b', 5000), step('c')]
    const played = play(workflow(steps, { maxConcurrency: 1 }))
    expect(played.time).toBe(5000)
    expect(statuses(played)).toEqual({ a: 'success', b: 'success', c: 'success' })
  })

  const approval = (until = {}) =>
    workflow([awaitEvent('approved', 'approval', until), step('after', { dependsOn: ['approved'] })])
  const signal = (data: unknown) => ({ type: 'run.signal', event: 'approval', data })

  it('waits for an event from outside, whose data is its output', () => {
    const played = play(approval(), { sent: [[3000, signal({ by: 'Ada' })]] })
    expect(stepOf(played.report, 'approved').output).toEqual({ by: 'Ada' })
    expect(played.time).toBe(3000)
  })

  it('takes an event that came before, once', () => {
    const late = workflow([
      step('first'),
      awaitEvent('w', 'approval', {}, { dependsOn: ['first'] }),
      awaitEvent('x', 'approval', { timeoutMs: 1000 }, { dependsOn: ['w'] }),
    ])
    const reply = () => ({ kind: 'execute', afterMs: 5000 }) as const
    const played = play(late, { sent: [[10, signal(1)]], reply })
    expect(stepOf(played.report, 'w').output).toBe(1)
    expect(stepOf(played.report, 'x').error).toMatchObject({ code: 'WAIT_TIMED_OUT' })
  })

  it('takes an event that an operation emits, with events on the bus or not', () => {
    const steps = [awaitEvent('w', 'ready'), step('tell')]
    const fates = { tell: ({ emit }: { emit: (type: string, data: unknown) => void }) => emit('ready', 42) }
    for (const eventsEnabled of [true, false])
      expect(stepOf(play(workflow(steps), { fates, eventsEnabled }).report, 'w').output).toBe(42)
  })

  it.each(['expression', 'function'] as const)('passes over what its filter (%s) refuses', (kind) => {
    const filter = { kind, evaluate: ({ event }: DataScope) => (event!.data as { ok: boolean }).ok }
    const sent = [
      [1, signal({ ok: false })],
      [2, signal({ ok: true })],
    ] as const
    const played = play(approval({ filter }), { sent })
    expect(stepOf(played.report, 'approved').output).toEqual({ ok: true })
  })

  it.each([
    ['fail', 'failed'],
    ['skip', 'skipped'],
    ['continue', 'success'],
  ] as const)('when it has waited too long, it %ss', (onTimeout, status) => {
    const played = play(approval({ timeoutMs: 60_000, onTimeout }))
    expect(stepOf(played.report, 'approved').status).toBe(status)
    expect(played.time).toBe(60_000)
  })

  it('lets the other branch go when one of two events comes first', () => {
    const race = parallel('race', [awaitEvent('yes', 'accepted'), awaitEvent('no', 'rejected')], {
      waitFor: 1,
    })
    const played = play(workflow([race]), {
      sent: [[1, { type: 'run.signal', event: 'rejected', data: 'why' } as never]],
    })
    expect(stepOf(played.report, 'race').output).toEqual({ yes: null, no: 'why' })
  })
})

describe('scenario', () => {
  const called = workflow([step('a', { parameters: ({ inputs }: DataScope) => inputs['who'] })], {
    name: 'greet',
    outputs: { said: computed((scope: DataScope) => outputOf(scope, 'a')) },
  })

  it('runs another scenario as one step, with inputs of its own, and gives its outputs', () => {
    const fates = { 'g/a': (_: unknown, given: unknown) => `hello ${String(given)}` }
    const played = play(workflow([scenario('g', called, { who: 'Ada' })]), {
      inputs: { who: 'nobody' },
      fates,
    })
    expect(stepOf(played.report, 'g').output).toEqual({ said: 'hello Ada' })
  })

  it('sees nothing of what is around it', () => {
    const nosy = workflow([step('a', { parameters: ({ steps }: DataScope) => 'before' in steps })], {
      name: 'n',
    })
    const played = play(workflow([step('before'), scenario('n', nosy, {}, { dependsOn: ['before'] })]), {
      fates: { 'n/a': (_, given) => given },
    })
    expect(stepOf(played.report, 'n').output).toEqual({ a: false })
  })

  it('keeps its own time limit, and its own stop', () => {
    const hang = () => ({ kind: 'hang' }) as const
    const limited = play(workflow([scenario('g', { ...called, timeoutMs: 2000 })]), { reply: hang })
    expect(stepOf(limited.report, 'g').error).toMatchObject({ code: 'RUN_TIMED_OUT' })
    const stops = workflow(
      [step('x', verdicts('fail_workflow')), step('y', { dependsOn: ['z'] }), step('z')],
      { name: 's' },
    )
    const outer = workflow([scenario('s', stops, {}, verdicts('skip')), step('other')])
    const played = play(outer, { fates: { 's/x': breaks } })
    expect(statuses(played)).toEqual({ s: 'skipped', other: 'success' })
  })
})

describe('any control step', () => {
  it('has the features of any step: retries, a limit, a fallback, verdicts', () => {
    let tries = 0
    const fates = {
      'p/a': () => {
        if (++tries < 3) throw new Error('not yet')
        return tries
      },
    }
    const again = play(workflow([parallel('p', [step('a')], {}, { retry: retries(2) })]), { fates })
    expect(stepOf(again.report, 'p')).toMatchObject({ status: 'success', attempts: 3, output: { a: 3 } })
    const hang = () => ({ kind: 'hang' }) as const
    const limited = play(workflow([parallel('p', [step('a')], {}, { timeoutMs: 1000 })]), { reply: hang })
    expect(stepOf(limited.report, 'p').error).toMatchObject({ code: 'ATTEMPT_TIMED_OUT' })
    const other = play(workflow([parallel('p', [step('a')], {}, { fallback: computed('plan b') })]), {
      fates: { 'p/a': breaks },
    })
    expect(stepOf(other.report, 'p')).toMatchObject({ status: 'success', output: 'plan b' })
  })

  it('nests: a loop in a branch in a loop', () => {
    const inner = loop(
      'in',
      each(({ item }: DataScope) => item),
      [step('f', { parameters: ({ item, index }: DataScope) => [item, index] })],
    )
    const branch = conditional('c', [[({ item }: DataScope) => (item as unknown[]).length > 0, [inner]]])
    const fates = Object.fromEntries(
      ['out[0]/c/in[0]/f', 'out[0]/c/in[1]/f'].map((address) => [
        address,
        (_: unknown, given: unknown) => given,
      ]),
    )
    const played = play(workflow([loop('out', each([['a', 'b'], []]), [branch])]), { fates })
    expect(played.calls).toEqual(['out[0]/c/in[0]/f', 'out[0]/c/in[1]/f'])
    expect(stepOf(played.report, 'out').output).toEqual([
      { c: { in: [{ f: ['a', 0] }, { f: ['b', 1] }] } },
      { c: {} },
    ])
  })

  it('is made of actors with addresses, each below the one that it belongs to', () => {
    const parents = new Map<string, string | undefined>()
    const inspect = (event: InspectionEvent) => {
      const { id, _parent: parent } = event.actorRef as AnyActorRef
      if (event.type === '@xstate.actor') parents.set(id, parent?.id)
    }
    play(workflow([loop('scan', each([1, 2]), [step('fetch')])]), { inspect })
    expect(parents.get('run/r/loop/scan')).toBe('run/r/step/scan')
    expect(parents.get('run/r/steps/scan[1]')).toBe('run/r/loop/scan')
    expect(parents.get('run/r/step/scan[1]/fetch')).toBe('run/r/steps/scan[1]')
  })

  it('lets a verdict inside end the whole run', () => {
    const inner = parallel('q', [step('bad', verdicts('fail_workflow')), step('slow')])
    const hang = (_: unknown, address: string) =>
      address.endsWith('slow') ? ({ kind: 'hang' } as const) : undefined
    const steps = [parallel('p', [inner]), step('slow'), step('never', { dependsOn: ['slow'] })]
    const played = play(workflow(steps), { fates: { 'p/q/bad': breaks }, reply: hang })
    expect(statuses(played)).toEqual({ p: 'failed', slow: 'cancelled', never: 'cancelled' })
    expect(played.report).toMatchObject({ status: 'failed', error: { message: 'no luck' } })
  })

  it('publishes what becomes of it as a custom step, too', () => {
    const { events } = play(workflow([parallel('p', [step('a')])]))
    expect(events.filter(({ source }) => source === 'run/r/step/p').map(({ type }) => type)).toEqual([
      'step_started',
      'step_completed',
      'custom_step_completed',
    ])
  })

  it('keeps no more actors and runs of a long loop than are under way', () => {
    const items = Array.from({ length: 1000 }, (_, index) => index)
    let most = 0
    const watch = ({ actors, runs }: Session) => (most = Math.max(most, actors.size + runs.size))
    play(workflow([loop('scan', each(items), [step('f')], { maxConcurrency: 2 })]), { each: watch })
    // The run, module and bus; the loop and its step; and of each iteration under way a run, its actor and its step.
    expect(most).toBeLessThanOrEqual(6 + 2 * 3)
  })

  it('shows what is inside in the report, and no more of a long loop than it may', () => {
    const items = Array.from({ length: 1000 }, (_, index) => index)
    const fates = { 'scan[900]/f': breaks }
    const played = play(workflow([loop('scan', each(items), [step('f')], { tolerate: { share: 0.01 } })]), {
      fates,
    })
    const inside = stepOf(played.report, 'scan').inside!
    expect(inside.ended).toBe(1000)
    expect(inside.runs.map(({ iteration }) => iteration)).toEqual([...items.slice(0, 100), 900])
    expect(inside.runs.at(-1)).toMatchObject({ status: 'failed', steps: [{ name: 'f', status: 'failed' }] })
  })
})
