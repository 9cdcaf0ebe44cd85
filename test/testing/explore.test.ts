// Exploration: what it covers, what it finds and how small, that it is the same each time. That rules notice mistakes of the
// engine is shown in test/mutants.
import { describe, expect, it } from 'vitest'
import type { OperationContext } from '../../src/definition/model.ts'
import { planWorkflow } from '../../src/definition/plan.ts'
import { RunLogic } from '../../src/runtime/charts/run-logic.ts'
import { setup } from '../../src/index.ts'
import { logicOf } from '../../src/testing/arbitraries.ts'
import { ChangingHost } from '../../src/testing/changing-host.ts'
import { FAULT_KINDS } from '../../src/testing/choice.ts'
import { explore, eventually, invariant, simulate, tell, toHold, whenever } from '../../src/testing/index.ts'
import {
  awaitEvent,
  computed,
  conditional,
  decided,
  loop,
  retries,
  saga,
  step,
  workflow,
} from '../runtime/workflows.ts'

const chain = workflow(
  [saga('reserve'), saga('charge', { dependsOn: ['reserve'] }), step('ship', { dependsOn: ['charge'] })],
  { onFailure: 'compensate' },
)
const explored = (definition = chain) => logicOf(definition, false)

const unknown = () => {
  throw new Error('nobody knows')
}

const chargedOnce = invariant('never charged twice', (history) => {
  const started = history.filter(({ kind, step: name }) => kind === 'attempt.started' && name === 'charge')
  return started.length <= 1
})

describe('explore', () => {
  it('explores a small workflow completely, and says so', async () => {
    const answer = await explore(explored(), { faults: 2 })
    expect(answer).toMatchObject({ outcome: 'holds', isComplete: true, stopped: null, faultsMax: 2 })
    expect(Object.keys(answer.endings).toSorted()).toEqual([
      'cancelled',
      'compensated',
      'compensation_failed',
      'completed',
      'failed',
    ])
    expect(answer.faultsSurvived).toMatchObject({ throw: expect.any(Number), crash: expect.any(Number) })
    expect(tell(answer)[0]).toMatch(/^w holds: complete for ≤ 2 faults: \d+ schedules, \d+ distinct states/)
    expect(toHold(answer).pass).toBe(true)
  })

  it('explores a workflow without modules to its end, crashes included', async () => {
    const steps = { pause: { wait: '1s' }, go: { waitForEvent: 'go', dependsOn: ['pause'], timeout: '1m' } }
    const workflow = setup({ modules: {} }).createWorkflow({ id: 'w', timeout: '1h', steps } as never)
    const answer = await explore(workflow, { faults: 2 })
    expect(answer).toMatchObject({ outcome: 'holds', isComplete: true })
    expect(Object.keys(answer.endings).toSorted()).toEqual(['cancelled', 'completed', 'failed'])
    expect(answer.faultsSurvived).toMatchObject({ crash: expect.any(Number) })
    expect(simulate(workflow).status).toBe('completed')
  })

  it('has one schedule where nothing goes wrong and nothing is side by side', async () => {
    const answer = await explore(explored(), { faults: 0 })
    expect(answer).toMatchObject({ schedules: 1, endings: { completed: 1 }, isComplete: true })
  })

  it('lets stand what was done where only the outputs cannot be computed', async () => {
    const outputs = { live: decided(unknown) }
    const failing = workflow(chain.steps, { onFailure: 'compensate', outputs })
    expect(await explore(explored(failing), { faults: 0 })).toMatchObject({ endings: { failed: 1 } })
    expect(await explore(explored(failing), { faults: 1 })).toMatchObject({ outcome: 'holds' })
  })

  it('gives the same answer for the same seed', async () => {
    const options = { statesMax: 0, runs: 300, seed: 7 }
    const [once, again] = [await explore(explored(), options), await explore(explored(), options)]
    expect({ ...once, tookMs: 0 }).toEqual({ ...again, tookMs: 0 })
    expect(once).toMatchObject({ isComplete: false, schedules: 300, stopped: 'runs' })
  })

  it.each([
    ['exhaustively', {}],
    ['by chance', { statesMax: 0 }],
  ])('finds what breaks an invariant, and makes it small: %s', async (_, options) => {
    const retried = workflow([saga('reserve'), step('charge', { retry: retries(2), dependsOn: ['reserve'] })])
    const answer = await explore(explored(retried), {
      invariants: [chargedOnce],
      kinds: ['throw', 'cancel'],
      ...options,
    })
    expect(answer).toMatchObject({ outcome: 'violated', isComplete: false })
    expect(answer.counterexample).toMatchObject({
      rule: 'never charged twice',
      faults: ['throw'],
      schedule: ['succeed module/m init', 'succeed reserve#1', 'fail charge#1', 'tick charge backoff.ended'],
    })
    expect(toHold(answer).pass).toBe(false)
    expect(toHold(answer).message()).toContain('! charge   attempt 1 fails')
  })

  it('finds the same again by seed and path', async () => {
    const retried = workflow([step('charge', { retry: retries(2) })])
    const options = { invariants: [chargedOnce], statesMax: 0 }
    const { counterexample } = await explore(explored(retried), options)
    const again = await explore(explored(retried), { ...options, ...counterexample!.replay! })
    expect(again.counterexample?.schedule).toEqual(counterexample!.schedule)
  })

  it('asks what must hold at the end, and after one ending', async () => {
    const invariants = [
      eventually('ends', (history) => history.at(-1)?.kind === 'run.ended'),
      whenever('compensated', 'nothing is left', (history) => {
        const undone = history.filter(({ kind }) => kind === 'step.undone').map(({ step: name }) => name)
        const done = history.filter(({ kind, detail }) => kind === 'step.ended' && detail === 'success')
        expect(undone.toSorted()).toEqual(done.map(({ step: name }) => name).toSorted())
      }),
    ]
    expect(await explore(explored(), { faults: 1, invariants })).toMatchObject({ outcome: 'holds' })
    const never = whenever('compensated', 'never compensates', () => 'it did')
    const { counterexample } = await explore(explored(), { faults: 1, invariants: [never] })
    expect(counterexample).toMatchObject({ rule: 'never compensates', message: 'it did', faults: ['throw'] })
  })

  it('explores steps that are alike as one, and permutes nothing that comes to the same', async () => {
    const fan = (priority: (index: number) => number) =>
      workflow([0, 1, 2, 3].map((index) => step(`s${index}`, { priority: priority(index) })))
    const alike = await explore(explored(fan(() => 0)), { faults: 1, kinds: ['throw'] })
    const unlike = await explore(explored(fan((index) => index)), { faults: 1, kinds: ['throw'] })
    expect(alike).toMatchObject({ isComplete: true, outcome: 'holds' })
    expect(unlike).toMatchObject({ isComplete: true, outcome: 'holds' })
    expect(alike.states * 2).toBeLessThan(unlike.states)
    // 4! orders of four steps, and one failure in each place of each, would be 24 · (1 + 4) schedules and more.
    expect(unlike.schedules).toBeLessThan(120)
  })

  it('draws schedules where there are too many to keep', async () => {
    const answer = await explore(explored(), { statesMax: 10, runs: 50, faults: 3 })
    expect(answer).toMatchObject({ isComplete: false, stopped: 'runs', outcome: 'holds' })
    expect(tell(answer)[0]).toContain('a sample of ≤ 3 faults (seed 1)')
  })

  it('ends when its time is over, or when it is told to', async () => {
    expect(await explore(explored(), { timeMs: 0, statesMax: 0, runs: 0 })).toMatchObject({ stopped: 'time' })
    const signal = AbortSignal.abort()
    expect(await explore(explored(), { signal })).toMatchObject({ stopped: 'aborted', isComplete: false })
  })

  it('goes each way where no stub decides, and lets come what is waited for', async () => {
    const definition = workflow([
      awaitEvent('approved', 'go', { timeoutMs: 1_000 }),
      conditional('either', [[computed(() => null), [step('yes')]]], [step('no')]),
      conditional(
        'which',
        [
          [decided(unknown), [step('one')]],
          [decided(unknown), [step('two')]],
        ],
        [step('none')],
      ),
      step('perhaps', { when: decided(unknown) }),
      loop('again', { kind: 'while', condition: computed(() => null) }, [step('once')]),
    ])
    const seen = new Set<string>()
    const notes = eventually('seen', (history) => {
      for (const { kind, step: name, detail } of history)
        if (kind === 'step.ended') seen.add(`${name} ${detail}`)
    })
    await explore(explored(definition), { faults: 0, invariants: [notes], statesMax: 0, runs: 200 })
    for (const each of ['which/one success', 'which/two success', 'which/none success'])
      expect(seen).toContain(each)
    for (const each of ['either/yes success', 'either/no success', 'perhaps success', 'perhaps skipped'])
      expect(seen).toContain(each)
    for (const each of [
      'approved success',
      'approved failed',
      'again[0]/once success',
      'again[1]/once success',
    ])
      expect(seen).toContain(each)
  })

  it('has every kind of fault', async () => {
    const resources = [{ pool: 'pool', units: 1 }]
    const definition = workflow([saga('a', { resources, timeoutMs: 1_000, retry: retries(1) })])
    const { faultsSurvived } = await explore(explored(definition), { kinds: FAULT_KINDS, faults: 2 })
    expect(Object.keys(faultsSurvived).toSorted()).toEqual(FAULT_KINDS.toSorted())
  })

  it('tells which states and transitions of the charts it never reached', async () => {
    const { charts } = await explore(explored(), { faults: 0 })
    expect(charts.map(({ chart }) => chart)).toEqual(expect.arrayContaining(['workflow', 'step', 'module']))
    const ofStep = charts.find(({ chart }) => chart === 'step')!
    expect(ofStep.states.never).toContain('retrying')
    expect(ofStep.states.never).not.toContain('succeeded')
    expect(ofStep.transitions.never).toContain('running --attempt.timedOut--> aborting [isCurrent]')
    expect(ofStep.states.reached + ofStep.states.never.length).toBe(ofStep.states.total)
  })

  it.each([
    [{ faults: -1 }, 'faults: expected an integer from 0 to 100, found -1'],
    [{ runs: 1.5 }, 'runs: expected an integer from 0 to 1000000000, found 1.5'],
    [{ kinds: ['thro'] as never }, 'kinds: expected some of throw'],
  ])('refuses %j', async (options, message) => {
    await expect(explore(explored(), options)).rejects.toThrow(message)
  })

  it('refuses outputs of steps that there are not', async () => {
    const wrong = explore(explored(), { outputs: { reserv: 1 } })
    await expect(wrong).rejects.toThrow('found "reserv"; did you mean "reserve"?')
  })

  it('needs the inputs that the workflow needs', async () => {
    const city = { type: 'string', required: true, default: undefined } as never
    const definition = workflow([step('a')], { inputs: { city } })
    await expect(explore(explored(definition))).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    expect(await explore(explored(definition), { inputs: { city: 'Oslo' }, faults: 0 })).toMatchObject({
      outcome: 'holds',
    })
  })

  it('refuses what is too large to be looked at after each event', async () => {
    const many = workflow(Array.from({ length: 2_001 }, (_, index) => step(`s${index}`)))
    await expect(explore(explored(many))).rejects.toMatchObject({ code: 'WORKFLOW_TOO_LARGE' })
  })

  it('takes a schedule that goes on and on for one that never ends', async () => {
    const { counterexample } = await explore(explored(), { eventsMax: 3 })
    expect(counterexample).toMatchObject({
      rule: 'reaches-an-end',
      message: 'it has not ended after 3 events',
    })
  })

  it('refuses what is no workflow', async () => {
    await expect(explore({} as never)).rejects.toMatchObject({ code: 'WORKFLOW_INVALID' })
  })
})

describe('explore, with operations', () => {
  const withOperation = (
    operation: (parameters: never, context: OperationContext) => unknown,
    examples = {},
  ) =>
    new RunLogic({
      plan: planWorkflow(
        workflow([
          step('read'),
          step('write', { dependsOn: ['read'], when: computed((scope: never) => rowsOf(scope) > 2) }),
        ]),
      ),
      host: new ChangingHost(),
      env: {},
      parts: {
        modules: [{ name: 'm', operations: { op: operation as never }, config: null, examples }],
        pools: [],
        leaseTimeoutMs: 1_000,
        eventsEnabled: false,
        history: { sizeMax: 1, ageMsMax: 1 },
        subscriptions: [],
      },
    })
  const rowsOf = ({ steps }: { steps: { read: { output: { rows: number } } } }) => steps.read.output.rows
  const ends = async (logic: RunLogic, options: object) => {
    const seen = new Set<string>()
    const notes = eventually('seen', (history) => {
      seen.add(
        history.find(({ kind, step: name }) => kind === 'step.ended' && name === 'write')?.detail ?? 'never',
      )
    })
    await explore(logic, { faults: 0, invariants: [notes], ...options })
    return [...seen].toSorted()
  }

  it('answers with what is given, or with an example, and calls nothing', async () => {
    const logic = withOperation(
      () => {
        throw new Error('called')
      },
      { op: { rows: 5 } },
    )
    expect(await ends(logic, {})).toEqual(['success'])
    expect(await ends(logic, { outputs: { read: { rows: 1 } } })).toEqual(['skipped'])
    expect(await ends(logic, { outputs: () => ({ rows: 2 }) })).toEqual(['skipped'])
    expect(await ends(withOperation(unknown), {})).toEqual(['skipped', 'success'])
  })

  it('calls real ones that answer at once, and refuses those that do not', async () => {
    expect(
      await ends(
        withOperation(() => ({ rows: 3 })),
        { operations: 'real' },
      ),
    ).toEqual(['success'])
    const later = withOperation(() => Promise.resolve({ rows: 3 }))
    const { counterexample } = await explore(later, {
      operations: 'real',
      faults: 0,
      invariants: [
        whenever(
          'failed',
          'never fails',
          (history) => history.find(({ kind }) => kind === 'attempt.failed')?.detail,
        ),
      ],
    })
    expect(counterexample?.message).toContain('answers with a promise')
  })
})
