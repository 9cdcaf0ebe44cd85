// The rules of the orchestrator's chart, and proof that every transition is reached by generated paths.
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import type { StepOutput, WorkflowEvent } from '../../machines/protocol.ts'
import { workflowMachine } from '../../machines/workflow.ts'
import { unreached } from './coverage.ts'

const failure = { code: 'X', message: 'x' }
const input = { runId: '1', inputs: {}, failFast: false, timeoutMs: 5 }
const settled = (status: StepOutput['status'], endsRun = false): WorkflowEvent => ({
  type: 'step.settled',
  step: {
    index: 0,
    status,
    output: null,
    failure: status === 'failed' ? failure : null,
    attempts: 1,
    endsRun,
  },
})
const released: WorkflowEvent = { type: 'scope.released', issues: [] }

const run = (events: WorkflowEvent[], more = {}) => {
  const actor = createActor(workflowMachine, { input: { ...input, ...more } }).start()
  for (const event of events) actor.send(event)
  return actor.getSnapshot()
}

describe('workflow', () => {
  it('has no transition that paths cannot reach', () => {
    const events: WorkflowEvent[] = [
      { type: 'scope.ready' },
      { type: 'scope.failed', failure },
      released,
      settled('success'),
      settled('failed'),
      settled('failed', true),
      { type: 'steps.finished' },
      { type: 'slot.requested', index: 0 },
      { type: 'slot.returned' },
      { type: 'lease.granted', lease: 'l', pool: 'p' },
      { type: 'lease.denied', lease: 'l', pool: 'p', failure },
      { type: 'condition.decided', index: 0, holds: true },
      { type: 'outputs.collected', output: 1 },
      { type: 'outputs.failed', failure },
      { type: 'run.timedOut' },
      { type: 'run.cancel' },
    ]
    expect(unreached(workflowMachine, { inputs: [input], events })).toEqual([])
  })

  it('completes once its steps are final and its scope is released', () => {
    const events: WorkflowEvent[] = [{ type: 'scope.ready' }, settled('success'), { type: 'steps.finished' }]
    expect(run(events).value).toBe('collecting')
    expect(run([...events, { type: 'outputs.collected', output: { a: 1 } }, released]).output).toMatchObject({
      status: 'completed',
      output: { a: 1 },
    })
  })

  it('lets other branches go on after a failure, unless it fails fast', () => {
    expect(run([{ type: 'scope.ready' }, settled('failed')]).value).toBe('running')
    expect(run([{ type: 'scope.ready' }, settled('failed')], { failFast: true }).value).toBe('stopping')
    expect(run([{ type: 'scope.ready' }, settled('failed', true)]).value).toBe('stopping')
  })

  it('keeps the first failure as its cause', () => {
    const other: WorkflowEvent = {
      type: 'step.settled',
      step: { ...settledStep('failed'), failure: { code: 'Y', message: 'y' } },
    }
    const end = run([{ type: 'scope.ready' }, settled('failed'), other, { type: 'steps.finished' }, released])
    expect(end.output).toMatchObject({ status: 'failed', failure: { code: 'X' } })
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

  it('releases its scope also when its preparation fails', () => {
    expect(run([{ type: 'scope.failed', failure }]).value).toBe('cleaningUp')
    expect(run([{ type: 'scope.failed', failure }, released]).output).toMatchObject({
      status: 'failed',
      failure,
    })
  })
})

function settledStep(status: StepOutput['status']): StepOutput {
  return { index: 0, status, output: null, failure, attempts: 1, endsRun: false }
}
