// What `run_if` makes of how dependencies ended: every combination, in one table, which the README shows.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RunCondition, StepStatus } from '../../machines/protocol.ts'
import type { StepDefinition } from '../../src/definition/model.ts'
import { planWorkflow } from '../../src/definition/plan.ts'
import { RUN_CONDITIONS } from '../../src/definition/shape.ts'
import { judgeGate, newGraph, settle } from '../../src/kernel/graph.ts'
import {
  breaks,
  computed,
  conditional,
  each,
  loop,
  parallel,
  play,
  scenario,
  statuses,
  step,
  verdicts,
  workflow,
  type Play,
} from './workflows.ts'
import { stepOf } from '../../src/runtime/report/step-records.ts'

/** How a dependency may end, the best first. */
const ENDS = ['success', 'skipped', 'lacking', 'cancelled', 'failed'] as const
type End = (typeof ENDS)[number]

/** Steps of which each is called as it ends. `lacking`: skipped because nothing that it needs has succeeded. */
const ending: Readonly<Record<End, readonly StepDefinition[]>> = {
  success: [step('success')],
  skipped: [step('skipped', { when: computed(false) })],
  lacking: [
    step('nothing', { when: computed(false) }),
    step('lacking', { dependsOn: ['nothing'], runIf: 'any_succeeded' }),
  ],
  cancelled: [step('cancelled')],
  failed: [step('failed')],
}

/** Every choice of ends, but none. */
const combinations = Array.from({ length: 2 ** ENDS.length - 1 }, (_, at) =>
  ENDS.filter((_end, bit) => ((at + 1) >> bit) % 2 === 1),
)

const sent = ['cancelled', 'group/cancelled', 'scan[0]/cancelled'].map(
  (address) => [5, { type: 'run.cancelStep', step: address } as never] as const,
)
const world: Play = {
  fates: { failed: breaks, skipped: breaks, 'group/failed': breaks, 'scan[0]/failed': breaks },
  reply: (_, address) => (address.endsWith('cancelled') ? { kind: 'hang' } : undefined),
  sent,
}

type Around = (steps: readonly StepDefinition[]) => StepDefinition

/** How steps that depend on such ends, one for each `run_if`, end themselves. */
function outcomes(
  ends: readonly End[],
  { made = ending, around }: { made?: typeof ending; around?: Around } = {},
) {
  const steps = [
    ...ends.flatMap((end) => made[end]),
    ...RUN_CONDITIONS.map((runIf) => step(runIf, { dependsOn: ends, runIf })),
  ]
  if (!around) return statuses(play(workflow(steps), world))
  const { report } = play(workflow([around(steps)]), world)
  const { steps: inner } = report.steps[0]!.inside!.runs[0]!
  return Object.fromEntries(inner.map(({ name, status }) => [name, status]))
}

const WORST: Readonly<Record<End, string>> = {
  success: 'success',
  skipped: 'skipped by its `when` or a verdict',
  lacking: 'skipped for lack of success',
  cancelled: 'cancelled',
  failed: 'failed',
}
const SAYS: Readonly<Record<string, string>> = {
  success: 'runs',
  skipped: 'skipped',
  cancelled: 'cancelled',
  failed: 'fails',
}
const COLUMNS = ['all_succeeded', 'none_failed', 'any_succeeded', 'ancestors_succeeded', 'all_done'] as const

/** The table, as the README has it: of what ends a step depends on, the worst and whether there is a success decide. */
function table(): string {
  const rows = new Map<string, readonly string[]>()
  for (const ends of combinations) {
    const found = outcomes(ends)
    const known = [WORST[ends.at(-1)!], ends.includes('success') ? 'yes' : 'no']
    const row = [...known, ...COLUMNS.map((runIf) => SAYS[found[runIf]!]!)]
    expect(rows.get(known.join()) ?? row).toEqual(row)
    rows.set(known.join(), row)
  }
  const head = ['worst end of a dependency', 'a success', ...COLUMNS.map((name) => `\`${name}\``)]
  const lines = [head, ...rows.values()]
  const widths = head.map((_, at) => Math.max(...lines.map((line) => line[at]!.length)))
  const drawn = lines.map((line) => `| ${line.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`)
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [drawn[0], rule, ...drawn.slice(1)].join('\n')
}

describe('run_if', () => {
  it('does what the table in the README says', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
    const shown = /^\| worst end of a dependency [^]*?(?=\n\n)/m.exec(readme)?.[0]
    expect(shown).toBe(table())
  })

  it.each<[string, Parameters<typeof outcomes>[1]]>([
    [
      'for a verdict as for a condition',
      { made: { ...ending, skipped: [step('skipped', verdicts('skip'))] } },
    ],
    ['inside of a group', { around: (steps) => parallel('group', steps) }],
    ['in an iteration', { around: (steps) => loop('scan', each([1]), steps) }],
  ])('does the same %s', (_, how) => {
    for (const ends of combinations) expect(outcomes(ends, how), ends.join()).toEqual(outcomes(ends))
  })

  it('hands a lack of success on', () => {
    const steps = [
      ...ending.lacking,
      step('a', { dependsOn: ['lacking'] }),
      step('b', { dependsOn: ['a'], runIf: 'none_failed' }),
      step('c', { dependsOn: ['b'], runIf: 'ancestors_succeeded' }),
      step('d', { dependsOn: ['c'] }),
      step('done', { dependsOn: ['d'], runIf: 'all_done' }),
      step('good'),
      step('other', { dependsOn: ['d', 'good'], runIf: 'any_succeeded' }),
      step('after', { dependsOn: ['done', 'other'] }),
    ]
    const played = play(workflow(steps))
    expect(played.calls).toEqual(['done', 'good', 'other', 'after'])
    expect(played.report).toMatchObject({ status: 'completed', counts: { skipped: 6 } })
    const held = played.report.steps.filter(({ dependenciesSatisfied }) => !dependenciesSatisfied)
    expect(held.map(({ name }) => name)).toEqual(['lacking', 'a', 'b', 'c', 'd'])
  })

  it('lets what depends on a step that was skipped by itself go on, whatever it waited for', () => {
    const steps = [
      step('a'),
      step('b', { dependsOn: ['a'], runIf: 'any_succeeded', when: computed(false) }),
      step('c', { dependsOn: ['b'] }),
      step('d', { dependsOn: ['a'], runIf: 'any_succeeded', ...verdicts('skip') }),
      step('e', { dependsOn: ['d'] }),
    ]
    expect(play(workflow(steps), { fates: { d: breaks } }).calls).toEqual(['a', 'c', 'd', 'e'])
  })
})

describe('ancestors_succeeded', () => {
  const clean = (name: string, on: string) => step(name, { dependsOn: [on], runIf: 'all_done' })
  const needing = (...dependsOn: string[]) => step('x', { dependsOn, runIf: 'ancestors_succeeded' })

  it('asks for the success of all that comes before, however far', () => {
    const far = (end: End) =>
      stepOf(
        play(workflow([...ending[end], clean('b', end), clean('c', 'b'), needing('c')]), world).report,
        'x',
      )
    expect(far('success')).toMatchObject({ status: 'success' })
    expect(far('skipped')).toMatchObject({ status: 'skipped', error: null, dependenciesSatisfied: false })
    expect(far('lacking')).toMatchObject({ status: 'skipped' })
    expect(far('cancelled')).toMatchObject({ status: 'cancelled', dependenciesSatisfied: false })
    expect(far('failed')).toMatchObject({
      status: 'failed',
      attempts: 0,
      error: {
        code: 'DEPENDENCIES_NOT_SATISFIED',
        message: "Dependencies not satisfied: ['failed']",
        retryable: false,
      },
    })
  })

  it('fails before it is cancelled, and is cancelled before it is skipped', () => {
    const after = (...ends: End[]) => {
      const between = ends.map((end) => clean(`${end} cleaned`, end))
      const steps = [...ends.flatMap((end) => ending[end]), ...between]
      return statuses(play(workflow([...steps, needing(...between.map(({ name }) => name))]), world))['x']
    }
    expect(after('skipped', 'cancelled', 'failed')).toBe('failed')
    expect(after('cancelled', 'skipped')).toBe('cancelled')
    expect(after('success', 'skipped')).toBe('skipped')
  })

  it('asks what a control step comes after, too, at every depth; of a scenario its own steps', () => {
    const inner = [needing()]
    const groups = [
      parallel('group', [parallel('inner', inner)], {}, { dependsOn: ['b'], runIf: 'all_done' }),
      loop('scan', each([1]), inner, {}, { dependsOn: ['b'], runIf: 'all_done' }),
      conditional('branch', [[true, inner]], null, {}, { dependsOn: ['b'], runIf: 'all_done' }),
      scenario('call', workflow(inner, { name: 'called' }), {}, { dependsOn: ['b'], runIf: 'all_done' }),
    ]
    const { report, calls } = play(workflow([step('failed'), clean('b', 'failed'), ...groups]), world)
    expect(calls).toEqual(['failed', 'b', 'call/x'])
    const [inGroup, inScan] = report.steps.slice(2).map((each) => each.inside!.runs[0]!.steps[0]!)
    expect(inGroup!.inside!.runs[0]!.steps[0]).toMatchObject({
      status: 'failed',
      error: { message: "Dependencies not satisfied: ['failed']" },
    })
    expect(inScan).toMatchObject({ status: 'failed', attempts: 0 })
  })

  it('hears of what ends after a step in between was cancelled', () => {
    const steps = [step('a'), step('b', { dependsOn: ['a'] }), step('slow'), needing('b', 'slow')]
    const reply: Play['reply'] = (_, address) => ({ kind: 'execute', afterMs: address === 'slow' ? 20 : 10 })
    const cancel = [5, { type: 'run.cancelStep', step: 'b' } as never] as const
    const played = play(workflow(steps), { reply, fates: { a: breaks }, sent: [cancel] })
    expect(statuses(played)).toEqual({ a: 'failed', b: 'cancelled', slow: 'success', x: 'failed' })
  })

  it('costs no more the more there is before a step', () => {
    const size = 100_000
    const steps = Array.from({ length: size }, (_, index) => ({
      ...needing(...(index > 0 ? [`s${index - 1}`] : [])),
      name: `s${index}`,
    }))
    const plan = planWorkflow(workflow(steps))
    const graph = newGraph(plan)
    for (let index = 0; index < size; index++) {
      const { way } = judgeGate(plan, graph, index)
      const status = way === 'open' ? (index === 10 ? 'failed' : 'success') : way
      settle(plan, graph, index, { status, output: null, failure: null, attempts: 1 }, 0)
    }
    expect(graph.counts).toMatchObject({ success: 10, failed: size - 10 })
  })
})

/** How a step's dependencies let it end: judged by hand, from how all others ended. */
function expected(
  { dependsOn, runIf }: StepDefinition,
  endOf: (name: string) => { status: StepStatus; isLacking: boolean; worst: StepStatus },
): StepStatus {
  const ends = dependsOn.map(endOf)
  const has = (status: StepStatus) => ends.some((end) => end.status === status)
  if (runIf === 'all_done') return 'success'
  if (runIf === 'any_succeeded') return dependsOn.length === 0 || has('success') ? 'success' : 'skipped'
  if (runIf === 'ancestors_succeeded') return worstOf(ends.map(({ worst }) => worst))
  if (has('failed')) return 'failed'
  if (has('cancelled')) return 'cancelled'
  return ends.some(({ isLacking }) => isLacking) ? 'skipped' : 'success'
}

const worstOf = (all: readonly StepStatus[]) =>
  (['failed', 'cancelled', 'skipped'] as const).find((status) => all.includes(status)) ?? 'success'

describe('any graph', () => {
  const plan = fc.array(
    fc.record({
      on: fc.uniqueArray(fc.nat(20), { maxLength: 3 }),
      runIf: fc.constantFrom<RunCondition>(...RUN_CONDITIONS),
      own: fc.constantFrom(...(['success', 'success', 'skipped', 'cancelled', 'failed'] as const)),
    }),
    { maxLength: 12 },
  )

  it('ends each step as its dependencies and its run_if say', () => {
    fc.assert(
      fc.property(plan, (list) => {
        const steps = list.map(({ on, runIf, own }, index) =>
          step(`${own} ${index}`, {
            dependsOn: on.filter((each) => each < index).map((each) => `${list[each]!.own} ${each}`),
            runIf,
            ...(own === 'skipped' && { when: computed(false) }),
          }),
        )
        const failing = steps.filter(({ name }) => name.startsWith('failed'))
        const cancelled = steps.filter(({ name }) => name.startsWith('cancelled'))
        const { report } = play(workflow(steps), {
          fates: Object.fromEntries(failing.map(({ name }) => [name, breaks])),
          reply: (_, address) => (address.startsWith('cancelled') ? { kind: 'hang' } : undefined),
          // Each is cancelled once it runs: what comes before it is over.
          sent: cancelled.map(({ name }, at) => [at + 1, { type: 'run.cancelStep', step: name } as never]),
        })
        const ends = new Map<string, { status: StepStatus; isLacking: boolean; worst: StepStatus }>()
        for (const [index, each] of steps.entries()) {
          const way = expected(each, (name) => ends.get(name)!)
          const status = way === 'success' ? (list[index]!.own as StepStatus) : way
          expect(report.steps[index]).toMatchObject({ status, dependenciesSatisfied: way === 'success' })
          const before = each.dependsOn.map((name) => ends.get(name)!.worst)
          const isLacking = way === 'skipped'
          ends.set(each.name, { status, isLacking, worst: worstOf([...before, status]) })
        }
      }),
      { numRuns: 300 },
    )
  })
})
