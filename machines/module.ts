// The life cycle of one module: initialised before the first run, cleaned up after the last.
// Not here: the operations, which are attempts of steps.
// Invariant: a module that was initialised is cleaned up once, whatever happened in between.
import { assign, setup } from 'xstate'
import { blockage } from './blockage.ts'
import type { Failure, ModuleEvent } from './protocol.ts'

export type { ModuleEvent } from './protocol.ts'

/** Limit of a module's init, in milliseconds. */
export const INIT_TIMEOUT_MS = 60_000
/** Limit of a module's cleanup, in milliseconds. */
export const CLEANUP_TIMEOUT_MS = 30_000

export interface ModuleInput {
  readonly name: string
}

export interface ModuleContext {
  readonly name: string
  /** Why it could not be initialised. */
  readonly failure: Failure | null
  /** Why it could not be cleaned up. */
  readonly cleanupFailure: Failure | null
}

/** What a module leaves behind. */
export interface ModuleOutput {
  readonly name: string
  /** `failed` where its init failed while the module was wanted. A failed cleanup does not change it. */
  readonly status: 'success' | 'failed'
  readonly failure: Failure | null
  readonly cleanupFailure: Failure | null
}

const timedOut = (name: string, what: 'init' | 'cleanup', limitMs: number, event: object): Failure => ({
  code: what === 'init' ? 'MODULE_INIT_FAILED' : 'MODULE_CLEANUP_FAILED',
  message: `Module "${name}": ${what} did not end within ${limitMs} ms${blockage(event)}`,
})

const noEffect = () => {}

/** The chart's effects, by name: a host provides each of them. */
const effects = {
  performInit: noEffect,
  performCleanup: noEffect,
  /** Tells an init that is no longer wanted to stop. Its end still counts. */
  abortEffect: noEffect,
  /** Tells whatever is under way to stop, and gives up on it. */
  abandonEffect: noEffect,
  startTimer: (_: unknown, _timer: { readonly delayMs: number }) => {},
  stopTimer: noEffect,
  publish: (_: unknown, _event: { readonly type: string }) => {},
}

/** Their names. */
export type ModuleEffect = keyof typeof effects

/** The statechart of a module. Its effects are named actions that the runtime provides. */
export const moduleMachine = setup({
  types: {} as { context: ModuleContext; events: ModuleEvent; input: ModuleInput; output: ModuleOutput },
  actions: {
    ...effects,
    keepFailure: assign(({ event }) => ('failure' in event ? { failure: event.failure } : {})),
    keepTimeout: assign(({ context, event }) => ({
      failure: timedOut(context.name, 'init', INIT_TIMEOUT_MS, event),
    })),
    keepCleanupFailure: assign(({ event }) => ('failure' in event ? { cleanupFailure: event.failure } : {})),
    keepCleanupTimeout: assign(({ context, event }) => ({
      cleanupFailure: timedOut(context.name, 'cleanup', CLEANUP_TIMEOUT_MS, event),
    })),
  },
}).createMachine({
  id: 'module',
  description: 'One module, from its initialisation to its clean-up.',
  context: ({ input }) => ({ name: input.name, failure: null, cleanupFailure: null }),
  initial: 'pending',
  output: ({ context: { name, failure, cleanupFailure } }) => ({
    name,
    status: failure ? 'failed' : 'success',
    failure,
    cleanupFailure,
  }),
  states: {
    pending: {
      description: 'Not asked for yet.',
      on: { 'module.initialise': 'initializing', 'module.cleanUp': 'stopped' },
    },
    initializing: {
      description: 'Its init is under way.',
      entry: ['performInit', { type: 'startTimer', params: { delayMs: INIT_TIMEOUT_MS } }],
      exit: 'stopTimer',
      on: {
        'module.initialised': 'running',
        'module.failed': { target: 'failed', actions: 'keepFailure' },
        'module.timedOut': { target: 'failed', actions: ['keepTimeout', 'abandonEffect'] },
        'module.cleanUp': 'interrupting',
      },
    },
    interrupting: {
      description: 'It is no longer needed and was told to stop, but its init has not ended yet.',
      entry: ['abortEffect', { type: 'startTimer', params: { delayMs: INIT_TIMEOUT_MS } }],
      exit: 'stopTimer',
      on: {
        'module.initialised': 'cleaningUp',
        'module.failed': 'stopped',
        'module.timedOut': { target: 'stopped', actions: 'abandonEffect' },
      },
    },
    running: {
      description: 'Its operations may be called.',
      entry: { type: 'publish', params: { type: 'module_initialized' } },
      on: { 'module.cleanUp': 'cleaningUp' },
    },
    cleaningUp: {
      description: 'Its cleanup is under way.',
      entry: ['performCleanup', { type: 'startTimer', params: { delayMs: CLEANUP_TIMEOUT_MS } }],
      exit: 'stopTimer',
      on: {
        'module.cleaned': 'stopped',
        'module.failed': {
          target: 'stopped',
          actions: ['keepCleanupFailure', { type: 'publish', params: { type: 'module_error' } }],
        },
        'module.timedOut': {
          target: 'stopped',
          actions: [
            'keepCleanupTimeout',
            'abandonEffect',
            { type: 'publish', params: { type: 'module_error' } },
          ],
        },
      },
    },
    stopped: { description: 'Cleaned up, or never initialised.', type: 'final' },
    failed: {
      description: 'Could not be initialised; it must clean up after itself.',
      type: 'final',
      entry: { type: 'publish', params: { type: 'module_error' } },
    },
  },
})
