// What a process that does the work of a command and the one that supervises it agree on.
import { constants } from 'node:os'

/** The environment variable that marks a supervised process: the first of the two file descriptors of its pipes. */
export const PIPES = 'SAGACHART_PIPES'

/** Signals that stop the work in order; a second one ends it at once. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A signal within this time of the first, in milliseconds, is the same: some runners pass on what a terminal has sent already. */
export const REPEATED_MS = 100

/** Exit code after a fault, as in sysexits.h: an error that nobody caught, an end before the work was done. */
export const FAULT = 70

/** Exit code after a signal, as shells have it. */
export const exitCodeOf = (signal: NodeJS.Signals) => 128 + constants.signals[signal]
