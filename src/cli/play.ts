// Plays one integration to its end in virtual time: stubs in place of modules, assumptions in place of what they do not say,
// and what comes from outside at its time. It prints nothing.
import { createActor } from 'xstate'
import type { IntegrationDefinition } from '../definition/model.ts'
import { SimulationHost } from '../hosts/simulation.ts'
import { IntegrationLogic, type IntegrationReport } from '../runtime/charts/integration-logic.ts'
import { tolerant } from '../testing/assumptions.ts'
import { keepAppointments, type Appointment } from '../testing/appointments.ts'
import { replies, stubModules, type Stubs } from '../testing/stubs.ts'
import { Unknowns } from '../testing/unknowns.ts'
import { Timeline, type Moment } from './timeline.ts'

/** How to play. */
export interface Play {
  readonly seed: number
  readonly stubs: Stubs
  readonly outside: readonly Appointment[]
}

/** What a simulation came to. */
export interface Played {
  readonly report: IntegrationReport
  readonly timeline: readonly Moment[]
  /** What could not be computed from the stubs. */
  readonly assumed: readonly string[]
  readonly virtualMs: number
}

/** Plays the integration to its end. The same seed, the same story. */
export function play(definition: IntegrationDefinition, { seed, stubs, outside }: Play): Played {
  const unknowns = new Unknowns()
  const reply = replies(stubs, seed, definition)
  const host = new SimulationHost({ seed, reply, eventsMax: Infinity })
  const timeline = new Timeline(() => host.time, definition.workflows)
  // The timeline needs events; the handlers of a document without events must not hear of them.
  const handlers = definition.eventsEnabled ? definition.handlers : []
  const logic = new IntegrationLogic({
    definition: { ...tolerant(definition, unknowns), eventsEnabled: true, handlers },
    modules: stubModules(definition, stubs, unknowns),
    host,
  })
  const actor = createActor(logic, { input: { inputs: definition.inputs }, inspect: timeline.inspect })
  actor.on('*' as never, timeline.hear as never)
  keepAppointments(host, outside, (event) => {
    timeline.tell(event)
    actor.send(event)
  })
  actor.start()
  host.run(() => actor.getSnapshot().status !== 'active')
  const report = actor.getSnapshot().output as unknown as IntegrationReport
  return { report, timeline: timeline.moments, assumed: [...unknowns.assumed], virtualMs: host.time }
}
