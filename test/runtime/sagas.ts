// Random workflows with nested steps, verdicts and compensation, and random fates for whatever they call.
import fc from 'fast-check'
import type { Verdict } from '../../machines/protocol.ts'
import type { ControlDefinition, StepDefinition, WorkflowDefinition } from '../../src/definition/model.ts'
import { RUN_CONDITIONS } from '../../src/definition/shape.ts'
import type { Reply } from '../../src/hosts/simulation.ts'
import type { Effect } from '../../src/runtime/port/host.ts'
import type { Agreed } from '../model/compare.ts'
import { chance } from '../../src/runtime/journal/chance.ts'
import {
  awaitEvent,
  computed,
  conditional,
  decided,
  each,
  EFFECTS,
  LEASE_TIMEOUT_MS,
  loop,
  parallel,
  pause,
  retries,
  scenario,
  step,
  undo,
  workflow,
  type Play,
} from './workflows.ts'

/** How one attempt goes. */
export type Fate = 'succeeds' | 'fails' | 'fails for good' | 'hangs' | 'is deaf' | 'is slow'

interface Leaf {
  readonly kind: 'call'
  /** By attempt; the last one counts for all that follow. */
  readonly fates: readonly Fate[]
  readonly undo: null | { readonly on: 'success' | 'attempt'; readonly fates: readonly Fate[] }
  readonly onCancel: 'abort' | 'await'
  readonly units: number
}

interface Group {
  readonly kind: 'parallel' | 'conditional' | 'loop' | 'scenario'
  readonly steps: readonly Node[]
  /** Successes that are waited for, iterations, or the branch that is taken. */
  readonly number: number
  readonly isJournaled: boolean
  readonly undoesItself: boolean
}

interface Pause {
  readonly kind: 'pause' | 'event'
}

/** A step of a random workflow. */
export type Node = (Leaf | Group | Pause) & {
  readonly dependsOn: readonly number[]
  readonly retries: number
  readonly verdicts: readonly Verdict[] | null
  readonly runIf: StepDefinition['runIf']
  readonly hasFallback: boolean
  readonly skips: boolean
}

/** A random workflow and what happens to it. */
export interface Saga {
  readonly steps: readonly Node[]
  readonly parallel: boolean
  readonly onFailure: WorkflowDefinition['onFailure']
  readonly failFast: boolean
  readonly hasTimeout: boolean
  readonly strategies: readonly Verdict[]
  readonly answers: readonly (Verdict | 'nothing' | 'throws')[]
  readonly seed: number
  /** A user's function that decides something takes up to so long. */
  readonly thinkMs: number
  /** When it is cancelled, in milliseconds, and how; `null`: never. `step`: just one, found from the outside in. */
  readonly cancel: null | {
    readonly at: number
    readonly force: boolean
    readonly step: readonly number[] | null
  }
}

/** Units of the pool that steps share, and limits of attempts. */
export const UNITS = 2
const TIMEOUT_MS = 5_000

const fates = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Fate>('succeeds') },
    { weight: 3, arbitrary: fc.constant<Fate>('fails') },
    { weight: 1, arbitrary: fc.constantFrom<Fate>('fails for good', 'hangs', 'is deaf', 'is slow') },
  ),
  { minLength: 1, maxLength: 3 },
)

const often = <T>(usual: T, ...rare: readonly T[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...rare) })

const leaf: fc.Arbitrary<Leaf> = fc.record({
  kind: fc.constant('call' as const),
  fates,
  undo: fc.option(fc.record({ on: often<'success' | 'attempt'>('success', 'attempt'), fates }), { freq: 3 }),
  onCancel: fc.constantFrom('abort', 'await'),
  units: fc.nat({ max: UNITS }),
})

const waiting: fc.Arbitrary<Pause> = fc.record({ kind: fc.constantFrom('pause', 'event') })

const group = (depth: number): fc.Arbitrary<Group> =>
  fc.record({
    kind: fc.constantFrom('parallel', 'conditional', 'loop', 'scenario'),
    steps: nodes(depth - 1, 3),
    number: fc.nat({ max: 3 }),
    isJournaled: fc.boolean(),
    undoesItself: often(false, true),
  })

function node(index: number, depth: number): fc.Arbitrary<Node> {
  const shared = fc.record({
    dependsOn: index === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat({ max: index - 1 }), { maxLength: 2 }),
    retries: fc.nat({ max: 1 }),
    verdicts: often<readonly Verdict[] | null>(
      null,
      ['fail'],
      ['skip'],
      ['retry', 'skip'],
      ['fail_workflow'],
      ['compensate'],
      ['degradation', 'skip'],
    ),
    runIf: often<StepDefinition['runIf']>(...RUN_CONDITIONS),
    hasFallback: often(false, true),
    skips: often(false, true),
  })
  const kinds = [
    { weight: 5, arbitrary: leaf as fc.Arbitrary<Leaf | Group | Pause> },
    { weight: 1, arbitrary: waiting },
    ...(depth > 0 ? [{ weight: 3, arbitrary: group(depth) }] : []),
  ]
  return fc.tuple(fc.oneof(...kinds), shared).map(([own, more]) => ({ ...own, ...more }))
}

const nodes = (depth: number, sizeMax: number): fc.Arbitrary<readonly Node[]> =>
  fc
    .integer({ min: 1, max: sizeMax })
    .chain((size) => fc.tuple(...Array.from({ length: size }, (_, index) => node(index, depth))))

/** Random workflows, two levels deep. */
export const saga: fc.Arbitrary<Saga> = fc.record({
  steps: nodes(2, 4),
  parallel: fc.boolean(),
  onFailure: fc.constantFrom('fail', 'compensate'),
  failFast: often(false, true),
  hasTimeout: often(false, true),
  strategies: often<readonly Verdict[]>([], ['retry', 'fallback', 'degradation'], ['retry', 'skip']),
  answers: fc.array(
    fc.constantFrom<Verdict | 'nothing' | 'throws'>(
      'retry',
      'skip',
      'compensate',
      'fail',
      'nothing',
      'throws',
    ),
    {
      maxLength: 2,
    },
  ),
  seed: fc.nat(),
  thinkMs: fc.constantFrom(0, 0, 2_000, 8_000),
  cancel: fc.option(
    fc.record({
      at: fc.nat({ max: 8000 }),
      force: often(false, true),
      step: fc.option(fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 3 })),
    }),
    { freq: 2 },
  ),
})

const nameOf = (index: number) => `s${index}`

/** The address of a step that is found from the outside in; in a loop, the numbers choose the iteration, too. */
function addressOf(steps: readonly Node[], [first = 0, ...further]: readonly number[]): string {
  const index = first % steps.length
  const at = steps[index]!
  if (!('steps' in at) || further.length === 0) return nameOf(index)
  const iteration = at.kind === 'loop' ? `[${first % 2}]` : ''
  return `${nameOf(index)}${iteration}/${addressOf(at.steps, further)}`
}

/** The node behind an address; iterations are all alike. */
export function nodeAt({ steps }: Saga, address: string): Node {
  let at: readonly Node[] = steps
  let found: Node | undefined
  for (const segment of address.replace('undo:', '').split('/')) {
    found = at[Number(/^s(\d+)/.exec(segment)![1])]
    at = found && 'steps' in found ? found.steps : []
  }
  return found!
}

function fateOf(plan: Saga, address: string, attempt: number): Fate {
  const found = nodeAt(plan, address)
  if (found.kind !== 'call') return 'succeeds'
  const list = address.startsWith('undo:') ? found.undo!.fates : found.fates
  return list[Math.min(attempt, list.length) - 1]!
}

function definitionOf(node: Node, index: number): StepDefinition {
  const endless = node.kind === 'call' && node.fates.some((fate) => fate === 'hangs' || fate === 'is deaf')
  const more = {
    dependsOn: node.dependsOn.map(nameOf),
    retry: retries(node.kind === 'pause' || node.kind === 'event' ? 0 : node.retries),
    onFailure: node.verdicts,
    runIf: node.runIf,
    fallback: node.hasFallback ? computed('plan b') : null,
    when: node.skips ? decided(() => false) : null,
    ...(endless && { timeoutMs: TIMEOUT_MS }),
  }
  const name = nameOf(index)
  if (node.kind === 'pause') return pause(name, 1000, { ...more, fallback: null })
  if (node.kind === 'event') return awaitEvent(name, 'go', { timeoutMs: 2000 }, more)
  if ('steps' in node) return groupOf(node, name, { ...more, compensate: node.undoesItself ? undo() : null })
  const { undo: undoing, units, onCancel } = node as Leaf
  return step(name, {
    ...more,
    onCancel,
    compensate: undoing && undo({ on: undoing.on, timeoutMs: TIMEOUT_MS, retry: retries(1) }),
    resources: units > 0 ? [{ pool: 'pool', units }] : [],
  })
}

function groupOf(node: Group, name: string, more: Partial<StepDefinition>): StepDefinition {
  const steps = node.steps.map(definitionOf)
  const answer = <T>(value: T) => (node.isJournaled ? decided(() => value) : computed(() => value))
  switch (node.kind) {
    case 'parallel': {
      const waitFor: Extract<ControlDefinition, { kind: 'parallel' }>['waitFor'] =
        node.number === 0 ? 'all' : Math.min(node.number, steps.length)
      return parallel(name, steps, { waitFor }, more)
    }
    case 'conditional':
      return conditional(name, [[answer(node.number > 0), steps]], null, {}, more)
    case 'loop': {
      const over = node.isJournaled
        ? ({ kind: 'each', items: answer([1, 2, 3].slice(0, node.number)) } as const)
        : each([1, 2].slice(0, node.number))
      return loop(
        name,
        over,
        steps,
        { maxConcurrency: 2, tolerate: { count: node.number > 2 ? 1 : 0 } },
        more,
      )
    }
    case 'scenario':
      return scenario(name, workflow(steps, { onFailure: node.number > 1 ? 'compensate' : 'fail' }), {}, more)
  }
}

/** The workflow of a plan. */
export const build = (plan: Saga): WorkflowDefinition =>
  workflow(plan.steps.map(definitionOf), {
    parallel: plan.parallel,
    maxConcurrency: 3,
    onFailure: plan.onFailure,
    failFast: plan.failFast,
    timeoutMs: plan.hasTimeout ? 7_000 : null,
    recovery: { strategies: plan.strategies, grantedRetriesMax: 1, answerMs: 5_000 },
  })

/** What the reference model is told of a plan. */
export const agreedOf = (plan: Saga, definition: WorkflowDefinition): Agreed => ({
  definition,
  setting: {
    runId: 'r',
    inputs: {},
    modules: [{ name: 'm', operations: {}, config: null, effects: EFFECTS }],
    pools: [{ name: 'pool', units: UNITS }],
    leaseTimeoutMs: LEASE_TIMEOUT_MS,
    handlers: plan.answers.map((_, index) => `h${index}`).toReversed(),
  },
})

/** How a plan is to be played. */
export const conditionsOf = (plan: Saga): Play => ({
  pools: [{ name: 'pool', units: UNITS }],
  reply: (effect, address) => replyOf(plan, effect, address),
  sent: sentTo(plan),
  thinkMs: (effect) => Math.floor(chance(plan.seed, JSON.stringify(effect)) * plan.thinkMs),
  subscriptions: plan.answers.map((answer, index) => ({
    id: `h${index}`,
    pattern: 'step_failed',
    priority: index,
    handler: () => {
      if (answer === 'throws') throw new Error('a bad handler')
      return answer
    },
  })),
})

function replyOf(plan: Saga, effect: Effect, address: string): Reply {
  if (effect.kind !== 'attempt' || effect.target === 'fallback') return { kind: 'execute' }
  switch (fateOf(plan, address, effect.attempt)) {
    case 'hangs':
      return { kind: 'hang' }
    case 'is deaf':
      return { kind: 'deaf' }
    case 'is slow':
      return { kind: 'execute', afterMs: TIMEOUT_MS }
    case 'fails':
      return { kind: 'settle', outcome: { status: 'failed', error: new Error('no luck') }, afterMs: 100 }
    case 'fails for good': {
      const error = Object.assign(new Error('never'), { retryable: false })
      return { kind: 'settle', outcome: { status: 'failed', error } }
    }
    case 'succeeds':
      return { kind: 'execute', afterMs: 10 }
  }
}

function sentTo({ cancel, steps }: Saga): NonNullable<Play['sent']> {
  if (cancel === null) return [[1500, { type: 'run.signal', event: 'go' } as never]]
  const { at, force, step: chosen } = cancel
  if (chosen === null) return [[at, { type: 'run.cancel', force } as never]]
  return [[at, { type: 'run.cancelStep', step: addressOf(steps, chosen), force } as never]]
}
