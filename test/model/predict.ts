// The reference model: from a definition and what came into a run, entry by entry, to what the run does and how it ends. Written
// from SPEC and the README; it knows the types of the engine, and no code of it. COVERAGE.md says what it covers.
import type { EffectTarget, Failure, Verdict } from '../../machines/protocol.ts'
import type { WorkflowDefinition } from '../../src/definition/model.ts'
import type { Entry } from '../../src/runtime/port/host.ts'
import * as control from './control.ts'
import * as frames from './frames.ts'
import { leaseFailed, lend } from './gates.ts'
import * as steps from './steps.ts'
import {
  scenarioOf,
  taskOf,
  World,
  type Above,
  type Frame,
  type Setting,
  type Timer,
  type Tried,
} from './state.ts'
import * as undoing from './undo.ts'

type Texts = 'step' | 'event' | 'lease' | 'subscription' | 'run'
type Values = 'output' | 'value' | 'data'

/** What an entry may carry. */
interface Inbound extends Partial<Record<Texts, string>>, Partial<Record<Values, unknown>> {
  readonly type: string
  readonly attempt?: number
  readonly failure?: Failure
  readonly verdict?: Verdict
  readonly force?: boolean
  readonly target?: EffectTarget
}

const ABOVE: Above = { ...frames, ...control, ...undoing }

/** A run that is about to begin. */
export const newWorld = (definition: WorkflowDefinition, setting: Setting) =>
  new World(ABOVE, definition, setting)

export const rootOf = ({ frames, setting }: World): Frame => frames.get(`run/${setting.runId}`)!

/** Lets an entry in. What the run does then is in `performed`; what the entry should not have been is in `problems`. */
export function react(world: World, { at, to, event }: Entry, seen: ReadonlySet<string>): void {
  Object.assign(world, { now: at, performed: [], seen, ahead: new Set(seen) })
  const inbound: Inbound = event
  checkTimers(world, to, inbound)
  handle(world, to, inbound)
  do {
    for (let before = -1; before !== world.changes;) {
      before = world.changes
      for (const frame of world.open) {
        frames.advance(world, frame)
        control.startAll(world)
        if (world.ahead.size === 0) control.answerAll(world)
      }
      // Lists that end at the same time all end by themselves, whatever the end of one means for the others.
      for (const frame of [...world.open].filter(frames.hasEnded)) frames.endSteps(world, frame)
      if (world.changes === before) control.answerAll(world)
    }
  } while (control.join(world) || lend(world))
}

/** A limit passes when it is due, once, and only one that is in force. */
function checkTimers(world: World, to: string, { type, attempt, lease }: Inbound): void {
  const { work, step } = world.live.get(to) ?? {}
  const isWait = work != null && step?.control?.kind === 'wait'
  const late = world.timers.find(({ until }) => until < world.now)
  if (late) world.problems.push(`${late.type} of ${late.to} is overdue since ${late.until}`)
  if (!TIMED.test(type) && !(isWait && type.startsWith('attempt.'))) return
  const path = lease === undefined ? to : `${to} ${lease}`
  const isIt = (each: Timer) =>
    each.to === path && each.type === type && (each.attempt ?? attempt) === attempt
  const timer = world.timers.find(isIt)
  if (timer && timer.from <= world.now) world.timers = world.timers.filter((each) => each !== timer)
  else world.problems.push(`${type} of ${to} at ${world.now} is not due`)
}

const TIMED = /^(?:attempt|verdict|lease|run|compensation)\.timedOut$|\.(?:missed|ended|expired)$/

function handle(world: World, to: string, event: Inbound): void {
  const frame = world.frames.get(to)
  const task = world.live.get(to)
  const [, , kind, name = ''] = to.split('/')
  if (event.type === 'run.started') begin(world)
  else if (frame) OF_FRAMES[event.type]?.(world, frame, event)
  else if (task) {
    const tried = to.includes('/compensation/') ? task.undo! : task
    if ((event.attempt ?? tried.attempt) === tried.attempt) OF_ATTEMPTS[event.type]?.(world, tried, event)
  } else if (kind === 'pool') leaseFailed(world, name, event.type, event.lease!)
  else if (kind === 'module') handleModule(world, event)
  else if (event.subscription) steps.handlerAnswered(world, event.subscription, event.verdict ?? null)
}

function begin(world: World): void {
  const { definition, setting } = world
  const around = { parent: null, attempt: 1, iteration: null, list: 0, absent: [], output: null }
  const own = { inputs: setting.inputs, scenario: definition.name, waitFor: 'all' } as const
  frames.startFrame(world, { address: '', workflow: definition, level: 'run', ...around, ...own })
  prepared(world, 0)
}

function prepared(world: World, modules: number): void {
  world.modulesReady += modules
  if (world.modulesReady === world.setting.modules.length) rootOf(world).phase = 'running'
}

/** Steps begin once all modules are initialised. */
function handleModule(world: World, { type, failure }: Inbound): void {
  const root = rootOf(world)
  if (root.phase !== 'preparing') return
  if (type === 'module.initialised') return prepared(world, 1)
  Object.assign(root, { cause: 'failed', failure: failure ?? { code: 'MODULE_INIT_FAILED', message: '' } })
  frames.neverRan(world, root)
}

type Rule<T> = (world: World, at: T, event: Inbound) => void

const OF_FRAMES: Readonly<Record<string, Rule<Frame>>> = {
  'run.timedOut': frames.timedOut,
  'compensation.timedOut': undoing.giveUp,
  'run.cancel': (world, frame, { force }) => frames.cancelFrame(world, frame, force === true),
  'run.cancelStep': (world, frame, { step, force }) => {
    if (frame.phase === 'preparing' || frame.phase === 'running')
      cancelAt(world, frame, step!.split('/'), force === true)
  },
  'run.signal': (world, { phase }, { event, data }) => {
    if (phase !== 'cleaning') control.signal(world, event!, data)
  },
  'effect.heard': (world, _, event) => hear(world, event),
  'decision.made': (_, frame, { step, failure, value }) => {
    const task = namedTask(frame, step!)
    const { resume } = task
    task.resume = null
    resume?.(failure ? { failure } : { value })
  },
}

const namedTask = ({ tasks }: Frame, name: string) => tasks.find(({ step }) => step.name === name)!

/** An operation that was given up on has had its effect after all. */
function hear(world: World, { run, step, target, output }: Inbound): void {
  const frame = world.frames.get(run!)!
  const state = scenarioOf(frame).hasTurnedBack ? 'late' : 'done'
  steps.know(namedTask(frame, step!).effects[target!], state, output as { value: unknown } | null)
}

/** Cancels a step by its address, or one iteration of it. One inside of a step that is not under way is none. */
function cancelAt(world: World, frame: Frame, [segment, ...further]: string[], force: boolean): void {
  const [, name, number] = /^(.*?)(?:\[(\d+)\])?$/.exec(segment!)!
  const task = frame.tasks.find(({ step }) => step.name === name)
  if (!task) return
  if (further.length === 0 && number === undefined) return steps.cancelTask(world, task, force)
  const isInside = ({ iteration }: Frame) => String(iteration?.index) === String(number)
  const inside = [...(task.work?.running ?? [])].find(isInside)
  if (!inside) return
  if (further.length > 0) cancelAt(world, inside, further, force)
  else frames.cancelFrame(world, inside, force)
}

/** An operation outlived its grace. */
const GIVEN_UP: Failure = { code: 'ATTEMPT_TIMED_OUT', message: '', effect: 'unknown' }

const OF_ATTEMPTS: Readonly<Record<string, Rule<Tried>>> = {
  'attempt.succeeded': (world, tried, { output }) => steps.succeeded(world, tried, output),
  'attempt.failed': (world, tried, { failure, verdict }) => steps.failed(world, tried, failure!, verdict),
  'attempt.timedOut': (world, tried) => steps.outlived(world, tried, 'ATTEMPT_TIMED_OUT'),
  'heartbeat.missed': (world, tried) => steps.outlived(world, tried, 'HEARTBEAT_MISSED'),
  'grace.ended': (world, tried) => steps.failed(world, tried, GIVEN_UP),
  'backoff.ended': (world, tried) =>
    tried.kind === 'step' ? steps.request(world, tried) : undoing.askAgain(world, tried),
  'retries.expired': steps.windowClosed,
  'verdict.timedOut': (world, tried) => steps.answered(world, taskOf(tried)),
}

// ---- how it ends -------------------------------------------------------------------------------------------

/** Whether all is done but cleaning up. */
export const isOver = (world: World) => rootOf(world).phase === 'cleaning'
