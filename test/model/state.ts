// The state of the reference model: one value, which the rules beside this file read and write, and nothing else.
// A frame is one execution of a list of steps: the run, a branch, an iteration, a called scenario. A task is one step in it.
import type {
  EffectTarget,
  Failure,
  RunCause,
  StepOutcome,
  StepStatus,
  Verdict,
} from '../../machines/protocol.ts'
import type * as control from './control.ts'
import type * as frames from './frames.ts'
import type * as undoing from './undo.ts'
import type { Computed, Module, StepDefinition, WorkflowDefinition } from '../../src/definition/model.ts'

/** How long an operation that was told to stop may take before it is given up on. */
export const GRACE_MS = 5_000
/** How long a cancellation waits for an attempt without a time limit, where it waits at all. */
export const AWAIT_MS = 30_000
/** What one point of priority is worth in the queue of a pool. */
export const PRIORITY_MS = 10_000
/** Whoever has waited so long for a slot goes before all that have not, where priorities differ. */
export const AGEING_MS = 60_000

/** What a run has around it. */
export interface Setting {
  readonly runId: string
  readonly inputs: Readonly<Record<string, unknown>>
  readonly modules: readonly Module[]
  readonly pools: readonly { readonly name: string; readonly units: number }[]
  readonly leaseTimeoutMs: number
  /** Handlers of `step_failed`, the one of the highest priority first. */
  readonly handlers: readonly string[]
}

/** Rules that the life of a step and undoing lead to. They are handed in, for they lead back. */
export type Above = typeof frames & typeof control & typeof undoing

/** A value, or why it cannot be computed. */
export type Answer = { readonly value: unknown } | { readonly failure: Failure }

export class World {
  readonly above: Above
  readonly definition: WorkflowDefinition
  readonly setting: Setting
  now = 0
  modulesReady = 0
  /** Every frame there was, and tasks under way, by the address of the actor that hears of them. */
  readonly frames = new Map<string, Frame>()
  readonly live = new Map<string, Task>()
  /** Frames that are under way, or being undone. */
  readonly open = new Set<Frame>()
  timers: Timer[] = []
  /** What the last entry brings about. */
  performed: Performed[] = []
  /** Addresses of attempts that were seen to begin with it: they decide where the order is left open. */
  seen: ReadonlySet<string> = new Set()
  /** Those of them, and of runs whose functions were asked, that were not predicted yet. */
  ahead: Set<string> = new Set()
  readonly pools: ReadonlyMap<string, Pool>
  /** Control steps whose attempt has begun, and nothing inside of it yet. */
  starting: Task[] = []
  /** Attempts that end with what was computed for them. */
  atOnce = new Map<Task, Answer>()
  /** Those of them that end now: nothing else that ends at the same time stops them. */
  answered: Map<Task, Answer> = new Map()
  /** Waits for events; those of `joining` were not offered what is kept. */
  waits: Task[] = []
  joining: Task[] = []
  /** Signals that nobody took, the oldest first. */
  kept: { event: string; data: unknown; at: number }[] = []
  /** What each handler has not answered, the oldest first: failures that were told, and what was asked about them. */
  readonly asked: ReadonlyMap<string, (Question | null)[]>
  requests = 0
  /** Requests that were granted, and of which nothing followed yet. */
  lent: LeaseRequest[] = []
  changes = 0
  /** What entries should not have been. */
  readonly problems: string[] = []

  constructor(above: Above, definition: WorkflowDefinition, setting: Setting) {
    this.above = above
    this.definition = definition
    this.setting = setting
    this.pools = new Map(setting.pools.map(({ name, units }) => [name, { name, free: units, waiting: [] }]))
    this.asked = new Map(setting.handlers.map((id) => [id, []]))
  }
}

/** A limit or a delay that counts: it passes at a time from `from` to `until`. */
export interface Timer {
  readonly to: string
  readonly type: string
  readonly attempt?: number
  readonly from: number
  readonly until: number
}

/** What is asked of the outside. Of an attempt: its idempotency key, and what it is given where that can be computed. */
export interface Performed {
  readonly text: string
  readonly key?: string
  readonly given?: { readonly value: unknown } | null
}

export interface Question {
  readonly task: Task
  readonly answers: Map<string, Verdict | null>
}

export interface Pool {
  readonly name: string
  free: number
  waiting: readonly LeaseRequest[]
}

export interface LeaseRequest {
  readonly task: Task
  readonly units: number
  /** The lowest one goes first. */
  readonly rank: number
  /** When the task asked for the first of its leases. */
  readonly since: number
  /** Its place among all requests. */
  readonly place: number
}

/** What has attempts, at one effect after the other. */
abstract class Trying {
  attempt = 0
  target: EffectTarget = 'operation'
  /** Failures at this target. */
  failures = 0
  failure: Failure | null = null
  /** The target whose time for retries counts; its end; whether it is over. */
  windowOf: EffectTarget | null = null
  windowEnd = Infinity
  isWindowOpen = true
}

/** `clearing`: waits until what its failed attempt did is undone. `finishing`: cancelled, but awaited. */
type Phase =
  | ('pending' | 'checking' | 'queued' | 'running' | 'aborting' | 'finishing')
  | ('cancelling' | 'backingOff' | 'clearing' | 'asking' | 'final')

export class Task extends Trying {
  readonly kind = 'step'
  readonly frame: Frame
  readonly index: number
  readonly step: StepDefinition
  phase: Phase = 'pending'
  status: StepStatus | null = null
  outcome: StepOutcome | null = null
  output: unknown = null
  granted = 0
  verdict: Verdict | null = null
  question: Question | null = null
  /** It did not run because of how its dependencies ended. */
  isHeld = false
  /** Its success is not needed: as many as were waited for had succeeded. */
  isUnneeded = false
  startedAt: number | null = null
  finishedAt: number | null = null
  /** The place in the order in which the steps of its frame ended, from 1. */
  order = 0
  readonly effects = { operation: new Effect(), fallback: new Effect() }
  /** Where it waits: to ask for leases, for pools, for a slot. */
  gate: 'leases' | 'pools' | 'slot' | null = null
  /** Since when it waits for a slot, or has waited last. */
  since: number | null = null
  hasSlot = false
  leases: { readonly pool: string; readonly units: number }[] = []
  work: Work | null = null
  /** Goes on with what a function answers. */
  resume: ((answer: Answer) => void) | null = null
  /** Frames of its last attempt that have ended. */
  kept: Frame[] = []
  /** Frames that may have to be undone or named, in the order in which they ended. */
  readonly owed: Frame[] = []
  /** What called scenarios left when they undid themselves. */
  readonly left = nothing()
  undo: Undo | null = null
  compensation: { readonly status: 'compensated' | 'failed'; readonly attempts: number } | null = null

  constructor(frame: Frame, index: number, step: StepDefinition) {
    super()
    this.frame = frame
    this.index = index
    this.step = step
  }

  get address(): string {
    return this.frame.address === '' ? this.step.name : `${this.frame.address}/${this.step.name}`
  }
}

/** What is known of one effect. `late`: its success was heard when undoing had begun. */
export class Effect {
  state: 'none' | 'unknown' | 'done' | 'late' = 'none'
  output: { readonly value: unknown } | null = null
  wasTried = false
  /** Whether undoing it succeeded; `null` as long as nobody tried. */
  isUndone: boolean | null = null
}

/** Addresses of steps. */
export const nothing = () => ({ undone: [] as string[], possiblyDone: [] as string[] })
export type Left = ReturnType<typeof nothing>

/** What an attempt of a control step does: lists of steps inside, or none where it waits. */
export class Work {
  readonly running = new Set<Frame>()
  items: readonly unknown[] | null = null
  started = 0
  ended = 0
  failed = 0
  readonly outputs: unknown[] = []
  last: Frame | null = null
  /** Nothing more starts. */
  ends: Pick<Frame, 'cause' | 'failure' | 'verdict'> | null = null
}

/** Undoing one task: what is inside of it, then its own effects. */
export class Undo extends Trying {
  readonly kind = 'compensation'
  readonly task: Task
  phase: 'due' | 'queued' | 'inside' | 'running' | 'aborting' | 'stopping' | 'backingOff' | 'final' = 'due'
  /** Its own effects, and those of them that nobody has dealt with. */
  readonly own: readonly EffectTarget[]
  next: readonly EffectTarget[]
  isUndoingOwn = false
  readonly left: EffectTarget[] = []
  isIncomplete = false
  group: UndoGroup | null = null

  constructor(task: Task, own: readonly EffectTarget[]) {
    super()
    this.task = task
    this.own = own
    this.next = own
    this.target = own[0] ?? 'operation'
  }
}

export type Tried = Task | Undo

export const taskOf = (tried: Tried): Task => (tried.kind === 'step' ? tried : tried.task)

/** Frames inside of one task that are undone, the last one first. */
export interface UndoGroup {
  readonly task: Task
  readonly due: DueFrame[]
  readonly running: Set<Frame>
  attempt: number
  isComplete: boolean
  readonly ended: (isComplete: boolean) => void
}

export interface DueFrame {
  readonly frame: Frame
  readonly extent: Extent
}

/** How much is undone: the whole, or the effects that are no part of the result. */
export type Extent = 'all' | 'surplus'

/** What a frame is made from. */
export abstract class FrameInput {
  /** Empty for the run itself. */
  declare readonly address: string
  declare readonly workflow: WorkflowDefinition
  declare readonly level: 'run' | 'call' | 'block'
  declare readonly parent: Task | null
  /** The attempt of the parent. */
  declare readonly attempt: number
  declare readonly iteration: { readonly index: number; readonly item?: unknown } | null
  /** Which list of its parent it is: order of declaration. */
  declare readonly list: number
  /** Branches that were not taken. */
  declare readonly absent: readonly WorkflowDefinition[]
  declare readonly output: Computed | null
  declare readonly inputs: Readonly<Record<string, unknown>>
  declare readonly scenario: string
  declare readonly waitFor: 'all' | number

  constructor(input: FrameInput) {
    Object.assign(this, input)
  }
}

export class Frame extends FrameInput {
  readonly startedAt: number
  readonly tasks: readonly Task[]
  phase: 'preparing' | 'running' | 'stopping' | 'compensating' | 'givingUp' | 'cleaning' | 'ended'
  /** Tasks that have ended. */
  ended = 0
  cause: RunCause = 'completed'
  failure: Failure | null = null
  verdict: Verdict | null = null
  result: unknown = null
  compensation: 'none' | 'completed' | 'failed' = 'none'
  isForgone = false
  extent: Extent | null = null
  /** Set while it is undone after its end. */
  undoneIn: UndoGroup | null = null
  /** What is undone was found out. */
  isLaidOut = false
  /** Undoing began: successes that are heard from now on come too late. */
  hasTurnedBack = false
  cancellationsIgnored = 0
  readonly beside = new Set<UndoGroup>()
  /** Whether anything inside was undone while it ran; inside of how many steps something is left of that. */
  hadSurplus = false
  insideLeft = 0
  undoLeft = 0

  constructor(input: FrameInput, startedAt: number) {
    super(input)
    this.startedAt = startedAt
    this.phase = input.level === 'run' ? 'preparing' : 'running'
    this.tasks = input.workflow.steps.map((step, index) => new Task(this, index, step))
  }
}

/** The address of an actor of a task, or the key of an effect of it. */
export const pathOf = (world: World, task: Task, kind: string = 'step') =>
  `run/${world.setting.runId}/${kind}/${task.address}`

export const framePath = ({ setting }: World, { address }: Frame) =>
  address === '' ? `run/${setting.runId}` : `run/${setting.runId}/steps/${address}`

/** The siblings that a task names as its dependencies. */
export const dependenciesOf = ({ frame, step }: Task): Task[] =>
  frame.tasks.filter(({ step: { name } }) => step.dependsOn.includes(name))

/** The siblings that depend on a task. */
export const dependentsOf = ({ frame, step }: Task): Task[] =>
  frame.tasks.filter((other) => other.step.dependsOn.includes(step.name))

/** The tasks that some function leads to, directly or through others. */
export function reach(task: Task, next: (task: Task) => readonly Task[]): Set<Task> {
  const found = new Set(next(task))
  for (const each of found) for (const further of next(each)) found.add(further)
  return found
}

type Limit = Omit<Timer, 'from' | 'until'>

/** Starts a timer, where there is one. */
export function startTimer({ now, timers }: World, to: Limit, from: number | null, until = from): void {
  if (from !== null) timers.push({ ...to, from: now + from, until: now + until! })
}

/** Stops timers of an actor: all of them, or those of some types. */
export function stopTimers(world: World, to: string, types?: readonly string[]): void {
  world.timers = world.timers.filter((timer) => timer.to !== to || (types && !types.includes(timer.type)))
}

/** The scenario that a frame belongs to: verdicts, limits and compensation are decided there. */
export function scenarioOf(frame: Frame): Frame {
  return frame.level === 'block' ? scenarioOf(frame.parent!.frame) : frame
}
