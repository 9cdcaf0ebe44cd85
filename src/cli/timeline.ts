// What happened in a simulated run, in order, read off the states that its actors went through and off the events on its
// bus. It collects and says nothing in words: printing is in storyline.ts.
import type { AnyActorRef, AnyMachineSnapshot, InspectionEvent } from 'xstate'
import type { BusEvent, Failure } from '../../machines/protocol.ts'
import type { StepContext } from '../../machines/step.ts'
import type { WorkflowDefinition } from '../definition/model.ts'

/** One moment. `step` is null for what concerns a whole scenario, or a module. */
export interface Moment {
  /** Milliseconds of virtual time since the start. */
  readonly at: number
  readonly scenario: string | null
  readonly step: string | null
  /** The state that was entered, as in the statechart; of a module, `module <name> <state>`. */
  readonly state: string
  /** The event that led there. */
  readonly event: string
  /** Of a step: attempts made so far. */
  readonly attempt: number
  readonly target: 'operation' | 'fallback'
  readonly failure: Failure | null
  /** Of a step that starts an attempt: milliseconds since it could have, but for its slot and its resources. */
  readonly waited_ms: number
}

/** Collects moments while a simulation runs. */
export class Timeline {
  readonly moments: Moment[] = []
  private readonly clock: () => number
  private readonly last = new WeakMap<AnyActorRef, unknown>()
  private readonly dependencies = new Map<string, readonly string[]>()
  /** When each step ended, and each scenario began; by address. */
  private readonly since = new Map<string, number>()
  /** When each step began to wait for its next attempt. */
  private readonly waiting = new Map<string, number>()

  /** @param clock gives virtual time, in milliseconds */
  constructor(clock: () => number, workflows: readonly WorkflowDefinition[]) {
    this.clock = clock
    for (const { name: scenario, steps } of workflows)
      for (const { name, dependsOn } of steps) this.dependencies.set(`${scenario}/${name}`, dependsOn)
  }

  /** For XState's `inspect`: states of steps, scenarios and modules. */
  readonly inspect = (inspected: InspectionEvent): void => {
    if (inspected.type !== '@xstate.snapshot') return
    const actor = inspected.actorRef as AnyActorRef
    const [, , scenario, kind, name] = actor.id.split('/')
    const { value, context } = inspected.snapshot as AnyMachineSnapshot
    if (this.last.get(actor) === value || typeof value !== 'string') return
    this.last.set(actor, value)
    const event = inspected.event.type
    if (kind === 'step' && name !== undefined) {
      const { attempt, target, failure } = context as StepContext
      const waitedMs = this.waited(scenario!, name, value, inspected.snapshot.status === 'done')
      this.add({
        scenario: scenario!,
        step: name,
        state: value,
        event,
        attempt,
        target,
        failure,
        waited_ms: waitedMs,
      })
    } else if (scenario === 'module' && kind !== undefined) {
      const { failure } = context as { readonly failure: Failure | null }
      this.add({ state: `module ${kind} ${value}`, event, failure })
    } else if (actor.id.startsWith('run/') && kind === undefined && scenario !== undefined) {
      if (value === 'running') this.since.set(scenario, this.clock())
      this.add({ scenario, state: value, event })
    }
  }

  /** For `actor.on('*')`: the ends of steps that never had an actor. */
  readonly hear = ({ type, source, data }: BusEvent): void => {
    if (type !== 'step_skipped' && type !== 'step_failed') return
    const [, , scenario, , step] = source.split('/')
    const address = `${scenario}/${step}`
    if (this.since.has(address)) return
    this.since.set(address, this.clock())
    const { error } = data as { readonly error?: Failure }
    const state = type === 'step_skipped' ? 'skipped' : 'failed'
    this.add({ scenario: scenario!, step: step!, state, event: type, failure: error ?? null })
  }

  /** How long a step that starts an attempt has waited; notes what others will have to wait for. */
  private waited(scenario: string, step: string, state: string, isEnd: boolean): number {
    const address = `${scenario}/${step}`
    const now = this.clock()
    if (isEnd) this.since.set(address, now)
    else if (state === 'waiting') this.waiting.set(address, now)
    if (state !== 'running') return 0
    let ready = this.since.get(scenario) ?? 0
    for (const other of this.dependencies.get(address) ?? [])
      ready = Math.max(ready, this.since.get(`${scenario}/${other}`) ?? 0)
    return now - (this.waiting.get(address) ?? ready)
  }

  private add(moment: Partial<Moment> & Pick<Moment, 'state' | 'event'>): void {
    const nothing = { attempt: 0, target: 'operation', failure: null, waited_ms: 0 } as const
    this.moments.push({ at: this.clock(), scenario: null, step: null, ...nothing, ...moment })
  }
}
