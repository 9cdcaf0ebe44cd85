// That the compiler knows every code of a failure and every event that crosses into a run.
import type { Failure, FailureCode, StepEvent, ThrownCode } from '../../machines/protocol.ts'
import { SagachartError } from '../../src/errors.ts'
import type { Guest } from '../../src/runtime/port/host.ts'
import { toFailure } from '../../src/runtime/execute/failure.ts'

export const known: Failure = { code: 'HEARTBEAT_MISSED', message: '' }

// @ts-expect-error -- a code that is misspelt
export const misspelt: Failure = { code: 'HEARTBEAT_MISED', message: '' }

// @ts-expect-error -- any text
export const text: Failure = { code: String(known.code), message: '' }

// @ts-expect-error -- a default that is no code of a failure
toFailure(null, 'OPERATION_FALED')

// @ts-expect-error -- a code that is misspelt
export const thrown = () => new SagachartError('OPERATION_UNKNOW', '')

/** Users compare with codes of their own errors, and with ours. */
export const isDeclined = ({ code }: Failure) => code === 'DECLINED' || code === 'RUN_TIMED_OUT'

export const message = ({ code }: Failure): string => {
  switch (code) {
    case 'WAIT_TIMED_OUT':
      return 'late'
    case 'DECLINED':
      return 'no'
    default:
      return code
  }
}

export const read: FailureCode | ThrownCode = toFailure(new Error('no luck')).code

declare const guest: Guest

guest.deliver('run/1/step/a', { type: 'attempt.timedOut', attempt: 1 })

// @ts-expect-error -- an event that is misspelt
guest.deliver('run/1/step/a', { type: 'attempt.timedout', attempt: 1 })

// @ts-expect-error -- a field is missing
guest.deliver('run/1/step/a', { type: 'attempt.timedOut' })

// @ts-expect-error -- an event that actors only tell each other
guest.deliver('run/1/step/a', { type: 'slot.granted' } satisfies StepEvent)
