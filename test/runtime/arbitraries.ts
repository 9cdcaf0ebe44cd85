// Random workflows and random faults, as fast-check makes and shrinks them.
import fc from 'fast-check'
import { RUN_CONDITIONS } from '../../src/definition/shape.ts'
import type { Reply } from '../../src/hosts/simulation.ts'
import type { Effect } from '../../src/runtime/port/host.ts'
import type { WorkflowLogic } from '../../src/runtime/charts/workflow-logic.ts'
import { setupOn } from '../../src/runtime/setup.ts'
import type { SimulationHost } from '../../src/hosts/simulation.ts'

/** How one attempt goes. */
export type Fate = 'succeeds' | 'fails' | 'fails for good' | 'hangs' | 'is deaf' | 'answers twice' | 'is slow'

export interface StepPlan {
  readonly dependsOn: readonly number[]
  readonly runIf: (typeof RUN_CONDITIONS)[number]
  readonly when: 'absent' | 'holds' | 'fails to hold' | 'throws'
  readonly retries: number
  readonly maxElapsed: boolean
  readonly timeout: boolean
  readonly fallback: 'absent' | 'operation' | 'value'
  readonly onFailure: 'fail' | 'skip' | 'fail_workflow'
  readonly units: number
  readonly otherPool: boolean
  readonly priority: number
  /** By attempt; the last one counts for all that follow. */
  readonly fates: readonly Fate[]
}

export interface WorkflowPlan {
  readonly steps: readonly StepPlan[]
  readonly parallel: boolean
  readonly maxConcurrency: number
  readonly failFast: boolean
  readonly timeout: boolean
  readonly seed: number
  /** After so many events the run is cancelled. */
  readonly cancelAfter: number | null
}

/** Units of the pool that steps of these plans share. */
export const CAPACITY = 3

/** The time limit of an attempt, and the time that a slow one takes. */
export const TIMEOUT_MS = 5_000

const fates = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.constant<Fate>('succeeds') },
    { weight: 3, arbitrary: fc.constant<Fate>('fails') },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Fate>('fails for good', 'hangs', 'is deaf', 'answers twice', 'is slow'),
    },
  ),
  { minLength: 1, maxLength: 4 },
)

const often = <T>(usual: T, ...rare: T[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...rare) })

const step = (index: number): fc.Arbitrary<StepPlan> =>
  fc.record({
    dependsOn: index === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat({ max: index - 1 }), { maxLength: 3 }),
    runIf: often<StepPlan['runIf']>(...RUN_CONDITIONS),
    when: often<StepPlan['when']>('absent', 'holds', 'fails to hold', 'throws'),
    retries: fc.nat({ max: 2 }),
    maxElapsed: often(false, true),
    timeout: fc.boolean(),
    fallback: often<StepPlan['fallback']>('absent', 'operation', 'value'),
    onFailure: often<StepPlan['onFailure']>('fail', 'skip', 'fail_workflow'),
    units: fc.nat({ max: CAPACITY }),
    otherPool: often(false, true),
    priority: fc.nat({ max: 2 }),
    fates,
  })

/** A workflow of up to `sizeMax` steps, whose attempts that never end have a time limit. */
export const workflowPlan = (sizeMax = 8): fc.Arbitrary<WorkflowPlan> =>
  fc
    .record({
      steps: fc
        .integer({ min: 0, max: sizeMax })
        .chain((size) => fc.tuple(...Array.from({ length: size }, (_, i) => step(i)))),
      parallel: fc.boolean(),
      maxConcurrency: fc.integer({ min: 1, max: 4 }),
      failFast: often(false, true),
      timeout: often(false, true),
      seed: fc.nat(),
      cancelAfter: often<number | null>(null, 3, 9),
    })
    .map((plan) => ({ ...plan, steps: plan.steps.map(endless) }))

/** What may hang needs a limit, or the run could rightly wait for ever. */
function endless(plan: StepPlan): StepPlan {
  const hangs = plan.fates.some((fate) => fate === 'hangs' || fate === 'is deaf')
  return hangs ? { ...plan, timeout: true } : plan
}

export const nameOf = (index: number) => `s${index}`

/** The index of the step behind an address. */
export const indexOf = (path: string) => Number(/\/step\/s(\d+)$/.exec(path)?.[1] ?? Number.NaN)

export function fateOf(plan: WorkflowPlan, effect: Effect): Fate {
  if (effect.kind !== 'attempt') return 'succeeds'
  const { fates: list } = plan.steps[effect.index]!
  return list[Math.min(effect.attempt, list.length) - 1]!
}

/** How the simulation answers the effects of a plan. */
export function replyOf(plan: WorkflowPlan, effect: Effect): Reply {
  switch (fateOf(plan, effect)) {
    case 'hangs':
      return { kind: 'hang' }
    case 'is deaf':
      return { kind: 'deaf' }
    case 'answers twice':
      return { kind: 'duplicate', outcome: { status: 'succeeded', value: 'twice' } }
    case 'is slow':
      return { kind: 'execute', afterMs: TIMEOUT_MS }
    default:
      return { kind: 'execute' }
  }
}

/** The workflow of a plan. */
export function build(plan: WorkflowPlan, host: SimulationHost): WorkflowLogic {
  const op = (_: unknown, { step: name, attempt }: { step: string; attempt: number }) => {
    const { fates: list } = plan.steps[indexOf(`/step/${name}`)]!
    const fate = list[Math.min(attempt, list.length) - 1]
    if (fate === 'fails') throw new Error(`${name} failed`)
    if (fate === 'fails for good')
      throw Object.assign(new Error(`${name} failed for good`), { retryable: false })
    return { name, attempt }
  }
  const modules = { m: { init: () => 1, cleanup: () => 1, operations: { op } }, n: { operations: { op } } }
  const resources = { pool: { units: CAPACITY }, other: { units: 1 } }
  const at = setupOn(host)({ modules, resources, resourceTimeout: '20s' })
  return at.createWorkflow({
    id: 'w',
    parallel: plan.parallel,
    maxConcurrency: plan.maxConcurrency,
    failFast: plan.failFast,
    ...(plan.timeout && { timeout: '8s' as const }),
    steps: Object.fromEntries(plan.steps.map((each, index) => [nameOf(index), configOf(each)])),
  } as never)
}

function configOf(plan: StepPlan): object {
  const condition = () => {
    if (plan.when === 'throws') throw new Error('who knows')
    return plan.when === 'holds'
  }
  return {
    invoke: 'm.op',
    dependsOn: plan.dependsOn.map(nameOf),
    runIf: plan.runIf,
    retry: { count: plan.retries, initial: '1s', ...(plan.maxElapsed && { maxElapsed: '2s' }) },
    onFailure: plan.onFailure,
    priority: plan.priority,
    resources: [
      ...(plan.units > 0 ? [{ name: 'pool', units: plan.units }] : []),
      ...(plan.otherPool ? ['other'] : []),
    ],
    ...(plan.when !== 'absent' && { when: condition }),
    ...(plan.timeout && { timeout: TIMEOUT_MS / 1000 }),
    ...(plan.fallback === 'operation' && { fallback: { invoke: 'n.op' } }),
    ...(plan.fallback === 'value' && { fallback: { value: 'plan b' } }),
  }
}
