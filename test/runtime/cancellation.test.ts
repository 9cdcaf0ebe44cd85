// Cancelling: a run, a step, and a step inside of another, with what becomes of the steps around it and after them.
import { describe, expect, it } from 'vitest'
import type { DataScope, StepDefinition } from '../../src/definition/model.ts'
import {
  breaks,
  compensating,
  computed,
  conditional,
  decided,
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
  workflow,
  type Play,
} from './workflows.ts'
import { stepOf } from '../../src/runtime/report/step-records.ts'

const at = (time: number, address: string, force = false) =>
  [time, { type: 'run.cancelStep', step: address, force } as never] as const

describe('cancellation', () => {
  it('of a step cancels what depends on it, and nothing else', () => {
    const steps = [step('a'), step('b', { dependsOn: ['a'] }), step('c')]
    const played = play(workflow(steps), { reply: hang('a'), sent: [at(5, 'a')] })
    expect(statuses(played)).toEqual({ a: 'cancelled', b: 'cancelled', c: 'success' })
    expect(played.report.status).toBe('completed')
  })

  it('of a step that has not begun, or that waits for a lease', () => {
    const needs = { resources: [{ pool: 'quota', units: 1 }] }
    const steps = [step('a', needs), step('b', needs), step('c', { dependsOn: ['a'] })]
    const pools = [{ name: 'quota', units: 1 }]
    const reply: Play['reply'] = () => ({ kind: 'execute', afterMs: 10 })
    const played = play(workflow(steps), { pools, reply, sent: [at(5, 'b'), at(5, 'c')] })
    expect(statuses(played)).toEqual({ a: 'success', b: 'cancelled', c: 'cancelled' })
    expect(played.report.leasesOpen).toBe(0)
  })

  it('of a branch cancels all that is inside of it', () => {
    const steps = [parallel('p', [step('a'), parallel('q', [step('b')])]), step('c')]
    const played = play(workflow(steps), { reply: hang('p/a', 'p/q/b'), sent: [at(5, 'p')] })
    expect(statuses(played)).toEqual({ p: 'cancelled', c: 'success' })
    expect(played.running).toEqual([])
  })

  it('of what is not there changes nothing', () => {
    const reply: Play['reply'] = () => ({ kind: 'execute', afterMs: 10 })
    const sent = ['nobody', 'a/b', 'a[7]', 'a[0]/c', 'g[0]', 'g[0]/b', 'scan/b', 'scan[9]'].map(
      (address, index) => at(index + 1, address),
    )
    const steps = [step('a'), parallel('g', [step('b')]), loop('scan', each([1]), [step('b')])]
    expect(play(workflow(steps), { reply, sent }).report).toMatchObject({
      status: 'completed',
      counts: { success: 3 },
    })
  })

  it('of a run ends everything inside, at every depth', () => {
    const steps = [loop('scan', each([1, 2]), [parallel('p', [step('a'), step('b')])], { maxConcurrency: 2 })]
    const reply: Play['reply'] = () => ({ kind: 'hang' })
    const played = play(workflow(steps), { reply, sent: [[5, { type: 'run.cancel' }]] })
    expect(played.report).toMatchObject({ status: 'cancelled', leasesOpen: 0 })
    expect(statuses(played)).toEqual({ scan: 'cancelled' })
    expect(played.time).toBe(5)
  })
})

describe('cancellation of a part', () => {
  const after = (on: string) => [
    step('next', { dependsOn: [on] }),
    step('clean', { dependsOn: [on], runIf: 'all_done' }),
  ]
  const slow = [step('quick'), step('slow')]
  const retried = { retry: retries(2) }
  const cancelled = (address: string, steps: readonly StepDefinition[], more: Play = {}) => {
    return play(workflow(steps), { reply: hang(address), sent: [at(5, address)], ...more })
  }
  const called = workflow([...slow, step('last', { dependsOn: ['slow'] })], {
    name: 'called',
    outputs: { of: decided(({ steps: all }) => (all['slow']!.output as { rows: 1 }).rows) },
  })

  it.each<[string, string, StepDefinition]>([
    ['a group', 'g/slow', parallel('g', slow, {}, retried)],
    ['a group in a group', 'g/in/slow', parallel('g', [parallel('in', slow), step('b')], {}, retried)],
    ['a branch', 'g/slow', conditional('g', [[true, slow]], null, {}, retried)],
    ['an iteration', 'g[1]/slow', loop('g', each([1, 2, 3]), slow, {}, retried)],
    ['a called scenario', 'g/slow', scenario('g', called, {}, retried)],
    [
      'a group in an iteration of a called scenario',
      'g/scan[0]/in/slow',
      scenario(
        'g',
        workflow([loop('scan', each([1]), [parallel('in', slow)])], { name: 'called' }),
        {},
        retried,
      ),
    ],
    [
      'a group whose output needs it',
      'g/slow',
      parallel('g', slow, { output: decided(({ steps: all }) => all['slow']!.output!.toString()) }, retried),
    ],
  ])(
    'cancels %s as a step at the top, and what depends on it; nothing is tried again',
    (_, address, outer) => {
      const played = cancelled(address, [outer, ...after('g')])
      const flat = cancelled('g', [step('g', retried), ...after('g')])
      expect(statuses(played)).toEqual(statuses(flat))
      expect(statuses(played)).toEqual({ g: 'cancelled', next: 'cancelled', clean: 'success' })
      expect(played.report).toMatchObject({ status: 'completed', error: null })
      expect(stepOf(played.report, 'g')).toMatchObject({ attempts: 1, output: null, error: null })
      expect(stepOf(played.report, 'g').inside!.runs.at(-1)!.status).toBe('cancelled')
      expect(played.time).toBe(5)
    },
  )

  it('lets the other parts of a group end first, and those that do not mind run', () => {
    const parts = [...slow, step('late'), step('clean', { dependsOn: ['slow'], runIf: 'all_done' })]
    const reply: Play['reply'] = (effect, address) =>
      address === 'g/late' ? { kind: 'execute', afterMs: 100 } : hang('g/slow')(effect, address)
    const played = cancelled('g/slow', [parallel('g', parts)], { reply })
    expect(stepOf(played.report, 'g')).toMatchObject({ status: 'cancelled' })
    const { steps } = stepOf(played.report, 'g').inside!.runs[0]!
    expect(steps.map(({ status }) => status)).toEqual(['success', 'cancelled', 'success', 'success'])
    expect(played.time).toBe(100)
  })

  it('also before the part has begun', () => {
    const parts = [
      step('first'),
      step('slow', { dependsOn: ['first'] }),
      step('last', { dependsOn: ['slow'] }),
    ]
    const reply: Play['reply'] = () => ({ kind: 'execute', afterMs: 10 })
    const played = cancelled('g/slow', [parallel('g', parts), ...after('g')], { reply })
    expect(played.calls).toEqual(['g/first', 'clean'])
    expect(statuses(played)).toEqual({ g: 'cancelled', next: 'cancelled', clean: 'success' })
  })

  it('leaves a failure of another part the cause', () => {
    const steps = [parallel('g', [step('bad'), step('slow')]), ...after('g')]
    const played = cancelled('g/slow', steps, { fates: { 'g/bad': breaks } })
    expect(statuses(played)).toEqual({ g: 'failed', next: 'failed', clean: 'success' })
    expect(played.report).toMatchObject({ status: 'failed', error: { message: 'no luck' } })
  })

  it('is one success less where so many are waited for', () => {
    const group = (waitFor: number) => [parallel('g', [...slow, step('other')], { waitFor }), ...after('g')]
    const enough = cancelled('g/slow', group(2), { reply: hang('g/slow') })
    expect(statuses(enough)).toEqual({ g: 'success', next: 'success', clean: 'success' })
    const short = cancelled('g/slow', group(3))
    expect(statuses(short)).toEqual({ g: 'failed', next: 'failed', clean: 'success' })
    expect(stepOf(short.report, 'g').error).toMatchObject({ code: 'TOO_FEW_SUCCEEDED' })
  })

  it.each(['scan[1]', 'scan[1]/slow'])('is tolerated in a loop as a failure is: %s', (address) => {
    const scan = (count: number) => [
      loop('scan', each([0, 1, 2]), slow, { tolerate: { count } }),
      ...after('scan'),
    ]
    const reply = hang('scan[1]/slow')
    const tolerated = cancelled(address, scan(1), { reply })
    expect(stepOf(tolerated.report, 'scan').output).toEqual([
      { quick: 'scan[0]/quick', slow: 'scan[0]/slow' },
      null,
      { quick: 'scan[2]/quick', slow: 'scan[2]/slow' },
    ])
    expect(statuses(tolerated)).toEqual({ scan: 'success', next: 'success', clean: 'success' })
    const one = cancelled(address, scan(0), { reply })
    expect(statuses(one)).toEqual({ scan: 'cancelled', next: 'cancelled', clean: 'success' })
    expect(one.calls.filter((call) => call.startsWith('scan[2]'))).toEqual([])
  })

  it('ends a loop as the iteration does that is one too many', () => {
    const tolerant = { tolerate: { count: 1 } }
    const scan = loop('scan', each([0, 1, 2]), [step('slow')], tolerant)
    const cancelledLast = cancelled('scan[1]/slow', [scan], { fates: { 'scan[0]/slow': breaks } })
    expect(statuses(cancelledLast)).toEqual({ scan: 'cancelled' })
    const failedLast = cancelled('scan[0]/slow', [scan], { fates: { 'scan[1]/slow': breaks } })
    expect(statuses(failedLast)).toEqual({ scan: 'failed' })
  })

  it('is counted in an iteration of while and until, too', () => {
    const rounds = loop(
      'rounds',
      { kind: 'while', condition: computed(({ index }: DataScope) => index! < 3) },
      slow,
    )
    expect(statuses(cancelled('rounds[1]/slow', [rounds]))).toEqual({ rounds: 'cancelled' })
  })

  it('forces an iteration to end where it is forced', () => {
    const deaf: Play['reply'] = (_, address) => (address === 'scan[0]/x' ? { kind: 'hang' } : undefined)
    const scan = loop('scan', each([1]), [saga('x', { onCancel: 'await' })])
    const forced = play(workflow([scan]), { reply: deaf, sent: [at(5, 'scan[0]', true)] })
    expect(statuses(forced)).toEqual({ scan: 'cancelled' })
    expect(forced.time).toBe(5)
  })

  it('undoes what the other parts did, which is no part of the result; names it where nothing is undone', () => {
    const steps = [parallel('g', [saga('quick'), step('slow')]), ...after('g')]
    const { report, calls } = play(workflow(steps, compensating), {
      reply: hang('g/slow'),
      sent: [at(5, 'g/slow')],
    })
    expect(calls.toSorted()).toEqual(['clean', 'g/quick', 'g/slow', 'undo:g/quick'])
    expect(report).toMatchObject({ status: 'completed', undone: [], compensation: 'completed' })
    expect(cancelled('g/slow', steps).report).toMatchObject({ status: 'completed', undone: ['g/quick'] })
  })

  it('undoes a called scenario that compensates, as cancelling the step that calls it does', () => {
    const call = scenario('call', workflow([saga('x'), step('slow')], { name: 'called', ...compensating }))
    const outcome = (address: string) => {
      const played = play(workflow([call, ...after('call')]), {
        reply: hang('call/slow'),
        sent: [at(5, address)],
      })
      return [statuses(played), played.calls]
    }
    expect(outcome('call/slow')).toEqual([
      { call: 'cancelled', next: 'cancelled', clean: 'success' },
      ['call/x', 'call/slow', 'undo:call/x', 'clean'],
    ])
    expect(outcome('call')).toEqual(outcome('call/slow'))
  })

  it('fails a group with a part that could not run for what the group comes after', () => {
    const needing = step('x', { runIf: 'ancestors_succeeded' })
    const group = parallel('g', [needing, step('b')], {}, { dependsOn: ['clean'], ...retried })
    const steps = [step('bad'), step('clean', { dependsOn: ['bad'], runIf: 'all_done' }), group]
    const played = play(workflow(steps), { fates: { bad: breaks } })
    expect(stepOf(played.report, 'g')).toMatchObject({
      status: 'failed',
      attempts: 1,
      error: { code: 'DEPENDENCIES_NOT_SATISFIED', message: "Dependencies not satisfied: ['bad']" },
    })
  })
})
