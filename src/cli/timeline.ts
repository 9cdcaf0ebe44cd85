// What happened in a simulated run, in order, read off the states that its actors went through and off the events on its
// bus. It collects and says nothing in words: printing is in storyline.ts.
import type { AnyActorRef, AnyMachineSnapshot, InspectionEvent } from 'xstate'
import type { BusEvent, Failure, Verdict } from '../../machines/protocol.ts'
import type { CompensationContext } from '../../machines/compensation.ts'
import type { LoopContext } from '../../machines/loop.ts'
import type { StepContext } from '../../machines/step.ts'
import { durationText } from '../definition/duration.ts'
import type { ControlDefinition, StepDefinition, WorkflowDefinition } from '../definition/model.ts'
import type { RunCommand } from '../../machines/protocol.ts'
import { placeOf, StepAddresses, withoutIterations, type ActorPlace } from '../testing/step-address.ts'

/** One moment. `step` is null for what concerns a whole scenario, a module, or the outside. */
export interface Moment {
  /** Milliseconds of virtual time since the start. */
  readonly at: number
  readonly scenario: string | null
  /** The step's address: `load`, `outer/inner`, `scan[3]/fetch`. */
  readonly step: string | null
  /** Of a step: `call`, or the kind of a control step. */
  readonly type: 'call' | ControlDefinition['kind'] | null
  /**
   * The state that was entered, as in the statechart; of a module, `module <name> <state>`. Beside these `progress` for what
   * an operation reports, `iterating` for a loop that knows its items, and `outside` for what comes from there.
   */
  readonly state: string
  /** The event that led there. */
  readonly event: string
  /** Of a step: attempts made so far. */
  readonly attempt: number
  readonly target: 'operation' | 'fallback' | 'compensation'
  readonly failure: Failure | null
  /** What was answered to the failure; `null` where nothing had to be. */
  readonly verdict: Verdict | null
  /**
   * What is waited for, how many items there are, how far it is, what comes from outside, which key of a step kept it from
   * running; `null` where it goes without.
   */
  readonly detail: string | null
  /** Of a step that starts an attempt: milliseconds since it could have, but for its slot and its resources. */
  readonly waited_ms: number
}

/** What the events that are told say, beside whose they are. */
interface Reported {
  readonly error?: Failure
  readonly dependencies_satisfied?: boolean
  /** A share from 0 to 1. */
  readonly progress?: number
  readonly message?: string
}

/** Events that say what no state does. */
const TOLD: ReadonlySet<string> = new Set(['step_progress', 'step_skipped', 'step_failed'])

/** Collects moments while a simulation runs. */
export class Timeline {
  readonly moments: Moment[] = []
  private readonly clock: () => number
  private readonly steps: StepAddresses
  private readonly last = new WeakMap<AnyActorRef, unknown>()
  /** When each list of steps began, by where it is, and for which time: one inside of a step may begin several times. */
  private readonly begun = new Map<string, { readonly at: number; readonly time: number }>()
  /** When each step ended. */
  private readonly ended = new Map<string, number>()
  /** In which time of its list each step was last seen. */
  private readonly seen = new Map<string, number>()
  /** When each step began to wait for its next attempt. */
  private readonly waiting = new Map<string, number>()

  /** @param clock gives virtual time, in milliseconds */
  constructor(clock: () => number, workflows: readonly WorkflowDefinition[]) {
    this.clock = clock
    this.steps = new StepAddresses(workflows)
  }

  /** For XState's `inspect`: states of steps, scenarios and modules. */
  readonly inspect = (inspected: InspectionEvent): void => {
    if (inspected.type !== '@xstate.snapshot') return
    const actor = inspected.actorRef as AnyActorRef
    const { value } = inspected.snapshot as AnyMachineSnapshot
    if (this.last.get(actor) === value || typeof value !== 'string') return
    this.last.set(actor, value)
    const event = inspected.event.type
    const snapshot = inspected.snapshot as AnyMachineSnapshot
    const place = placeOf(actor.id)
    const { scenario, kind, address } = place
    if (kind === 'step' && address !== '') this.stepEntered(place, snapshot, event)
    else if (kind === 'compensation' && address !== '') this.undoingEntered(place, snapshot, event)
    else if (kind === 'loop' && address !== '') this.loopEntered(place, snapshot, event)
    else if (kind === 'steps' && address !== '') {
      if (value === 'running') this.begin(`${scenario}/${address}`)
    } else if (scenario === 'module' && kind !== '') {
      const { failure } = snapshot.context as { readonly failure: Failure | null }
      this.add({ state: `module ${kind} ${value}`, event, failure })
    } else if (actor.id.startsWith('run/') && kind === '' && scenario !== '') {
      if (value === 'running') this.begin(scenario)
      this.add({ scenario, state: value, event })
    }
  }

  /** For `actor.on('*')`: the ends of steps that never had an actor, and what operations report. */
  readonly hear = ({ type, source, data }: BusEvent): void => {
    const place = placeOf(source)
    if (place.address === '' || !TOLD.has(type)) return
    const { error, dependencies_satisfied: satisfied, progress, message } = data as Reported
    if (type === 'step_progress') {
      const detail = `${Math.round((progress ?? 0) * 100)} %${message === undefined ? '' : `: ${message}`}`
      this.addStep(place, { state: 'progress', event: type, detail })
      return
    }
    if (place.kind !== 'step' || !this.isNew(place)) return
    this.ended.set(keyOf(place), this.clock())
    const state = type === 'step_skipped' ? 'skipped' : 'failed'
    const detail = satisfied === false ? 'run_if' : 'when'
    this.addStep(place, { state, event: type, failure: error ?? null, detail })
  }

  /** What comes from outside. */
  tell(event: RunCommand): void {
    const { type } = event
    const detail = 'step' in event ? event.step : 'event' in event ? event.event : null
    this.add({ state: 'outside', event: type, detail })
  }

  private stepEntered(
    place: ActorPlace,
    { value, context, status }: AnyMachineSnapshot,
    event: string,
  ): void {
    const state = value as string
    const { attempt, target, failure, verdict } = context as StepContext
    const waitedMs = this.waited(place, state)
    this.isNew(place)
    if (status === 'done') this.ended.set(keyOf(place), this.clock())
    const detail = state === 'running' ? awaited(this.definitionOf(place)) : null
    this.addStep(place, { state, event, attempt, target, failure, verdict, detail, waited_ms: waitedMs })
  }

  private undoingEntered(place: ActorPlace, { value, context }: AnyMachineSnapshot, event: string): void {
    const { attempt, failure, insideFailure } = context as CompensationContext
    const about = { attempt, target: 'compensation', failure: failure ?? insideFailure } as const
    this.addStep(place, { state: value as string, event, ...about })
  }

  private loopEntered(place: ActorPlace, { value, context }: AnyMachineSnapshot, event: string): void {
    const { total } = context as LoopContext
    if (value !== 'iterating' || total === null) return
    this.addStep(place, { state: value, event, detail: total === 1 ? '1 item' : `${total} items` })
  }

  /** How long a step that starts an attempt has waited; notes since when others have. */
  private waited(place: ActorPlace, state: string): number {
    const key = keyOf(place)
    const now = this.clock()
    if (state === 'waiting') this.waiting.set(key, now)
    if (state !== 'running') return 0
    const since = this.waiting.get(key)
    this.waiting.delete(key)
    if (since !== undefined) return now - since
    const list = listOf(key)
    let ready = this.begun.get(list)?.at ?? 0
    for (const other of this.definitionOf(place)?.dependsOn ?? [])
      ready = Math.max(ready, this.ended.get(`${list}/${other}`) ?? 0)
    return now - ready
  }

  private definitionOf({ scenario, address }: ActorPlace): StepDefinition | undefined {
    return this.steps.pathTo(scenario, withoutIterations(address)).at(-1)
  }

  private begin(list: string): void {
    this.begun.set(list, { at: this.clock(), time: (this.begun.get(list)?.time ?? 0) + 1 })
  }

  /** Whether a step has not been seen since its list of steps began; now it has. */
  private isNew(place: ActorPlace): boolean {
    const key = keyOf(place)
    const time = this.begun.get(listOf(key))?.time ?? 0
    const isNew = this.seen.get(key) !== time
    this.seen.set(key, time)
    return isNew
  }

  private addStep(place: ActorPlace, moment: Partial<Moment> & Pick<Moment, 'state' | 'event'>): void {
    const type = this.definitionOf(place)?.control?.kind ?? 'call'
    this.add({ scenario: place.scenario, step: place.address, type, ...moment })
  }

  private add(moment: Partial<Moment> & Pick<Moment, 'state' | 'event'>): void {
    const about = { scenario: null, step: null, type: null } as const
    const nothing = { attempt: 0, target: 'operation', failure: null, verdict: null, detail: null } as const
    this.moments.push({ at: this.clock(), ...about, ...nothing, waited_ms: 0, ...moment })
  }
}

const keyOf = ({ scenario, address }: ActorPlace) => `${scenario}/${address}`

/** Where a step is: its scenario, or the step or iteration that it is inside of. */
const listOf = (key: string) => key.slice(0, key.lastIndexOf('/'))

/** What a wait waits for. */
function awaited(step: StepDefinition | undefined): string | null {
  const { control } = step ?? {}
  if (control?.kind !== 'wait') return null
  return control.until.kind === 'event' ? control.until.event : durationText(control.until.delayMs)
}
