// The rules of the module's chart, and proof that every transition is reached by generated paths.
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { moduleMachine, type ModuleEvent } from '../../machines/module.ts'
import { unreached } from './coverage.ts'

const failure = { code: 'X', message: 'x' }
const initialise: ModuleEvent = { type: 'module.initialise' }
const initialised: ModuleEvent = { type: 'module.initialised' }
const cleanUp: ModuleEvent = { type: 'module.cleanUp' }
const failed: ModuleEvent = { type: 'module.failed', failure }
const cleaned: ModuleEvent = { type: 'module.cleaned' }
const timedOut: ModuleEvent = { type: 'module.timedOut' }

function module(...events: ModuleEvent[]) {
  const calls: string[] = []
  const actions = {
    performInit: () => void calls.push('init'),
    performCleanup: () => void calls.push('cleanup'),
    abandonEffect: () => void calls.push('abandon'),
  }
  const actor = createActor(moduleMachine.provide({ actions }), { input: { name: 'db' } }).start()
  for (const event of events) actor.send(event)
  return { snapshot: actor.getSnapshot(), calls }
}

describe('module', () => {
  it('has no transition that paths cannot reach', () => {
    const events = [initialise, initialised, cleanUp, failed, cleaned, timedOut]
    expect(unreached(moduleMachine, { inputs: [{ name: 'db' }], events })).toEqual([])
  })

  it('is cleaned up once after it was initialised', () => {
    const { snapshot, calls } = module(initialise, initialised, cleanUp, cleanUp, cleaned)
    expect(calls).toEqual(['init', 'cleanup'])
    expect(snapshot.value).toBe('stopped')
  })

  it('is cleaned up also when its init ends after it was dismissed', () => {
    expect(module(initialise, cleanUp, initialised, cleaned).calls).toEqual(['init', 'cleanup'])
  })

  it('owes no clean-up when its init failed or was never asked for', () => {
    expect(module(initialise, failed)).toMatchObject({
      calls: ['init'],
      snapshot: { value: 'failed', context: { failure } },
    })
    expect(module(cleanUp)).toMatchObject({ calls: [], snapshot: { value: 'stopped' } })
  })

  it('gives up on functions that do not end', () => {
    expect(module(initialise, timedOut)).toMatchObject({
      calls: ['init', 'abandon'],
      snapshot: { context: { failure: { code: 'MODULE_INIT_FAILED' } } },
    })
    expect(module(initialise, initialised, cleanUp, timedOut)).toMatchObject({
      calls: ['init', 'cleanup', 'abandon'],
      snapshot: { value: 'stopped', context: { cleanupFailure: { code: 'MODULE_CLEANUP_FAILED' } } },
    })
  })
})
