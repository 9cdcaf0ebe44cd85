// The rules of the module's chart, and proof that every transition is reached by generated paths.
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { moduleMachine, type ModuleEvent } from '../../machines/module.ts'
import type { Failure } from '../../machines/protocol.ts'
import { unreached } from './coverage.ts'
import { moduleWalk } from './walks.ts'

const failure: Failure = { code: 'INTERNAL', message: 'x' }
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
    abortEffect: () => void calls.push('abort'),
    abandonEffect: () => void calls.push('abandon'),
  }
  const actor = createActor(moduleMachine.provide({ actions }), { input: { name: 'db' } }).start()
  for (const event of events) actor.send(event)
  return { snapshot: actor.getSnapshot(), calls }
}

describe('module', () => {
  it('has no transition that paths cannot reach', () => {
    expect(unreached(moduleMachine, moduleWalk)).toEqual([])
  })

  it('is cleaned up once after it was initialised', () => {
    const { snapshot, calls } = module(initialise, initialised, cleanUp, cleanUp, cleaned)
    expect(calls).toEqual(['init', 'cleanup'])
    expect(snapshot.value).toBe('stopped')
  })

  it('is cleaned up also when its init ends after it was told to stop', () => {
    expect(module(initialise, cleanUp, initialised, cleaned).calls).toEqual(['init', 'abort', 'cleanup'])
    expect(module(initialise, cleanUp, failed)).toMatchObject({
      calls: ['init', 'abort'],
      snapshot: { value: 'stopped', output: { status: 'success', failure: null } },
    })
    expect(module(initialise, cleanUp, timedOut).calls).toEqual(['init', 'abort', 'abandon'])
  })

  it('leaves behind how it fared', () => {
    const cleanupFailure: Failure = { code: 'MODULE_CLEANUP_FAILED', message: 'x' }
    expect(module(initialise, failed).snapshot.output).toEqual({
      name: 'db',
      status: 'failed',
      failure,
      cleanupFailure: null,
    })
    const events: ModuleEvent[] = [initialise, initialised, cleanUp]
    expect(module(...events, { type: 'module.failed', failure: cleanupFailure }).snapshot.output).toEqual({
      name: 'db',
      status: 'success',
      failure: null,
      cleanupFailure,
    })
  })

  it('changes nothing when its init or its cleanup ends late or twice', () => {
    expect(module(initialise, initialised, initialised, failed, timedOut).snapshot).toMatchObject({
      value: 'running',
      context: { failure: null },
    })
    expect(module(initialise, initialised, cleanUp, initialised, cleanUp)).toMatchObject({
      calls: ['init', 'cleanup'],
      snapshot: { value: 'cleaningUp' },
    })
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
