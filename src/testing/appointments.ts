// What comes from outside while a simulation runs: cancellations and signals, each at its virtual time. Invariant: what is due
// at a time comes before whatever else is.
import type { SimulationHost } from '../hosts/simulation.ts'
import type { RunCommand } from '../../machines/protocol.ts'

/** A command for the root of a run, and when: milliseconds of virtual time since the start. */
export interface Appointment {
  readonly atMs: number
  readonly event: RunCommand
}

/**
 * Keeps the appointments, in virtual time. To be called before the run begins, for whoever comes first to a host is first
 * served by it.
 */
export function keepAppointments(
  host: SimulationHost,
  appointments: readonly Appointment[],
  send: (event: RunCommand) => void,
): void {
  const never = () => {}
  const port = host.open(
    { runId: 'outside', resume: false },
    { execute: never, settle: never, deliver: (_, event) => send(event as RunCommand) },
  )
  for (const { atMs, event } of appointments) port.startTimer('outside', event, atMs)
}
