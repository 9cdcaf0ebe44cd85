// The rules of the integration's chart, and proof that every transition is reached by generated paths.
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { integrationMachine, type IntegrationEvent } from '../../machines/integration.ts'
import type { Failure, RunStatus } from '../../machines/protocol.ts'
import { unreached } from './coverage.ts'
import { integrationWalk } from './walks.ts'

const failure: Failure = { code: 'INTERNAL', message: 'x' }
const input = { runId: '1', inputs: {}, failFast: false, timeoutMs: 5 }
const settled = (status: RunStatus): IntegrationEvent => ({
  type: 'scenario.settled',
  scenario: 0,
  status,
  failure: status === 'completed' ? null : failure,
})
const released: IntegrationEvent = { type: 'scope.released', issues: [] }
const finished: IntegrationEvent = { type: 'scenarios.finished' }

const run = (events: IntegrationEvent[], more = {}) => {
  const actor = createActor(integrationMachine, { input: { ...input, ...more } }).start()
  for (const event of events) actor.send(event)
  return actor.getSnapshot()
}

describe('integration', () => {
  it('has no transition that paths cannot reach', () => {
    expect(unreached(integrationMachine, integrationWalk)).toEqual([])
  })

  it('cleans up before every end', () => {
    const ends: [IntegrationEvent[], string][] = [
      [[{ type: 'scope.ready' }, settled('completed'), finished], 'completed'],
      [[{ type: 'scope.ready' }, settled('failed'), finished], 'failed'],
      [[{ type: 'scope.failed', failure }], 'failed'],
      [[{ type: 'scope.ready' }, { type: 'run.cancel' }, finished], 'cancelled'],
      [[{ type: 'scope.ready' }, { type: 'run.timedOut' }, finished], 'timed_out'],
    ]
    for (const [events, status] of ends) {
      expect(run(events).value).toBe('cleaningUp')
      expect(run([...events, released]).output).toMatchObject({ status })
    }
  })

  it('says when a module could not be cleaned up', () => {
    const issues: IntegrationEvent = { type: 'scope.released', issues: [failure] }
    expect(run([{ type: 'scope.ready' }, finished, issues]).output).toMatchObject({
      status: 'completed_with_cleanup_issues',
      cleanupIssues: [failure],
    })
  })

  it('starts no later scenario after a failure where it fails fast', () => {
    expect(run([{ type: 'scope.ready' }, settled('failed')], { failFast: true }).value).toBe('stopping')
    expect(run([{ type: 'scope.ready' }, settled('failed')]).value).toBe('running')
  })
})
