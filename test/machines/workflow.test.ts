// The rules of the orchestrator's chart, and proof that every transition is reached by generated paths.
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import type { Failure, StepOutput, Verdict, WorkflowEvent } from '../../machines/protocol.ts'
import { workflowMachine } from '../../machines/workflow.ts'
import { unreached } from './coverage.ts'
import { workflowWalk } from './walks.ts'

const failure: Failure = { code: 'INTERNAL', message: 'x' }
const input = workflowWalk.inputs[0]!
const settled = (status: StepOutput['status'], verdict: Verdict | null = null): WorkflowEvent => ({
  type: 'step.settled',
  address: 'a',
  step: { ...settledStep(status), failure: status === 'failed' ? failure : null, verdict },
})
const undone: WorkflowEvent = {
  type: 'compensation.settled',
  compensation: { index: 0, undone: true, failure: null, attempts: 1, left: [] },
}
const halt: WorkflowEvent = { type: 'run.halt', failure, verdict: 'compensate' }
const released: WorkflowEvent = { type: 'scope.released', issues: [] }

const run = (events: WorkflowEvent[], more = {}) => {
  const actor = createActor(workflowMachine, { input: { ...input, ...more } }).start()
  for (const event of events) actor.send(event)
  return actor.getSnapshot()
}

describe('workflow', () => {
  it('has no transition that paths cannot reach', () => {
    expect(unreached(workflowMachine, workflowWalk)).toEqual([])
  })

  it('completes once its steps are final and its scope is released', () => {
    const events: WorkflowEvent[] = [{ type: 'scope.ready' }, settled('success'), { type: 'steps.finished' }]
    expect(run(events).value).toBe('collecting')
    const collected: WorkflowEvent = { type: 'outputs.collected', output: { a: 1 }, surplus: false }
    expect(run([...events, collected, released]).output).toMatchObject({
      status: 'completed',
      output: { a: 1 },
    })
  })

  it('completes though it undoes effects that are not part of its result', () => {
    const events: WorkflowEvent[] = [{ type: 'scope.ready' }, settled('success'), { type: 'steps.finished' }]
    const collected: WorkflowEvent = { type: 'outputs.collected', output: null, surplus: true }
    expect(run([...events, collected]).value).toBe('compensating')
    for (const [left, compensation] of [
      [0, 'completed'],
      [1, 'failed'],
    ] as const) {
      const finished: WorkflowEvent = { type: 'compensation.finished', left }
      const { output } = run([...events, collected, finished, released], { onFailure: 'compensate' })
      expect(output).toMatchObject({ status: 'completed', compensation, extent: 'surplus' })
    }
  })

  it('undoes nothing that its result holds where only its outputs cannot be computed', () => {
    const events: WorkflowEvent[] = [{ type: 'scope.ready' }, settled('success'), { type: 'steps.finished' }]
    for (const surplus of [false, true]) {
      const failed: WorkflowEvent = { type: 'outputs.failed', failure, surplus }
      const finished: WorkflowEvent = { type: 'compensation.finished', left: 0 }
      const { output } = run([...events, failed, finished, released], { onFailure: 'compensate' })
      expect(output).toMatchObject({ status: 'failed', failure, extent: surplus ? 'surplus' : null })
    }
  })

  it('ends, though it failed, after what is being undone beside its steps', () => {
    const events: WorkflowEvent[] = [{ type: 'scope.ready' }, settled('failed')]
    expect(run([...events, { type: 'steps.finished', surplus: false }]).value).toBe('cleaningUp')
    const waiting: WorkflowEvent[] = [...events, { type: 'steps.finished', surplus: true }]
    expect(run(waiting).value).toBe('compensating')
    const { output } = run([...waiting, { type: 'compensation.finished', left: 1 }, released])
    expect(output).toMatchObject({ status: 'failed', compensation: 'failed', extent: null })
  })

  it('lets other branches go on after a failure, unless it fails fast', () => {
    expect(run([{ type: 'scope.ready' }, settled('failed')]).value).toBe('running')
    expect(run([{ type: 'scope.ready' }, settled('failed')], { failFast: true }).value).toBe('stopping')
    expect(run([{ type: 'scope.ready' }, settled('failed', 'fail_workflow')]).value).toBe('stopping')
  })

  it('keeps the first failure as its cause', () => {
    const other: WorkflowEvent = {
      type: 'step.settled',
      address: 'b',
      step: { ...settledStep('failed'), failure: { code: 'RUN_CANCELLED', message: 'y' } },
    }
    const end = run([{ type: 'scope.ready' }, settled('failed'), other, { type: 'steps.finished' }, released])
    expect(end.output).toMatchObject({ status: 'failed', failure: { code: 'INTERNAL', step: 'a' } })
  })

  it('names its cause when it is cancelled or exceeds its time', () => {
    const stop: WorkflowEvent[] = [{ type: 'steps.finished' }, released]
    expect(run([{ type: 'scope.ready' }, { type: 'run.cancel' }, ...stop]).output).toMatchObject({
      status: 'cancelled',
      failure: { code: 'RUN_CANCELLED' },
    })
    const late = run([{ type: 'scope.ready' }, { type: 'run.timedOut' }, ...stop]).output
    expect(late).toMatchObject({ status: 'timed_out', failure: { code: 'RUN_TIMED_OUT' } })
    expect(late?.failure?.message).toMatch(/^Workflow execution exceeded timeout/)
    expect(run([{ type: 'scope.ready' }, { type: 'run.cancel', cause: 'timed_out' }, ...stop]).value).toBe(
      'timedOut',
    )
  })

  it('undoes what it did, where a verdict or the workflow says so, and says whether anything is left', () => {
    const stopped: WorkflowEvent[] = [{ type: 'steps.finished' }]
    const byVerdict: WorkflowEvent[] = [{ type: 'scope.ready' }, settled('failed', 'compensate'), ...stopped]
    expect(run(byVerdict).value).toBe('compensating')
    expect(run([{ type: 'scope.ready' }, settled('failed'), ...stopped]).value).toBe('cleaningUp')
    const wholly: WorkflowEvent[] = [undone, { type: 'compensation.finished', left: 0 }, released]
    expect(run([...byVerdict, ...wholly]).output).toMatchObject({
      status: 'compensated',
      cause: 'failed',
      compensation: 'completed',
    })
    const partly: WorkflowEvent[] = [{ type: 'compensation.finished', left: 1 }, released]
    expect(run([...byVerdict, ...partly]).output).toMatchObject({ status: 'compensation_failed' })
    const cancelled: WorkflowEvent[] = [
      { type: 'scope.ready' },
      { type: 'run.cancel' },
      ...stopped,
      ...wholly,
    ]
    expect(run(cancelled, { onFailure: 'compensate' }).output).toMatchObject({
      status: 'cancelled',
      compensation: 'completed',
    })
  })

  it('ignores a cancellation while it undoes, unless it is forced', () => {
    const undoing: WorkflowEvent[] = [{ type: 'scope.ready' }, halt, { type: 'steps.finished' }]
    const ignoring = run([...undoing, { type: 'run.cancel' }])
    expect([ignoring.value, ignoring.context.cancellationsIgnored]).toEqual(['compensating', 1])
    expect(run([...undoing, { type: 'run.cancel', force: true }]).value).toBe('givingUp')
  })

  it('undoes nothing where it is forced to end before', () => {
    const events: WorkflowEvent[] = [
      { type: 'scope.ready' },
      { type: 'run.cancel', force: true },
      { type: 'steps.finished' },
    ]
    const ends = (left: number): WorkflowEvent[] => [
      ...events,
      { type: 'compensation.finished', left },
      released,
    ]
    const forced = (left: number) => run(ends(left), { onFailure: 'compensate' }).output
    expect(forced(1)).toMatchObject({ status: 'cancelled', compensation: 'failed' })
    expect(forced(0)).toMatchObject({ status: 'cancelled', compensation: 'completed' })
    expect(run([...events, released]).output).toMatchObject({ status: 'cancelled', compensation: 'none' })
  })

  it('completes once enough steps have succeeded, where they are counted', () => {
    const events: WorkflowEvent[] = [{ type: 'scope.ready' }, settled('failed'), { type: 'steps.sufficed' }]
    const counted = { waitFor: 1 } as const
    expect(run(events, counted).value).toBe('stopping')
    expect(run([...events, { type: 'steps.finished' }], counted).value).toBe('collecting')
    const short: WorkflowEvent[] = [{ type: 'scope.ready' }, { type: 'steps.fellShort', failure }]
    expect(run([...short, { type: 'steps.finished' }, released], counted).output).toMatchObject({ failure })
  })

  it('leaves undoing to the run around it, where it is inside of a step', () => {
    const events: WorkflowEvent[] = [
      { type: 'scope.ready' },
      settled('failed', 'compensate'),
      { type: 'steps.finished' },
      released,
    ]
    expect(run(events, { level: 'block' }).output).toMatchObject({
      status: 'failed',
      verdict: 'compensate',
      compensation: 'none',
    })
  })

  it('is cancelled where a step is, if it is inside of a step that asks for all; a run of its own goes on', () => {
    const events: WorkflowEvent[] = [
      { type: 'scope.ready' },
      { type: 'steps.finished', cancelled: 1 },
      released,
    ]
    for (const level of ['block', 'call'] as const)
      expect(run(events, { level }).output).toMatchObject({ status: 'cancelled', verdict: null })
    expect(run(events).value).toBe('collecting')
    expect(run(events, { level: 'block', waitFor: 1 }).value).toBe('collecting')
    expect(run(events, { level: 'call', onFailure: 'compensate' }).value).toBe('compensating')
    const failed: WorkflowEvent[] = [{ type: 'scope.ready' }, settled('failed'), ...events.slice(1)]
    expect(run(failed, { level: 'block' }).output).toMatchObject({ status: 'failed' })
  })

  it('exceeds its time while it is being prepared, too', () => {
    expect(run([{ type: 'run.timedOut' }, released]).output).toMatchObject({ status: 'timed_out' })
  })

  it('releases its scope also when its preparation fails', () => {
    expect(run([{ type: 'scope.failed', failure }]).value).toBe('cleaningUp')
    expect(run([{ type: 'scope.failed', failure }, released]).output).toMatchObject({
      status: 'failed',
      failure,
    })
  })
})

function settledStep(status: StepOutput['status']): StepOutput {
  return {
    index: 0,
    status,
    output: null,
    failure,
    attempts: 1,
    target: 'operation',
    verdict: null,
    degraded: false,
  }
}
