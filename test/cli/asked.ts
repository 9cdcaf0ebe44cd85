// Random documents with every kind of step, and expressions that fail as often as not; with them options of `simulate`: stubs, faults,
// signals, cancellations, a handler's verdict.
import fc from 'fast-check'

/** A document, and what is said on the command line. */
export interface Asked {
  readonly document: object
  /** The outputs of operations, by step. */
  readonly outputs: Readonly<Record<string, unknown>>
  readonly verdict: string | null
  readonly stub: readonly string[]
  readonly fault: readonly string[]
  readonly signal: readonly string[]
  readonly cancel: readonly string[]
  readonly seed: number
}

/** A step with all that is inside of it, as the document has it, and what becomes of it. */
interface Step {
  readonly name: string
  readonly config: object
  /** Of a step that calls an operation. */
  readonly call: {
    readonly output: unknown
    readonly fault: string | null
    readonly undoFault: string | null
  } | null
  readonly inside: readonly Step[]
  readonly calls: string | null
}

const often = <T>(usual: T, ...rare: readonly T[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...rare) })

const time = (max: number) => fc.noBias(fc.integer({ min: 100, max })).map((ms) => `${ms}ms`)

/** `null` more often than not. */
const rarely = <T>(value: fc.Arbitrary<T>, weight = 1) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight, arbitrary: value })

const maybe = <T>(name: string, value: fc.Arbitrary<T>, weight = 1) =>
  rarely(value, weight).map((given) => (given === null ? {} : { [name]: given }))

/** All of these together, as one object. */
const merged = (...parts: readonly fc.Arbitrary<object>[]): fc.Arbitrary<object> =>
  fc.tuple(...parts).map((each) => Object.assign({}, ...each) as object)

const output = fc.oneof(
  fc.nat({ max: 3 }),
  fc.record({ n: fc.option(fc.nat({ max: 3 })) }),
  fc.array(fc.nat({ max: 3 }), { maxLength: 2 }),
  fc.constant(null),
)

/** An expression that may fail, be null, or no condition. */
const expression = (seen: readonly string[], holds = false): fc.Arbitrary<string> => {
  const reads = seen.flatMap((name) => [
    `steps.${name}.output > 1`,
    `steps.${name}.output.n > 1`,
    `size(steps.${name}.output) > 0`,
    `steps.${name}.output == null`,
    `steps.${name}.status == "success"`,
    ...(holds ? [] : [`steps.${name}.output`, `steps.${name}.output.n`, `steps.${name}.output.n + 1`]),
  ])
  return fc.constantFrom('inputs.n > 1', ...(holds ? ['true', 'false'] : ['inputs.n']), ...reads)
}

const braced = (text: fc.Arbitrary<string>) => text.map((each) => `\${{ ${each} }}`)

const retrying = fc.tuple(fc.nat({ max: 1 }), time(4_000)).map(([count, initial]) => ({
  retry_count: count,
  retry: { backoff: 'constant', initial, jitter: 'none' },
}))

const shared = (name: string, seen: readonly string[]) =>
  merged(
    fc.constant({ name, ...(seen.length > 0 && { depends_on: seen }) }),
    maybe('run_if', fc.constantFrom('all_done', 'any_succeeded', 'none_failed', 'ancestors_succeeded')),
    maybe('when', expression(seen, true)),
    maybe(
      'on_failure',
      fc.constantFrom('skip', ['retry', 'skip'], 'fail_workflow', 'compensate', ['degradation', 'skip']),
    ),
    maybe('priority', fc.nat({ max: 2 })),
  )

const call = (name: string, seen: readonly string[]): fc.Arbitrary<Step> =>
  fc
    .tuple(
      merged(
        shared(name, seen),
        fc.constant({ module: 'm', operation: 'op' }),
        retrying,
        maybe(
          'parameters',
          braced(expression(seen)).map((x) => ({ x })),
        ),
        maybe('timeout', time(5_000)),
        maybe(
          'fallback',
          fc.oneof(
            merged(
              fc.constant({ operation: 'back' }),
              maybe('compensate', fc.constant({ operation: 'undo' })),
            ),
            braced(expression(seen)).map((value) => ({ value })),
          ),
        ),
        maybe(
          'compensate',
          merged(
            fc.constant({ operation: 'undo' }),
            retrying,
            maybe(
              'parameters',
              fc.constantFrom('output.n', 'output', 'input').map((x) => ({ x: `\${{ ${x} }}` })),
            ),
          ),
          3,
        ),
        maybe('on_cancel', fc.constantFrom('abort', 'await')),
      ),
      output,
      often<string | null>(null, 'fail:1', 'fail', 'fatal', 'hang', 'deaf', 'slow:3700ms', 'slow:9100ms'),
      often<string | null>(null, 'fail:1', 'fatal'),
    )
    .map(([config, given, fault, undoFault]) => {
      const isEndless = fault === 'hang' || fault === 'deaf'
      return {
        name,
        config: { ...config, ...(isEndless && { timeout: '4321ms' }) },
        call: { output: given, fault, undoFault: 'compensate' in config ? undoFault : null },
        inside: [],
        calls: null,
      }
    })

const wait = (name: string, seen: readonly string[]): fc.Arbitrary<Step> =>
  merged(
    shared(name, seen),
    fc.constant({ type: 'wait' }),
    fc.oneof(
      { weight: 1, arbitrary: time(6_000).map((each) => ({ for: each })) },
      {
        weight: 3,
        arbitrary: merged(
          fc.constantFrom('go', 'ok').map((event) => ({ event })),
          time(9_000).map((timeout) => ({ timeout })),
          maybe('filter', fc.constantFrom('event.data.n == 1', 'event.data.n > 0', 'event.data > 0')),
          maybe('shared', fc.boolean()),
          maybe('on_timeout', fc.constantFrom('fail', 'skip', 'continue')),
          maybe(
            'output',
            fc.constantFrom('event.data.n', 'event.data.n + 1').map((each) => `\${{ ${each} }}`),
          ),
        ),
      },
    ),
  ).map((config) => ({ name, config, call: null, inside: [], calls: null }))

const group = (name: string, seen: readonly string[], depth: number): fc.Arbitrary<Step> =>
  list(`${name}_`, 2, depth - 1).chain((inside) => {
    const names = inside.map((each) => each.name)
    const steps = inside.map(({ config }) => config)
    const kinds = fc.oneof(
      fc.constantFrom('all', 'any').map((waitFor) => ({ type: 'parallel', wait_for: waitFor, steps })),
      expression(seen, true).map((when) => ({ type: 'conditional', cases: [{ when, steps }] })),
      fc
        .oneof(fc.constant([1, 2]), braced(expression(seen)))
        .map((items) => ({ type: 'iterative', for_each: items, steps, tolerate: 1 })),
      expression(names, true).map((until) => ({ type: 'iterative', until, max_iterations: 2, steps })),
    )
    return merged(shared(name, seen), kinds, retrying, maybe('output', braced(expression(names)))).map(
      (config) => ({ name, config, call: null, inside, calls: null }),
    )
  })

const sub = (name: string, seen: readonly string[]): fc.Arbitrary<Step> =>
  merged(
    shared(name, seen),
    fc.constant({ type: 'scenario', scenario: 'sub' }),
    maybe(
      'inputs',
      braced(expression(seen)).map((n) => ({ n })),
      3,
    ),
  ).map((config) => ({ name, config, call: null, inside: [], calls: 'sub' }))

/** Steps of which each may depend on those before it. */
function list(prefix: string, sizeMax: number, depth: number): fc.Arbitrary<readonly Step[]> {
  const one = (index: number) =>
    fc
      .subarray(
        Array.from({ length: index }, (_, at) => `${prefix}${at}`),
        { maxLength: Math.min(index, 2) },
      )
      .chain((seen) => {
        const name = `${prefix}${index}`
        return fc.oneof(
          { weight: 5, arbitrary: call(name, seen) },
          { weight: 3, arbitrary: wait(name, seen) },
          ...(depth > 0 ? [{ weight: 2, arbitrary: group(name, seen, depth) }] : []),
          ...(depth > 1 ? [{ weight: 1, arbitrary: sub(name, seen) }] : []),
        )
      })
  return fc
    .integer({ min: 1, max: sizeMax })
    .chain((size) => fc.tuple(...Array.from({ length: size }, (_, index) => one(index))))
}

const scenario = (name: string, steps: readonly Step[]) =>
  merged(
    fc.constant({ name, steps: steps.map(({ config }) => config) }),
    fc.boolean().map((parallel) => ({ parallel_execution: parallel })),
    maybe('on_failure', fc.constant('compensate'), 3),
    maybe('timeout', time(60_000)),
    maybe(
      'outputs',
      braced(expression(steps.map((each) => each.name))).map((x) => ({ x })),
    ),
  )

const VERDICTS = [
  'retry',
  'fallback',
  'skip',
  'degradation',
  'fail',
  'fail_workflow',
  'compensate',
  'who knows',
]

/** Random documents, and what is said of them. */
export const asked: fc.Arbitrary<Asked> = fc
  .record({
    main: list('a', 4, 2),
    inner: list('b', 2, 1),
    verdict: often<string | null>(null, ...VERDICTS),
    signals: fc.array(
      fc.tuple(fc.constantFrom('go', 'ok'), time(20_000), fc.option(output, { nil: undefined })),
      {
        maxLength: 4,
      },
    ),
    cancelled: rarely(time(20_000)),
    cancelledStep: rarely(fc.tuple(fc.nat({ max: 3 }), time(10_000))),
    strategies: maybe(
      'recovery_strategies',
      fc.constantFrom(['retry'], ['skip'], ['fallback', 'degradation']),
    ),
    seed: fc.nat(),
  })
  .chain(({ main, inner, verdict, signals, cancelled, cancelledStep, strategies, seed }) =>
    fc
      .tuple(scenario('main', main), scenario('sub', inner), fc.boolean(), fc.boolean())
      .map(([first, second, events, failFast]) => {
        const document = {
          integration: {
            ...{ workflow_id: 'random', modules: ['m'], inputs: { n: { type: 'integer', default: 2 } } },
            ...{ enable_events: events, fail_fast: failFast, scenarios: [first, second] },
          },
          error_handling: strategies,
          ...(verdict !== null && {
            events: { handlers: { step_failed: [{ module: 'm', operation: 'decide' }] } },
          }),
        }
        const text = JSON.stringify(document)
        const given = [...argumentsOf(main, 'main/', { sub: inner }), ...argumentsOf(inner, 'sub/', {})]
        const named = cancelledStep && main[cancelledStep[0]]
        return {
          document,
          verdict,
          outputs: outputsOf([...main, ...inner]),
          stub: [
            ...given.map(({ stub }) => stub),
            ...(verdict === null ? [] : [`handler:m.decide=${JSON.stringify(verdict)}`]),
          ],
          fault: given.flatMap(({ fault }) => fault),
          signal: signals
            .filter(([event]) => text.includes(`"event":"${event}"`))
            .map(
              ([event, at, data]) => `${event}@${at}${data === undefined ? '' : `=${JSON.stringify(data)}`}`,
            ),
          cancel: [
            ...(cancelled === null ? [] : [cancelled]),
            ...(named ? [`main/${named.name}@${cancelledStep[1]}`] : []),
          ],
          seed,
        }
      }),
  )

const outputsOf = (steps: readonly Step[]): Record<string, unknown> =>
  Object.assign(
    {},
    ...steps.map(({ name, call: own, inside }) => ({
      ...(own && { [name]: own.output }),
      ...outputsOf(inside),
    })),
  ) as Record<string, unknown>

/** Options for all calls in a list, by their addresses. */
function argumentsOf(
  steps: readonly Step[],
  prefix: string,
  scenarios: Readonly<Record<string, readonly Step[]>>,
): { readonly stub: string; readonly fault: readonly string[] }[] {
  return steps.flatMap(({ name, call: own, inside, calls }) => {
    const address = `${prefix}${name}`
    if (own === null) return argumentsOf(calls === null ? inside : scenarios[calls]!, `${address}/`, {})
    const { output: given, fault, undoFault } = own
    const faults = [fault && `${address}=${fault}`, undoFault && `undo:${address}=${undoFault}`]
    return { stub: `${address}=${JSON.stringify(given)}`, fault: faults.filter((each) => each !== null) }
  })
}

/** The same with no stub for some of the steps, which then give `null`; and without parameters, whose failures are not told. */
export const askedInPart: fc.Arbitrary<Asked> = fc
  .tuple(asked, fc.uniqueArray(fc.nat({ max: 5 }), { minLength: 1 }))
  .map(([what, places]) => {
    const names = Object.keys(what.outputs)
    const missing = new Set(places.map((place) => names[place]))
    const nameOf = (stub: string) => /(\w+)=/.exec(stub)![1]
    return {
      ...what,
      document: JSON.parse(
        JSON.stringify(what.document, (key, value: unknown) => (key === 'parameters' ? undefined : value)),
      ) as object,
      outputs: Object.fromEntries(names.map((name) => [name, missing.has(name) ? null : what.outputs[name]])),
      stub: what.stub.filter((stub) => !missing.has(nameOf(stub))),
    }
  })
