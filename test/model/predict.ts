// The reference model: from a definition and what came into a run, entry by entry, to what the run does and how it ends. Written
// from SPEC and the README; it knows the types of the engine, and no code of it. COVERAGE.md says what it covers.
import type { EffectTarget, Failure, Verdict } from '../../machines/protocol.ts'
import type { WorkflowDefinition } from '../../src/definition/model.ts'
import type { Entry } from '../../src/runtime/host.ts'
import * as control from './control.ts'
import * as frames from './frames.ts'
import { leaseTimedOut, lend } from './gates.ts'
import * as steps from './steps.ts'
import { scenarioOf, World, type Above, type Frame, type Setting, type Task, type Tried } from './state.ts'
import * as undoing from './undo.ts'

/** What an entry may carry. */
interface Inbound {
  readonly type: string
  readonly attempt?: number
  readonly output?: unknown
  readonly failure?: Failure
  readonly verdict?: Verdict
  readonly index?: number
  readonly value?: unknown
  readonly force?: boolean
  readonly step?: string
  readonly event?: string
  readonly data?: unknown
  readonly lease?: string
  readonly subscription?: string
  readonly run?: string
  readonly target?: EffectTarget
}

const ABOVE: Above = { ...frames, ...control, ...undoing }

/** A run that is about to begin. */
export const newWorld = (definition: WorkflowDefinition, setting: Setting) =>
  new World(ABOVE, definition, setting)

export const rootOf = ({ frames, setting }: World): Frame => frames.get(`run/${setting.runId}`)!

/** Lets an entry in. What the run does then is in `performed`; what the entry should not have been is in `problems`. */
export function react(world: World, { at, to, event }: Entry, seen: ReadonlySet<string>): void {
  Object.assign(world, { now: at, performed: [], seen })
  const inbound: Inbound = event
  checkTimers(world, to, inbound)
  handle(world, to, inbound)
  do {
    for (let before = -1; before !== world.changes;) {
      before = world.changes
      for (const frame of world.open) {
        frames.advance(world, frame)
        control.startAll(world)
      }
    }
  } while (control.join(world) || lend(world))
}

/** A limit passes when it is due, once, and only one that is in force. */
function checkTimers(world: World, to: string, { type, attempt, lease }: Inbound): void {
  const isWait = world.live.get(to)?.work?.kind === 'wait'
  const late = world.timers.find(({ until }) => until < world.now)
  if (late) world.problems.push(`${late.type} of ${late.to} is overdue since ${late.until}`)
  if (!TIMED.has(type) && !(isWait && type.startsWith('attempt.'))) return
  const at = world.timers.findIndex(
    (timer) =>
      timer.to === to &&
      timer.type === type &&
      timer.lease === lease &&
      (timer.attempt ?? attempt) === attempt,
  )
  const timer = world.timers[at]
  if (timer && timer.from <= world.now) world.timers.splice(at, 1)
  else world.problems.push(`${type} of ${to} at ${world.now} is not due`)
}

const TIMED = new Set([
  ...['attempt.timedOut', 'heartbeat.missed', 'grace.ended', 'backoff.ended', 'retries.expired'],
  ...['verdict.timedOut', 'lease.timedOut', 'run.timedOut', 'compensation.timedOut'],
])

function handle(world: World, to: string, event: Inbound): void {
  const frame = world.frames.get(to)
  const task = world.live.get(to)
  const [, , kind, name = ''] = to.split('/')
  if (event.type === 'run.started') begin(world)
  else if (frame) handleFrame(world, frame, event)
  else if (task) handleTried(world, to.includes('/compensation/') ? task.undo! : task, event)
  else if (kind === 'pool') leaseTimedOut(world, name, event.lease!)
  else if (kind === 'module') handleModule(world, event)
  else if (event.subscription) steps.handlerAnswered(world, event.subscription, event.verdict ?? null)
}

function begin(world: World): void {
  const { definition, setting } = world
  const around = { parent: null, attempt: 1, iteration: null, list: 0, absent: [], output: null }
  const own = { inputs: setting.inputs, scenario: definition.name, waitFor: 'all' } as const
  frames.startFrame(world, { address: '', workflow: definition, level: 'run', ...around, ...own })
  prepared(world)
}

function prepared(world: World): void {
  const root = rootOf(world)
  if (root.phase === 'preparing' && world.modulesReady === world.setting.modules.length)
    root.phase = 'running'
}

/** Steps begin once all modules are initialised. */
function handleModule(world: World, { type, failure }: Inbound): void {
  const root = rootOf(world)
  if (root.phase !== 'preparing') return
  if (type === 'module.initialised') world.modulesReady++
  else {
    Object.assign(root, { cause: 'failed', failure })
    frames.neverRan(world, root)
  }
  prepared(world)
}

function handleFrame(world: World, frame: Frame, event: Inbound): void {
  switch (event.type) {
    case 'run.timedOut':
      frames.timedOut(world, frame)
      break
    case 'compensation.timedOut':
      undoing.giveUp(world, frame)
      break
    case 'run.cancel':
      frames.cancelFrame(world, frame, event.force === true)
      break
    case 'run.cancelStep':
      if (frame.phase === 'preparing' || frame.phase === 'running')
        cancelAt(world, frame, event.step!.split('/'), event.force === true)
      break
    case 'run.signal':
      if (frame.phase !== 'cleaning') control.signal(world, event.event!, event.data)
      break
    case 'effect.heard':
      hear(world, event)
      break
    case 'decision.made':
      decisionMade(world, frame.tasks[event.index!]!, event)
  }
}

function decisionMade(world: World, task: Task, { failure, value }: Inbound): void {
  const answer = failure ? { failure } : { value }
  if (task.phase === 'checking') steps.passCondition(world, task, answer)
  else control.decided(world, task, answer)
}

/** An operation that was given up on has had its effect after all. */
function hear(world: World, { run, index, target, output }: Inbound): void {
  const frame = world.frames.get(run!)!
  const state = scenarioOf(frame).hasTurnedBack ? 'late' : 'done'
  steps.know(frame.tasks[index!]!.effects[target!], state, output as { value: unknown } | null)
}

/** Cancels a step by its address, or one iteration of it. One inside of a step that is not under way is none. */
function cancelAt(world: World, frame: Frame, [segment, ...further]: string[], force: boolean): void {
  const [, name, number] = /^(.*?)(?:\[(\d+)\])?$/.exec(segment!)!
  const task = frame.tasks.find(({ step }) => step.name === name)
  if (!task) return
  if (further.length === 0 && number === undefined) {
    steps.cancelTask(world, task, force)
    return
  }
  const inside = insideOf(task, number === undefined ? null : Number(number))
  if (!inside) return
  if (further.length > 0) cancelAt(world, inside, further, force)
  else frames.cancelFrame(world, inside, force)
}

function insideOf({ work }: Task, iteration: number | null): Frame | null | undefined {
  if (work?.kind === 'branch') return iteration === null ? work.frame : null
  return work?.kind === 'loop'
    ? [...work.running].find((frame) => frame.input.iteration!.index === iteration)
    : null
}

function handleTried(world: World, tried: Tried, event: Inbound): void {
  const isUndo = tried.kind === 'compensation'
  if (event.attempt !== undefined && event.attempt !== tried.attempt) return
  switch (event.type) {
    case 'attempt.succeeded':
      steps.succeeded(world, tried, event.output)
      break
    case 'attempt.failed':
      steps.failed(world, tried, event.failure!, event.verdict)
      break
    case 'attempt.timedOut':
      steps.outlived(world, tried, { code: 'ATTEMPT_TIMED_OUT', message: '' })
      break
    case 'heartbeat.missed':
      steps.outlived(world, tried, { code: 'HEARTBEAT_MISSED', message: '' })
      break
    case 'grace.ended':
      if (isUndo) undoing.undoGraceEnded(world, tried)
      else steps.graceEnded(world, tried)
      break
    case 'backoff.ended':
      if (isUndo) undoing.askAgain(world, tried)
      else steps.request(world, tried)
      break
    case 'retries.expired':
      if (isUndo) undoing.undoWindowClosed(world, tried)
      else steps.windowClosed(world, tried)
      break
    case 'verdict.timedOut':
      if (!isUndo) steps.answered(world, tried)
  }
}

// ---- how it ends -------------------------------------------------------------------------------------------

/** Whether all is done but cleaning up. */
export const isOver = (world: World) => rootOf(world).phase === 'cleaning'
