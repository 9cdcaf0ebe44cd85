// What is found in a definition without running it: each mistake planted alone, each near miss that is none, and where it is
// said to be. That what is found is true of every run is findings-truth.test.ts's.
import { describe, expect, it } from 'vitest'
import { placeFindings, staticFindings, type Finding } from '../../src/definition/findings.ts'
import { accepted, flow, step } from './documents.ts'

const found = (text: string): Finding[] => staticFindings(accepted(text, { requireInputs: false }).definition)
const said = (text: string): string[] =>
  found(text).map(({ code, where: { step: address, key } }) => `${code} ${address ?? '-'} ${key.join('.')}`)

const pause = (name: string, time: string, more: object = {}) => ({ name, type: 'wait', for: time, ...more })
const event = (name: string, more: object = {}) => ({ name, type: 'wait', event: 'go', ...more })
const choice = (name: string, more: object) => ({ name, type: 'conditional', ...more })
const either = (name: string, condition: unknown, yes: object[], no?: object[]) =>
  // oxlint-disable-next-line unicorn/no-thenable -- the document's own word
  choice(name, { condition, then: yes, ...(no && { else: no }) })
const parallel = (name: string, steps: object[], more: object = {}) => ({
  name,
  type: 'parallel',
  steps,
  ...more,
})
const loop = (name: string, more: object, steps: object[] = [step('in')]) => ({
  name,
  type: 'iterative',
  steps,
  ...more,
})
const call = (scenario: string, more: object = {}) => ({
  name: `call ${scenario}`,
  type: 'scenario',
  scenario,
  ...more,
})
const on = (...names: string[]) => ({ depends_on: names })
const undone = { compensate: { operation: 'undo' } }
const inputs = { inputs: { x: { type: 'string', default: 'a' } } }
const beside = { parallel_execution: true }
const compensating = { on_failure: 'compensate' }

const scenarios = (all: Readonly<Record<string, { readonly steps: object[] }>>, top: object = {}): string =>
  JSON.stringify({
    integration: { modules: ['m'], scenarios: Object.entries(all).map(([name, one]) => ({ name, ...one })) },
    ...top,
  })

describe('a step that can never run', () => {
  it.each<[string, string, string[]]>([
    ['a condition that is false', flow([step('a', { when: false })]), ['UNREACHABLE_STEP a when']],
    [
      'one that computes to false',
      flow([step('a', { when: '1 + 1 == 3 && inputs.x == "a"' })], {}, inputs),
      ['UNREACHABLE_STEP a when'],
    ],
    [
      'the failure of a step that must succeed',
      flow([step('a'), step('b', { ...on('a'), when: 'steps.a.status == "failed"' })]),
      ['UNREACHABLE_STEP b when'],
    ],
    [
      'a word that is no status',
      flow([step('a'), step('b', { ...on('a'), run_if: 'all_done', when: 'steps.a.status == "succeeded"' })]),
      ['UNREACHABLE_STEP b when'],
    ],
    [
      'a failure that ends its run',
      flow(
        [step('a'), step('b', { ...on('a'), run_if: 'all_done', when: 'steps.a.status == "failed"' })],
        {},
        { fail_fast: true },
      ),
      ['UNREACHABLE_STEP b when'],
    ],
    [
      'a failure of what is around it',
      flow([step('a'), parallel('p', [step('b', { when: 'steps.a.status == "failed"' })], on('a'))]),
      ['UNREACHABLE_STEP p/b when'],
    ],
    [
      'a success of a step that never runs',
      flow([step('a', { when: false }), step('b', { ...on('a'), run_if: 'any_succeeded' })]),
      ['UNREACHABLE_STEP a when', 'UNREACHABLE_STEP b depends_on'],
    ],
    [
      'a step that is skipped for lack of success, always',
      flow([
        step('a', { when: false }),
        step('b', { ...on('a'), run_if: 'any_succeeded' }),
        step('c', { ...on('b'), run_if: 'none_failed' }),
      ]),
      ['UNREACHABLE_STEP a when', 'UNREACHABLE_STEP b depends_on', 'UNREACHABLE_STEP c depends_on'],
    ],
    [
      'the success of all before it, where one is always skipped',
      flow([
        step('a', { when: false }),
        step('b', on('a')),
        step('c', { ...on('b'), run_if: 'ancestors_succeeded' }),
      ]),
      ['UNREACHABLE_STEP a when', 'UNREACHABLE_STEP c run_if'],
    ],
    [
      'the success of all before what is around it',
      flow([
        step('a', { when: false }),
        parallel('p', [step('b', { run_if: 'ancestors_succeeded' })], on('a')),
      ]),
      ['UNREACHABLE_STEP a when', 'UNREACHABLE_STEP p/b run_if'],
    ],
    [
      'a skip of what must have succeeded, at any distance',
      flow(
        [
          step('a', { when: 'inputs.x == "a"' }),
          step('b', on('a')),
          parallel(
            'p',
            [step('c', { run_if: 'ancestors_succeeded', when: 'steps.a.status == "skipped"' })],
            on('b'),
          ),
        ],
        {},
        inputs,
      ),
      ['UNREACHABLE_STEP p/c when'],
    ],
    [
      'a case behind one that is always true',
      flow(
        [
          choice('c', {
            cases: [
              { when: true, steps: [step('a')] },
              { when: 'inputs.x == "a"', steps: [step('b')] },
            ],
          }),
        ],
        {},
        inputs,
      ),
      ['UNREACHABLE_STEP c cases.1.when'],
    ],
    [
      'a case once more',
      flow(
        [
          choice('c', {
            cases: ['a', 'b', 'a'].map((x) => ({ when: `inputs.x == "${x}"`, steps: [step('s')] })),
          }),
        ],
        {},
        inputs,
      ),
      ['UNREACHABLE_STEP c cases.2.when'],
    ],
    [
      'a default of cases that leave nothing',
      flow([
        step('a'),
        choice('c', {
          ...on('a'),
          cases: ['success', 'skipped'].map((x) => ({
            when: `steps.a.status == "${x}"`,
            steps: [step('s')],
          })),
          default: [step('t')],
        }),
      ]),
      ['UNREACHABLE_STEP c default'],
    ],
    ['an else', flow([either('c', true, [step('a')], [step('b')])]), ['UNREACHABLE_STEP c default']],
    ['a loop over nothing', flow([loop('l', { for_each: [] })]), ['UNREACHABLE_STEP l for_each']],
    ['a loop while false', flow([loop('l', { while: 'false' })]), ['UNREACHABLE_STEP l while']],
  ])('is found: %s', (_, text, expected) => {
    expect(said(text)).toEqual(expected)
  })

  it.each<[string, string]>([
    ['data decide', flow([step('a', { when: 'inputs.x == "b"' })], {}, inputs)],
    [
      'the failure of a step that need not succeed',
      flow([step('a'), step('b', { ...on('a'), run_if: 'all_done', when: 'steps.a.status == "failed"' })]),
    ],
    [
      'a failure that others make up for',
      flow(
        [
          parallel(
            'p',
            [step('a'), step('b', { ...on('a'), run_if: 'all_done', when: 'steps.a.status == "failed"' })],
            { wait_for: 1 },
          ),
        ],
        {},
        { fail_fast: true },
      ),
    ],
    [
      'a skip of a step that must succeed',
      flow([step('a'), step('b', { ...on('a'), when: 'steps.a.status == "skipped"' })]),
    ],
    [
      'an output of a step that may be skipped',
      flow([step('a'), step('b', { ...on('a'), when: 'steps.a.output == null' })]),
    ],
    [
      'behind a step that never runs, and is skipped',
      flow([step('a', { when: 'inputs.x == "b"' }), step('b', on('a'))], {}, inputs),
    ],
    [
      'a failure far above, behind a clean-up',
      flow([
        step('a'),
        step('b', { ...on('a'), run_if: 'all_done' }),
        step('c', { ...on('b'), when: 'steps.a.status == "failed"' }),
      ]),
    ],
    ['whether a step is there', flow([step('a'), step('b', { ...on('a'), when: 'has(steps.a.output.x)' })])],
    ['inputs as a whole', flow([step('a', { when: 'size(inputs) > 3' })], {}, inputs)],
    ['an expression that fails', flow([step('a', { when: '1 / 0 == 1' })])],
    [
      'a default beside cases that may all be false',
      flow(
        [choice('c', { cases: [{ when: 'inputs.x == "a"', steps: [] }], default: [step('t')] })],
        {},
        inputs,
      ),
    ],
    [
      'a status with four answers, all of them asked for',
      flow([
        step('a'),
        step('b', { ...on('a'), run_if: 'all_done', when: 'steps.a.status in ["failed", "cancelled"]' }),
      ]),
    ],
    [
      'lacking a success is one way of being skipped',
      flow([
        step('a'),
        step('b', { ...on('a'), run_if: 'any_succeeded' }),
        step('c', { ...on('b'), run_if: 'all_done', when: 'steps.b.status == "skipped"' }),
      ]),
    ],
    [
      'all before it can succeed, and a scenario of its own asks nothing',
      scenarios({
        main: {
          steps: [step('a', { when: false, accept: { UNREACHABLE_STEP: 'off' } }), call('other', on('a'))],
        },
        other: { steps: [step('b'), step('c', { ...on('b'), run_if: 'ancestors_succeeded' })] },
      }),
    ],
  ])('is not found: %s', (_, text) => {
    expect(said(text)).toEqual([])
  })

  it('says what its condition could have been', () => {
    const [one] = found(flow([step('a'), step('b', { ...on('a'), when: 'steps.a.status == "failed"' })]))
    expect(one!.message).toBe(
      'step "b": it never runs: expected a condition that can be true, found "steps.a.status == \\"failed\\"", which never is, for there "a" is success or skipped',
    )
    expect(one!.remedy).toContain('run_if: all_done')
  })

  it('speaks for all that is inside of it', () => {
    const inside = [step('x', { on_failure: ['skip', 'retry'] }), step('y', { when: false })]
    expect(said(flow([parallel('p', inside, { when: false })]))).toEqual(['UNREACHABLE_STEP p when'])
  })
})

describe('a verdict that is never reached', () => {
  const strategies = (...list: string[]) => ({ error_handling: { recovery_strategies: list } })

  it.each<[string, string, string[]]>([
    ['behind skip', flow([step('a', { on_failure: ['skip', 'retry'] })]), ['a on_failure.1']],
    ['behind fail', flow([step('a', { on_failure: ['retry', 'fail', 'compensate'] })]), ['a on_failure.2']],
    [
      'behind a degradation',
      flow([step('a', { on_failure: ['degradation', 'skip', 'fail'] })]),
      ['a on_failure.2'],
    ],
    ['twice', flow([step('a', { on_failure: ['retry', 'retry', 'skip'] })]), ['a on_failure.1']],
    [
      'no retry is granted',
      flow(
        [step('a', { on_failure: ['retry', 'skip'] })],
        {},
        {},
        { error_handling: { max_granted_retries: 0 } },
      ),
      ['a on_failure.0'],
    ],
    [
      'a retry of a wait',
      flow([event('a', { timeout: 1, on_failure: ['retry', 'skip'] })]),
      ['a on_failure.0'],
    ],
    [
      'of a wait for a time',
      flow([pause('a', '1s', { on_failure: 'skip', fallback: { value: 1 } })]),
      ['a fallback', 'a on_failure'],
    ],
    [
      'of a wait that skips',
      flow([event('a', { timeout: 1, on_timeout: 'skip', on_failure: 'skip' })]),
      ['a on_failure'],
    ],
    [
      'of steps that only wait',
      flow([parallel('p', [pause('a', '1s')], { on_failure: 'skip' })]),
      ['p on_failure'],
    ],
    ['delays without retries', flow([step('a', { retry: { initial: '5s' } })]), ['a retry']],
    [
      'delays without retries, to undo',
      flow([step('a', { compensate: { operation: 'undo', retry: { backoff: 'linear' } } })], compensating),
      ['a compensate.retry'],
    ],
    [
      'a strategy behind skip',
      flow([step('a')], {}, {}, strategies('skip', 'retry')),
      ['- error_handling.recovery_strategies.1'],
    ],
    [
      'a strategy that only a fallback would mark',
      flow([step('a')], {}, {}, strategies('skip', 'degradation')),
      ['- error_handling.recovery_strategies.1'],
    ],
  ])('is found: %s', (_, text, expected) => {
    expect(said(text)).toEqual(expected.map((place) => `UNREACHABLE_VERDICT ${place}`))
  })

  it.each<[string, string]>([
    ['the order of the seed', flow([step('a')], {}, {}, strategies('retry', 'fallback', 'degradation'))],
    ['a degradation that skip allows', flow([step('a', { on_failure: ['degradation', 'skip'] })])],
    [
      'a degradation that marks a fallback',
      flow([step('a', { fallback: { value: 1 }, on_failure: ['skip', 'degradation'] })]),
    ],
    [
      'a strategy that marks a fallback',
      flow([step('a', { fallback: { value: 1 } })], {}, {}, strategies('skip', 'degradation')),
    ],
    ['retry, then skip', flow([step('a', { on_failure: ['retry', 'skip'] })])],
    ['a wait that may fail', flow([event('a', { timeout: 1, on_failure: 'skip', fallback: { value: 1 } })])],
    [
      'a wait whose condition may fail',
      flow([pause('a', '1s', { when: 'inputs.x == "a"', on_failure: 'skip' })], {}, inputs),
    ],
    [
      'errors that are never retried, of a step without retries',
      flow([step('a', { retry: { non_retryable: ['E'] } })]),
    ],
    [
      'the time for a retry that is granted',
      flow([step('a', { retry: { max_elapsed: 9 }, on_failure: ['retry', 'skip'] })]),
    ],
  ])('is not found: %s', (_, text) => {
    expect(said(text)).toEqual([])
  })
})

describe('an effect that nothing undoes', () => {
  it.each<[string, string, string[]]>([
    [
      'before a step that fails',
      flow([step('a'), step('b', { ...on('a'), ...undone })], compensating),
      ['a operation'],
    ],
    [
      'before one that needs the success of all before it',
      flow([step('a'), step('b', { ...on('a'), ...undone, run_if: 'ancestors_succeeded' })], compensating),
      ['a operation'],
    ],
    ['before one that only comes later', flow([step('a'), step('b', undone)], compensating), ['a operation']],
    ['beside one', flow([step('a'), step('b', undone)], { ...compensating, ...beside }), ['a operation']],
    [
      'by a verdict',
      flow([step('a'), step('b', { ...on('a'), ...undone, on_failure: ['retry', 'compensate'] })]),
      ['a operation'],
    ],
    [
      'inside of a step',
      flow([parallel('p', [step('a')]), step('b', { ...on('p'), ...undone })], compensating),
      ['p/a operation'],
    ],
    [
      'a verdict inside of a step',
      flow([
        step('a'),
        parallel('p', [step('b', { on_failure: 'compensate', ...undone })], {
          ...on('a'),
          on_failure: 'skip',
        }),
      ]),
      ['a operation'],
    ],
    [
      'in an iteration before',
      flow([loop('l', { for_each: [1, 2] }, [step('a')]), step('b', undone)], { ...compensating, ...beside }),
      ['l/a operation'],
    ],
    [
      'in a scenario that was called',
      scenarios({
        t: { steps: [call('u'), step('b', { ...on('call u'), ...undone })], ...compensating },
        u: { steps: [step('a')] },
      }),
      ['a operation'],
    ],
    [
      'behind a scenario that fails',
      scenarios({
        t: { steps: [step('a'), call('u', on('a'))], ...compensating },
        u: { steps: [step('b', undone)] },
      }),
      ['a operation'],
    ],
    ['anywhere, for nothing is', flow([step('a'), step('b'), step('c')], compensating), ['- on_failure']],
  ])('is found: %s', (_, text, expected) => {
    expect(said(text)).toEqual(expected.map((place) => `UNDONE_EFFECT ${place}`))
  })

  it.each<[string, string]>([
    ['nothing compensates', flow([step('a'), step('b', undone)])],
    ['it comes last', flow([step('a', undone), step('b', on('a'))], { ...compensating, ...beside })],
    ['it comes last, step by step', flow([step('b', { priority: -1 }), step('a', undone)], compensating)],
    [
      'what follows is skipped where it fails',
      flow([step('a'), step('b', { ...on('a'), ...undone, on_failure: 'skip' })], compensating),
    ],
    [
      'what follows falls back for sure',
      flow([step('a'), step('b', { ...on('a'), ...undone, fallback: { value: 1 } })], compensating),
    ],
    [
      'what follows can only wait',
      flow([step('a'), pause('b', '1s', on('a')), step('c', { ...undone, priority: 1 })], compensating),
    ],
    [
      'the step around it is undone',
      flow(
        [
          parallel('p', [step('a')], { compensate: { module: 'm', operation: 'undo' } }),
          step('b', { ...on('p'), ...undone }),
        ],
        compensating,
      ),
    ],
    [
      'what follows needs a success that may not be',
      flow(
        [
          step('s', { when: 'inputs.x == "a"', ...undone }),
          step('a', { when: 'inputs.x == "b"' }),
          step('b', { ...on('s', 'a'), ...undone, run_if: 'ancestors_succeeded' }),
        ],
        compensating,
        inputs,
      ),
    ],
    [
      'what follows runs only where it was skipped',
      flow(
        [step('a'), step('b', { ...on('a'), ...undone, when: 'steps.a.status == "skipped"' })],
        compensating,
      ),
    ],
    [
      'the other is another branch',
      flow([either('c', 'inputs.x == "a"', [step('a')], [step('b', undone)])], compensating, inputs),
    ],
    [
      'its success ends all that could fail',
      flow([
        parallel('p', [step('a'), step('b', { on_failure: 'compensate', ...undone })], { wait_for: 'any' }),
      ]),
    ],
    [
      'a handler may ask for it, or may not',
      flow(
        [step('a'), step('b', undone)],
        {},
        {},
        { events: { handlers: { step_failed: [{ module: 'm', operation: 'ok' }] } } },
      ),
    ],
  ])('is not found: %s', (_, text) => {
    expect(said(text)).toEqual([])
  })
})

describe('a path that can not end in time', () => {
  const limited = { timeout: '1m' }
  const exact = (count: number, more: object = {}) => ({
    retry_count: count,
    retry: { backoff: 'constant', initial: '20s', jitter: 'none', ...more },
  })

  it.each<[string, string, string[]]>([
    ['a wait', flow([pause('a', '2m')], limited), ['a for']],
    [
      'waits on the way',
      flow([pause('a', '40s'), step('b', on('a')), pause('c', '40s', on('b'))], { ...limited, ...beside }),
      ['c for'],
    ],
    ['waits in all, step by step', flow([pause('a', '40s'), pause('b', '40s')], limited), ['- timeout']],
    ['a wait longer than the whole integration', flow([pause('a', '10m')]), ['a for']],
    [
      'a wait inside of a step of less time',
      flow([parallel('p', [pause('a', '20s')], { timeout: '10s' })]),
      ['p/a for'],
    ],
    [
      'rounds of a loop',
      flow([loop('l', { for_each: [1, 2, 3] }, [pause('a', '30s')])], limited),
      ['l type'],
    ],
    [
      'every branch',
      flow([either('c', 'inputs.x == "a"', [pause('a', '2m')], [pause('b', '3m')])], limited, inputs),
      ['c/a for', 'c/b for'],
    ],
    ['an event', flow([event('a', { timeout: '2m', on_timeout: 'continue' })], limited), ['a timeout']],
    ['retries and max_elapsed', flow([step('a', exact(5, { max_elapsed: '50s' }))]), ['a retry']],
    ['retries and the run', flow([step('a', exact(5))], limited), ['a retry']],
    [
      'retries of half a delay at least',
      flow([step('a', exact(9, { jitter: 'equal' }))], limited),
      ['a retry'],
    ],
    [
      'retries that undo',
      flow([step('a', { compensate: { operation: 'undo', ...exact(5) } })], {
        ...compensating,
        compensation_timeout: '30s',
      }),
      ['a compensate.retry'],
    ],
    ['a loop without end', flow([loop('l', { until: 'false' })]), ['l until']],
    [
      'scenarios one after the other',
      scenarios({ t: { steps: [pause('a', '3m')] }, u: { steps: [pause('b', '3m')] } }),
      ['b for'],
    ],
    [
      'a scenario that was called',
      scenarios({
        t: { steps: [call('u')], timeout: '1m' },
        u: { steps: [pause('a', '2m')], timeout: '3m' },
      } as never),
      ['call u type'],
    ],
  ])('is found: %s', (_, text, expected) => {
    expect(said(text)).toEqual(expected.map((place) => `ENDLESS_PATH ${place}`))
  })

  it.each<[string, string]>([
    ['just in time', flow([pause('a', '1m')], limited)],
    ['side by side', flow([pause('a', '40s'), pause('b', '40s')], { ...limited, ...beside })],
    [
      'waits that exclude each other',
      flow(
        [
          pause('a', '40s', { when: 'inputs.x == "a"' }),
          pause('b', '40s', { ...on('a'), when: 'inputs.x != "a"' }),
        ],
        limited,
        inputs,
      ),
    ],
    ['an event without a limit of its own', flow([event('a')], limited)],
    [
      'a wait that may lack a success before it',
      flow(
        [
          step('a', { when: 'inputs.x == "a"' }),
          step('b', { ...on('a'), run_if: 'any_succeeded' }),
          pause('c', '40s', on('b')),
          pause('d', '40s', { ...on('a'), run_if: 'ancestors_succeeded' }),
        ],
        limited,
        inputs,
      ),
    ],
    ['retries whose delays may be nothing', flow([step('a', exact(9, { jitter: 'full' }))], limited)],
    ['retries in time', flow([step('a', exact(3))], limited)],
    [
      'one branch without a wait',
      flow(
        [either('c', 'inputs.x == "a"', [pause('a', '50s')]), pause('b', '50s', on('c'))],
        limited,
        inputs,
      ),
    ],
    [
      'the first success',
      flow(
        [
          parallel('p', [pause('a', '10s'), pause('b', '50s')], { wait_for: 'any' }),
          pause('c', '40s', on('p')),
        ],
        { ...limited, ...beside },
      ),
    ],
    [
      'scenarios side by side',
      scenarios(
        { t: { steps: [pause('a', '3m')] }, u: { steps: [pause('b', '3m')] } },
        { resources: { max_concurrent_workflows: 2 } },
      ),
    ],
    [
      'a loop whose failure is expected',
      flow([loop('l', { while: 'true', max_iterations: 3, on_failure: 'skip' })]),
    ],
  ])('is not found: %s', (_, text) => {
    expect(said(text)).toEqual([])
  })
})

describe('a finding', () => {
  it('is placed in its document, as diagnostics are', () => {
    const text = `integration:
  modules: [m]
  scenarios:
    - name: s
      steps:
        - { name: a, module: m, operation: ok }
        - name: c
          type: conditional
          depends_on: [a]
          condition: steps.a.status == "failed"
          then:
            - { name: b, module: m, operation: ok }
          else:
            - { name: d, module: m, operation: ok, on_failure: [skip, retry] }
`
    const { document, definition } = accepted(text)
    const placed = placeFindings(document, staticFindings(definition))
    expect(
      placed.map(({ code, severity, file, line, column }) => [code, severity, file, line, column]),
    ).toEqual([
      ['UNREACHABLE_STEP', 'warning', 'flow.yaml', 10, 22],
      ['UNREACHABLE_VERDICT', 'warning', 'flow.yaml', 14, 71],
    ])
    expect(placed[1]!.frame).toContain('^^^^^')
  })

  it('can have its place in another list, a case, the integration', () => {
    const cases = [
      { when: 'inputs.x == "a"', steps: [] },
      { when: 'inputs.x == "a"', steps: [step('b')] },
    ]
    const text = flow([choice('c', { cases, default: [step('e', { when: false })] })], {}, inputs, {
      error_handling: { recovery_strategies: ['skip', 'retry'] },
    })
    const { document, definition } = accepted(text)
    const at = placeFindings(document, staticFindings(definition)).map(({ column }) => text.slice(column - 1))
    expect(at[0]).toMatch(/^"inputs.x == \\"a\\"","steps":\[\{"name":"b"/)
    expect(at[1]).toMatch(/^false/)
    expect(at[2]).toMatch(/^"retry"\]/)
  })
})

describe('very many steps', { timeout: 60_000 }, () => {
  const STEPS = 100_000
  const many = (more: (i: number) => object, scenario: object) => {
    const { definition } = accepted(
      flow(
        Array.from({ length: STEPS }, (_, i) => step(`s${i}`, more(i))),
        scenario,
      ),
    )
    return staticFindings(definition)
  }
  const before = (i: number) => (i === 0 ? {} : on(`s${i - 1}`))

  it('in a chain, each asking for the one before', () => {
    const when = (i: number) => (i === 0 ? {} : { when: `steps.s${i - 1}.status == "success"` })
    expect(many((i) => ({ ...before(i), ...when(i) }), beside)).toEqual([])
  })

  it('in a chain that compensates', () => {
    expect(
      many((i) => ({ ...before(i), ...(i === 5 && undone) }), { ...compensating, ...beside }),
    ).toHaveLength(STEPS - 2)
  })

  it('side by side, each with a mistake', () => {
    expect(many((i) => ({ priority: i % 7, when: 'false' }), {})).toHaveLength(STEPS)
  })
})
