// The control-flow patterns of van der Aalst, ter Hofstede, Kiepuszewski and Barros ("Workflow Patterns", 2003; revised by
// Russell et al., 2006), as far as they fit, one test each.
//
// Those that do not fit, and why:
// - arbitrary cycles: a graph has none; loops are structured, or a scenario runs another one.
// - implicit termination is what every run does; explicit termination is the verdict `fail_workflow` or a cancellation.
// - critical section and interleaved routing need a resource of one unit: it is shown under the latter.
// - transient trigger: an event that comes before its wait is kept (persistent trigger), for losing it is a bug elsewhere.
import { describe, expect, it } from 'vitest'
import type { DataScope } from '../../src/definition/model.ts'
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
  scenario,
  statuses,
  step,
  workflow,
  type Fates,
  type Play,
  type Played,
} from './workflows.ts'
import { stepOf } from '../../src/runtime/report/step-records.ts'

/** How an attempt goes, by its address. */
type Reply = NonNullable<Play['reply']>

const taking = (times: Readonly<Record<string, number>>): Reply => {
  return (_, address) => ({ kind: 'execute', afterMs: times[address] ?? 0 })
}
const signal = (at: number, event: string, data: unknown = null) =>
  [at, { type: 'run.signal', event, data } as never] as const
const when = (holds: boolean) => ({ when: computed(holds) })
const insideOf = ({ report }: Played, name: string) =>
  stepOf(report, name).inside!.runs[0]!.steps.map(({ status }) => status)

/** When a step began, or ended well, by address. */
const began = ({ events }: Played, address: string) => timeOf(events, 'step_started', address)
const ended = ({ events }: Played, address: string) => timeOf(events, 'step_completed', address)
const timeOf = (events: Played['events'], type: string, address: string) =>
  events
    .filter((event) => event.type === type && event.source.endsWith(`/step/${address}`))
    .map(({ at }) => at)

/** Branches, by address, that say when they have arrived: who, and in which round of a loop. */
const arriving = (branches: Readonly<Record<string, readonly [name: string, round?: number]>>): Fates =>
  Object.fromEntries(
    Object.entries(branches).map(([address, [name, round = 0]]) => [
      address,
      ({ emit }) => emit('arrived', { name, round }),
    ]),
  )

/** Waits for so many of these branches to arrive, and leaves the branches alone. */
const arrivals = (names: readonly string[], waitFor: number) =>
  parallel(
    'join',
    names.map((name) =>
      awaitEvent(name, 'arrived', {
        filter: computed(({ event, index = 0 }: DataScope) => {
          const arrived = event!.data as { name: string; round: number }
          return arrived.name === name && arrived.round === index
        }),
      }),
    ),
    { waitFor },
  )

describe('workflow patterns', () => {
  it('sequence: a step begins once the one before has ended', () => {
    const played = play(workflow([step('a'), step('b', { dependsOn: ['a'] })]), { reply: taking({ a: 50 }) })
    expect(played.log).toEqual(['a', 'end a', 'b', 'end b'])
  })

  it('parallel split: several steps begin after one', () => {
    const steps = [step('a'), step('b', { dependsOn: ['a'] }), step('c', { dependsOn: ['a'] })]
    expect(play(workflow(steps), { reply: taking({ b: 50, c: 50 }) }).log.slice(2, 4)).toEqual(['b', 'c'])
  })

  it('synchronisation: a step begins once all branches have ended', () => {
    const steps = [step('a'), step('b'), step('c', { dependsOn: ['a', 'b'] })]
    const played = play(workflow(steps), { reply: taking({ a: 10, b: 500 }) })
    expect(played.log.slice(-3)).toEqual(['end b', 'c', 'end c'])
  })

  it('exclusive choice: one of several branches is taken', () => {
    const choice = conditional(
      'choice',
      [
        [false, [step('a')]],
        [true, [step('b')]],
        [true, [step('c')]],
      ],
      [step('d')],
    )
    expect(play(workflow([choice])).calls).toEqual(['choice/b'])
  })

  it('simple merge: what follows goes on after whichever branch was taken', () => {
    const steps = [step('a', when(false)), step('b', when(true)), step('merge', { dependsOn: ['a', 'b'] })]
    expect(play(workflow(steps)).calls).toEqual(['b', 'merge'])
  })

  it('multi choice: each branch is taken, or not, on its own', () => {
    const steps = [step('a', when(true)), step('b', when(false)), step('c', when(true))]
    expect(play(workflow(steps)).calls).toEqual(['a', 'c'])
  })

  it('structured synchronising merge: waits for those branches that were taken', () => {
    const steps = [
      step('a', when(true)),
      step('b', when(false)),
      step('c', when(true)),
      step('merge', { dependsOn: ['a', 'b', 'c'] }),
    ]
    const played = play(workflow(steps), { reply: taking({ a: 20, c: 700 }) })
    expect(played.log.slice(-3)).toEqual(['end c', 'merge', 'end merge'])
  })

  it('multi merge: what follows runs once for each branch', () => {
    const branches = [{ take: 'a' }, { take: 'b' }]
    const body = [
      step('own', { parameters: ({ item }: DataScope) => item }),
      step('follow', { dependsOn: ['own'] }),
    ]
    const played = play(workflow([loop('each', each(branches), body, { maxConcurrency: 2 })]))
    expect(played.calls.filter((call) => call.endsWith('follow'))).toHaveLength(2)
  })

  it('structured discriminator (9): what follows begins after the first branch; the rest goes on, and changes nothing', () => {
    const body = [
      step('quick'),
      step('slow'),
      arrivals(['quick', 'slow'], 1),
      step('after', { dependsOn: ['join'] }),
    ]
    const played = play(workflow([loop('rounds', each([0, 1]), body)]), {
      fates: arriving({
        ...{ 'rounds[0]/quick': ['quick', 0], 'rounds[0]/slow': ['slow', 0] },
        ...{ 'rounds[1]/quick': ['quick', 1], 'rounds[1]/slow': ['slow', 1] },
      }),
      reply: taking({
        ...{ 'rounds[0]/quick': 10, 'rounds[0]/slow': 900 },
        ...{ 'rounds[1]/quick': 900, 'rounds[1]/slow': 10 },
      }),
    })
    expect(began(played, 'rounds[0]/after')).toEqual([10])
    expect(ended(played, 'rounds[0]/slow')).toEqual([900])
    // Once all branches have arrived, it is as at first.
    expect(began(played, 'rounds[1]/quick')).toEqual([900])
    expect(began(played, 'rounds[1]/after')).toEqual([910])
    expect(ended(played, 'rounds[1]/quick')).toEqual([1800])
    expect(played.report.status).toBe('completed')
  })

  it('cancelling discriminator (29): what follows begins after the first branch; the rest is cancelled', () => {
    const race = parallel('race', [step('quick'), step('slow')], { waitFor: 1 })
    const played = play(workflow([race, step('after', { dependsOn: ['race'] })]), {
      reply: taking({ 'race/quick': 10, 'race/slow': 900 }),
    })
    expect(insideOf(played, 'race')).toEqual(['success', 'cancelled'])
    expect(played.log).toContain('after')
    expect(played.time).toBe(10)
  })

  it('structured partial join (30): what follows begins after so many branches; the rest goes on', () => {
    const names = ['a', 'b', 'c', 'd']
    const steps = [
      ...names.map((name) => step(name)),
      arrivals(names, 3),
      step('after', { dependsOn: ['join'] }),
    ]
    const played = play(workflow(steps), {
      fates: arriving({ a: ['a'], b: ['b'], c: ['c'], d: ['d'] }),
      reply: taking({ a: 10, b: 900, c: 30, d: 20 }),
    })
    expect(began(played, 'after')).toEqual([30])
    expect(ended(played, 'b')).toEqual([900])
    expect(played.report).toMatchObject({ status: 'completed', counts: { success: 6 } })
  })

  it('cancelling partial join (32): what follows begins after so many branches; the rest is cancelled', () => {
    const names = ['a', 'b', 'c', 'd']
    const vote = parallel(
      'vote',
      names.map((name) => step(name)),
      { waitFor: 3 },
    )
    const played = play(workflow([vote, step('after', { dependsOn: ['vote'] })]), {
      reply: taking({ 'vote/a': 10, 'vote/b': 900, 'vote/c': 30, 'vote/d': 20 }),
    })
    expect(insideOf(played, 'vote')).toEqual(['success', 'cancelled', 'success', 'success'])
    expect(played.report.status).toBe('completed')
    expect(played.time).toBe(30)
  })

  it('general synchronising merge (38): waits for each branch that may still come, and for none that can not', () => {
    const rounds = { kind: 'until', condition: computed(({ index }: DataScope) => index === 1) } as const
    const steps = (repeats: boolean) => [
      step('taken'),
      step('not taken', when(false)),
      loop('again', rounds, [step('work')], {}, when(repeats)),
      step('broken'),
      step('behind', { dependsOn: ['broken'] }),
      step('across', { dependsOn: ['taken', 'not taken'] }),
      step('merge', { dependsOn: ['again', 'behind', 'across'], runIf: 'any_succeeded' }),
    ]
    const reply = taking({ taken: 10, broken: 20, across: 30, 'again[0]/work': 100, 'again[1]/work': 100 })
    const merged = (repeats: boolean) =>
      began(play(workflow(steps(repeats)), { fates: { broken: breaks }, reply }), 'merge')
    expect(merged(true)).toEqual([200])
    expect(merged(false)).toEqual([40])
  })

  it('structured loop: while, and until', () => {
    const rounds = loop(
      'rounds',
      { kind: 'while', condition: computed(({ index }: DataScope) => index! < 3) },
      [step('a')],
    )
    expect(play(workflow([rounds])).calls).toHaveLength(3)
    const once = loop('once', { kind: 'until', condition: computed(true) }, [step('a')])
    expect(play(workflow([once])).calls).toHaveLength(1)
  })

  it('recursion: a scenario runs another, down to a bound', () => {
    const leaf = workflow([step('leaf')], { name: 'leaf' })
    const middle = workflow([scenario('call', leaf)], { name: 'middle' })
    expect(play(workflow([scenario('call', middle)])).calls).toEqual(['call/call/leaf'])
  })

  it('multiple instances with a priori design-time knowledge: a literal list', () => {
    expect(
      play(workflow([loop('three', each([1, 2, 3]), [step('a')], { maxConcurrency: 3 })])).calls,
    ).toHaveLength(3)
  })

  it('multiple instances with a priori run-time knowledge: a list that an earlier step gave', () => {
    const many = loop(
      'many',
      each(({ steps }: DataScope) => steps['list']?.output),
      [step('a')],
      {},
      { dependsOn: ['list'] },
    )
    const played = play(workflow([step('list'), many]), { fates: { list: () => ['x', 'y'] } })
    expect(stepOf(played.report, 'many').output).toHaveLength(2)
  })

  it('multiple instances without a priori run-time knowledge: another as long as there is more', () => {
    let left = 4
    const fates = Object.fromEntries([0, 1, 2, 3, 4].map((i) => [`more[${i}]/take`, () => --left]))
    const more = loop(
      'more',
      { kind: 'until', condition: decided(({ steps }) => steps['take']?.output === 0) },
      [step('take')],
    )
    expect(stepOf(play(workflow([more]), { fates }).report, 'more').output).toHaveLength(4)
  })

  it('static partial join for multiple instances (34): what follows begins after so many; the rest goes on', () => {
    const many = loop('many', each([0, 1, 2, 3]), [step('a')], { maxConcurrency: 4 })
    const steps = [many, arrivals(['0', '1', '2', '3'], 2), step('after', { dependsOn: ['join'] })]
    const played = play(workflow(steps), {
      fates: arriving({ 'many[0]/a': ['0'], 'many[1]/a': ['1'], 'many[2]/a': ['2'], 'many[3]/a': ['3'] }),
      reply: taking({ 'many[0]/a': 900, 'many[1]/a': 10, 'many[2]/a': 700, 'many[3]/a': 20 }),
    })
    expect(began(played, 'after')).toEqual([20])
    expect(ended(played, 'many')).toEqual([900])
    expect(stepOf(played.report, 'many').output).toHaveLength(4)
  })

  it('multiple instances without synchronisation (12): the case goes on while each instance takes its time', () => {
    const many = loop('many', each([0, 1, 2]), [step('a')], { maxConcurrency: 3 }, { dependsOn: ['create'] })
    const steps = [
      step('create'),
      many,
      step('next', { dependsOn: ['create'] }),
      step('last', { dependsOn: ['next'] }),
    ]
    const played = play(workflow(steps), {
      reply: taking({ 'many[0]/a': 500, 'many[1]/a': 700, 'many[2]/a': 600 }),
    })
    expect(played.log.slice(2)).toEqual([
      ...['next', 'many[0]/a', 'many[1]/a', 'many[2]/a', 'end next', 'last', 'end last'],
      ...['end many[0]/a', 'end many[2]/a', 'end many[1]/a', 'end many'],
    ])
  })

  it('thread split (42) and thread merge (41): so many threads go through the same steps, and become one again', () => {
    const thread = [step('a'), step('b', { dependsOn: ['a'] })]
    const split = loop('split', each([0, 1, 2]), thread, { maxConcurrency: 3 })
    const played = play(workflow([split, step('merge', { dependsOn: ['split'] })]), {
      reply: taking({ 'split[0]/a': 10, 'split[1]/a': 30, 'split[2]/a': 20 }),
    })
    expect(played.calls).toEqual([
      ...['split[0]/a', 'split[1]/a', 'split[2]/a'],
      ...['split[0]/b', 'split[2]/b', 'split[1]/b', 'merge'],
    ])
  })

  it('deferred choice: the event that comes first decides', () => {
    const race = parallel(
      'choice',
      [awaitEvent('accepted', 'accept'), awaitEvent('rejected', 'reject'), pause('nobody', 10_000)],
      { waitFor: 1 },
    )
    const after = conditional(
      'then',
      [
        [
          ({ steps }: DataScope) => (steps['choice']!.output as { accepted: unknown }).accepted !== null,
          [step('go')],
        ],
      ],
      [step('stop')],
      {},
      { dependsOn: ['choice'] },
    )
    const first = (event: string) => play(workflow([race, after]), { sent: [signal(5, event, 1)] }).calls
    expect(first('accept')).toEqual(['then/go'])
    expect(first('reject')).toEqual(['then/stop'])
  })

  it('interleaved routing: in any order, but one at a time', () => {
    const one = { resources: [{ pool: 'desk', units: 1 }] }
    const played = play(workflow([step('a', one), step('b', one), step('c')]), {
      pools: [{ name: 'desk', units: 1 }],
      reply: taking({ a: 100, b: 100, c: 100 }),
    })
    expect(played.time).toBe(200)
    expect(played.log.filter((line) => !line.includes('c'))).toEqual(['a', 'end a', 'b', 'end b'])
  })

  it('milestone: a step begins only once something was reached elsewhere', () => {
    const steps = [awaitEvent('open', 'reached'), step('enter', { dependsOn: ['open'] }), step('reach')]
    const played = play(workflow(steps), {
      fates: { reach: ({ emit }) => emit('reached') },
      reply: taking({ reach: 800 }),
    })
    expect(played.log.slice(0, 3)).toEqual(['reach', 'end open', 'enter'])
    expect(played.time).toBe(800)
  })

  it('persistent trigger: an event that comes before its wait is not lost', () => {
    const steps = [step('first'), awaitEvent('go', 'go', {}, { dependsOn: ['first'] })]
    const played = play(workflow(steps), { reply: taking({ first: 100 }), sent: [signal(1, 'go', 7)] })
    expect(stepOf(played.report, 'go').output).toBe(7)
  })

  const hang: Reply = (_, address) => (address.endsWith('slow') ? { kind: 'hang' } : undefined)
  const cancel = (address: string) => [5, { type: 'run.cancelStep', step: address } as never] as const

  it('cancel activity: one step is withdrawn, the case goes on', () => {
    const played = play(workflow([step('slow'), step('b')]), { reply: hang, sent: [cancel('slow')] })
    expect(statuses(played)).toEqual({ slow: 'cancelled', b: 'success' })
    expect(played.report.status).toBe('completed')
  })

  it('cancel region: a control step is withdrawn with all that is inside of it', () => {
    const region = parallel('region', [step('slow'), parallel('inner', [step('slow')])])
    const played = play(workflow([region, step('b')]), { reply: hang, sent: [cancel('region')] })
    expect(statuses(played)).toEqual({ region: 'cancelled', b: 'success' })
    expect(played.running).toEqual([])
  })

  it('cancel multiple instance activity: every instance ends', () => {
    const played = play(workflow([loop('many', each([1, 2]), [step('slow')], { maxConcurrency: 2 })]), {
      reply: hang,
      sent: [cancel('many')],
    })
    expect(statuses(played)).toEqual({ many: 'cancelled' })
  })

  it('cancel case: the whole run is withdrawn', () => {
    const played = play(workflow([step('slow'), step('b', { dependsOn: ['slow'] })]), {
      reply: hang,
      sent: [[5, { type: 'run.cancel' }]],
    })
    expect(played.report.status).toBe('cancelled')
    expect(played.running).toEqual([])
  })
})

describe('retry, catch and map, as AWS Step Functions has them', () => {
  const noLuck = { fates: { a: breaks } }
  const retrying = (more: object) =>
    ({
      count: 3,
      backoff: {
        kind: 'exponential',
        initialMs: 1000,
        factor: 2,
        maxMs: 60_000,
        jitter: 'none',
        maxElapsedMs: null,
        ...more,
      },
      nonRetryable: [],
    }) as const

  it('Retry: MaxAttempts 3, IntervalSeconds 1, BackoffRate 2 waits 1, 2 and 4 seconds', () => {
    expect(play(workflow([step('a', { retry: retrying({}) })]), noLuck).time).toBe(7000)
  })

  it('Retry: MaxDelaySeconds bounds each wait', () => {
    expect(play(workflow([step('a', { retry: retrying({ maxMs: 1500 }) })]), noLuck).time).toBe(
      1000 + 1500 + 1500,
    )
  })

  it('Retry: JitterStrategy FULL waits anything up to that', () => {
    const { time } = play(workflow([step('a', { retry: retrying({ jitter: 'full' }) })]), noLuck)
    expect(time).toBeGreaterThan(0)
    expect(time).toBeLessThan(7000)
  })

  it('Retry: an error that is not listed is not retried; here, one that is listed as such', () => {
    const retry = { ...retrying({}), nonRetryable: ['ValidationError'] }
    const fates = {
      a: () => {
        throw Object.assign(new Error('bad'), { name: 'ValidationError' })
      },
    }
    expect(stepOf(play(workflow([step('a', { retry })]), { fates }).report, 'a').attempts).toBe(1)
  })

  it('Retry: TimeoutSeconds and HeartbeatSeconds count as failures that may be retried', () => {
    const hang: Reply = () => ({ kind: 'hang' })
    const attempts = (more: object) =>
      stepOf(play(workflow([step('a', { retry: retrying({}), ...more })]), { reply: hang }).report, 'a')
    expect(attempts({ timeoutMs: 100 })).toMatchObject({ attempts: 4, error: { code: 'ATTEMPT_TIMED_OUT' } })
    expect(attempts({ heartbeatMs: 100 })).toMatchObject({ attempts: 4, error: { code: 'HEARTBEAT_MISSED' } })
  })

  it('Catch: what follows a failure sees the error', () => {
    const caught = step('caught', {
      dependsOn: ['a'],
      runIf: 'all_done',
      parameters: ({ steps }: DataScope) => steps['a']?.error?.message,
    })
    const played = play(workflow([step('a'), caught]), { fates: { a: breaks, caught: (_, given) => given } })
    expect(stepOf(played.report, 'caught').output).toBe('no luck')
  })

  const map = (items: number, more: object) => {
    const list = Array.from({ length: items }, (_, index) => index)
    const broken = Object.fromEntries([0, 1].map((index) => [`map[${index}]/a`, breaks]))
    return stepOf(
      play(workflow([loop('map', each(list), [step('a')], more)]), { fates: broken }).report,
      'map',
    ).status
  }

  it('Map: ToleratedFailureCount and ToleratedFailurePercentage are thresholds that may be reached', () => {
    expect(map(10, { tolerate: { count: 2 } })).toBe('success')
    expect(map(10, { tolerate: { count: 1 } })).toBe('failed')
    expect(map(10, { tolerate: { share: 0.2 } })).toBe('success')
    expect(map(10, { tolerate: { share: 0.19 } })).toBe('failed')
  })

  it('Map: MaxConcurrency bounds the iterations side by side; the outputs keep the order of the items', () => {
    const list = [30, 20, 10]
    const reply: Reply = (_, address) => ({
      kind: 'execute',
      afterMs: list[Number(/\d/.exec(address)![0])]!,
    })
    const played = play(workflow([loop('map', each(list), [step('a')], { maxConcurrency: 2 })]), { reply })
    expect(stepOf(played.report, 'map').output).toEqual(list.map((_, index) => ({ a: `map[${index}]/a` })))
    expect(played.time).toBe(30)
  })

  it('Map: nested maps fail and succeed on their own', () => {
    const inner = loop(
      'inner',
      each(({ item }: DataScope) => item),
      [step('a')],
      { tolerate: { count: 1 } },
    )
    const played = play(workflow([loop('outer', each([[1, 2], [3]]), [inner])]), {
      fates: { 'outer[0]/inner[1]/a': breaks },
    })
    expect(stepOf(played.report, 'outer').output).toEqual([
      { inner: [{ a: 'outer[0]/inner[0]/a' }, null] },
      { inner: [{ a: 'outer[1]/inner[0]/a' }] },
    ])
  })
})
