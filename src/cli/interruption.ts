// What ends a command before its work is done: a signal, an error that nobody caught, an event loop that has nothing left
// to do. All are heard here, and handled alike: the first one is handed to whoever can stop the work in order.
import type { Failure } from '../../machines/protocol.ts'
import { fieldOf } from '../foreign.ts'
import { toFailure } from '../runtime/execute/failure.ts'
import { isSupervised, tellStopping } from './lifeline.ts'
import { stderr } from './output.ts'
import { exitCodeOf, FAULT, REPEATED_MS, SIGNALS } from './supervision.ts'
import { printable } from './terminal.ts'
import { endProcess, tolerateExits } from './way-out.ts'

/** Modules may take it away. */
const nextTurn = globalThis.setImmediate

/** Faults that are told. */
const FAULTS_TOLD_MAX = 10

/** What asks for the end. */
export interface Interruption {
  /** 128 + the signal's number, or 70. */
  readonly exitCode: number
  readonly isFault: boolean
  /** What ended the work, for its result. */
  readonly failure: Failure
}

/** Told of the first interruption, and of every fault. */
export type OnInterruption = (interruption: Interruption, isFirst: boolean) => void

const heard: { first: Interruption | null; at: number; faults: number; handle: OnInterruption } = {
  first: null,
  at: 0,
  faults: 0,
  // Nothing has begun that would have to be ended in order.
  handle({ failure, exitCode }) {
    stderr.line(`sagachart: ${tellFault(failure)}`)
    endProcess(exitCode)
  },
}

/** The first that was heard, if any was. */
export const interruption = (): Interruption | null => heard.first

/** Hears of errors that nobody catches, and of waits for what cannot come; each ends the process at once, until `stopInOrder`. */
export function hearFaults(): void {
  process.prependListener('uncaughtException', (error) => {
    tolerateExits()
    hearError('an error that nobody caught', error)
  })
  process.prependListener('unhandledRejection', (reason) => {
    hearError('a promise was left behind and was rejected', reason)
  })
  process.on('beforeExit', () => {
    const message =
      'nothing is left to happen, and the work is not done: something waits for what cannot come'
    const isStopping = heard.first !== null
    hear({ exitCode: FAULT, isFault: true, failure: { code: 'RUN_STALLED', message } })
    if (isStopping) endProcess(FAULT)
    // A stop in order may need no more than promises, which do not keep the process: without this, nothing would be heard again.
    nextTurn(() => {})
  })
}

/** From now on faults and signals end the work in order. */
export function stopInOrder(handle: OnInterruption): void {
  heard.handle = handle
  for (const signal of SIGNALS) process.prependListener(signal, () => hearSignal(signal))
}

/** A fault in one line. */
export const tellFault = ({ message }: Failure) => printable(message, Infinity)

function hearSignal(signal: (typeof SIGNALS)[number]): void {
  const exitCode = exitCodeOf(signal)
  if (heard.first === null) {
    const message = `The integration was cancelled: ${signal}`
    hear({ exitCode, isFault: false, failure: { code: 'RUN_CANCELLED', message } })
  } else if (!isSupervised && performance.now() - heard.at >= REPEATED_MS) endProcess(exitCode)
}

function hearError(what: string, error: unknown): void {
  const cause = toFailure(error)
  const message = `${what}: ${cause.message}`
  hear({ exitCode: FAULT, isFault: true, failure: { code: 'UNCAUGHT_ERROR', message, cause } })
  const stack = fieldOf(error, 'stack')
  if (process.env['DEBUG'] && typeof stack === 'string') stderr.lines(stack)
}

function hear(interruption: Interruption): void {
  const isFirst = heard.first === null
  if (isFirst) {
    heard.first = interruption
    heard.at = performance.now()
    tellStopping(interruption.isFault ? 'fault' : 'signal')
  }
  if (interruption.isFault && ++heard.faults > FAULTS_TOLD_MAX) return
  if (isFirst || interruption.isFault) heard.handle(interruption, isFirst)
}
