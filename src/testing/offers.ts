// What can happen next in a world. The first offer is what happens when everyone behaves; each fault costs one of those that
// a schedule may have. Order is free: whatever could answer may answer next, or time may go on.
import type { PoolContext } from '../../machines/resource.ts'
import { undoPolicy, type Plan } from '../definition/plan.ts'
import { undoneBy, type Effect } from '../runtime/port/host.ts'
import type { Root } from '../runtime/charts/root.ts'
import type { Choice, FaultKind } from './choice.ts'
import type { Answers } from './answers.ts'
import type { Life, Pending, PendingTimer, World } from './world.ts'

/** The holder of what an outsider takes from a pool. */
export const OUTSIDER = 'outside'

/** Entries of the journal that may be lost at once. */
export const TAIL_MAX = 2

/** Events of one name that come from outside while anything else can happen. */
const SIGNALS_MAX = 2

/** What fires because someone took too long. All other timers are what was asked for: delays, waits. */
const LIMITS: ReadonlySet<string> = new Set([
  'attempt.timedOut',
  'bus.timedOut',
  'compensation.timedOut',
  'grace.ended',
  'heartbeat.missed',
  'lease.timedOut',
  'module.timedOut',
  'retries.expired',
  'run.timedOut',
  'verdict.timedOut',
])

/** Where a schedule is. */
export interface Situation {
  readonly world: World
  readonly root: Root
  readonly answers: Answers
  /** The faults that may still happen. */
  readonly kinds: ReadonlySet<FaultKind>
  /** The journal's length when the process died last. */
  readonly crashedAt: number
  readonly isCancelled: boolean
  /** Events that steps wait for, sent so far. */
  readonly signalled: ReadonlyMap<string, number>
}

/** Everything that can happen next; nothing where all is over, or stuck. */
export function offersOf(situation: Situation): Choice[] {
  const { life } = situation.world
  if (!life) return []
  const offers: Choice[] = []
  if (life.hasDeferred) offers.push(offer('goOn', '', null, null, life))
  else {
    for (const pending of life.pending) if (isAwaited(pending)) offerReplies(offers, situation, pending)
    offerSignals(offers, situation, life)
    const canAnswer = offers.length > 0
    offerReturns(offers, situation)
    offerTime(offers, situation, life, canAnswer)
    offerOutside(offers, situation)
    for (const pending of life.pending) {
      if (pending.echo) offers.push(offer('echo', subjectOf(pending.effect), null, null, pending))
      else if (pending.isAbandoned) offers.push(offer('speakLate', ...named(pending.effect), null, pending))
    }
  }
  if (offers.length > 0) offerDeath(offers, situation)
  return offers
}

const isAwaited = ({ echo, isAbandoned }: Pending) => echo === null && !isAbandoned

function offer(
  act: Choice['act'],
  subject: string,
  detail: Choice['detail'],
  fault: FaultKind | null,
  target: unknown,
): Choice {
  return { act, subject, detail, fault, target }
}

function offerReplies(offers: Choice[], { answers, kinds, root, world }: Situation, pending: Pending): void {
  const { effect, isAborted } = pending
  const [subject, detail] = named(effect)
  if (isAborted) {
    offers.push(offer('stop', subject, detail, null, pending))
    if (kinds.has('lateSuccess')) offers.push(offer('succeedLate', subject, detail, 'lateSuccess', pending))
    return
  }
  if (effect.kind === 'decision') {
    for (const answer of answers.decisionsOf(world.life!, effect, pending, branchesOf(root, effect)))
      offers.push(offer('decide', subject, answer.label, null, { pending, outcome: answer.outcome }))
    return
  }
  offers.push(offer('succeed', subject, detail, null, pending))
  if (kinds.has('throw')) offers.push(offer('fail', subject, detail, 'throw', pending))
  if (effect.kind !== 'attempt') return
  if (kinds.has('throwForGood') && mattersWhy(root, effect))
    offers.push(offer('failForGood', subject, detail, 'throwForGood', pending))
  if (kinds.has('duplicate')) offers.push(offer('succeedTwice', subject, detail, 'duplicate', pending))
}

/** How many branches a step has to choose from, that of `else` included. */
function branchesOf({ session }: Root, { run: path, step }: Extract<Effect, { kind: 'decision' }>): number {
  const run = session.runs.get(path)
  const index = run?.plan.indexOf.get(step)
  const control = index === undefined ? undefined : run?.stepAt(index).control
  return control?.kind === 'conditional' ? control.cases.length + 1 : 0
}

/** Whether it makes a difference that trying again cannot help. */
function mattersWhy(
  { session }: Root,
  { run, index, target }: Extract<Effect, { kind: 'attempt' }>,
): boolean {
  const plan: Plan | undefined = session.runs.get(run)?.options.plan
  const undone = undoneBy(target)
  if (undone) return plan !== undefined && (undoPolicy(plan, index, undone)?.retries ?? 0) > 0
  const policy = plan?.policies[index]
  return policy !== undefined && (policy.retries > 0 || policy.grantedRetriesMax > 0)
}

function offerTime(offers: Choice[], situation: Situation, life: Life, canAnswer: boolean): void {
  const timer = life.nextTimer
  if (!timer) return
  const { type } = timer.event
  const isFault = canAnswer && LIMITS.has(type) && !isHeldOutside(situation, timer)
  const fault = !isFault ? null : type === 'grace.ended' ? 'deaf' : 'hang'
  if (fault === null || situation.kinds.has(fault))
    offers.push(offer('tick', shortOf(timer.to), type, fault, timer))
}

/** A lease that is waited for because of an outsider. */
const isHeldOutside = ({ root }: Situation, { to, event }: PendingTimer) =>
  event.type === 'lease.timedOut' && (poolAt(root, to)?.holders.some(isOutsider) ?? false)

const isOutsider = ({ lease }: { readonly lease: string }) => lease === OUTSIDER

function poolAt({ session }: Root, path: string): PoolContext | undefined {
  const { status, context } = session.actors.get(path)?.getSnapshot() ?? {}
  return status === 'active' ? (context as PoolContext) : undefined
}

/** What steps wait for comes some time; more than a few times only where nothing else can happen. */
function offerSignals(offers: Choice[], { root, signalled }: Situation, life: Life): void {
  const isAlone = offers.length === 0 && life.timers.length === 0
  for (const event of root.scope.mailbox.awaited) {
    const times = signalled.get(event) ?? 0
    if (times < SIGNALS_MAX || isAlone) offers.push(offer('signal', event, times, null, event))
  }
}

/** What an outsider took comes back some time. */
function offerReturns(offers: Choice[], { root }: Situation): void {
  for (const { name } of root.scope.parts.pools) {
    const path = `${root.session.path}/pool/${name}`
    if (poolAt(root, path)?.holders.some(isOutsider)) offers.push(offer('giveBack', name, null, null, path))
  }
}

function offerOutside(offers: Choice[], situation: Situation): void {
  const { kinds, root, isCancelled } = situation
  const { parts } = root.scope
  for (const { name } of parts.pools) {
    const path = `${root.session.path}/pool/${name}`
    const pool = poolAt(root, path)
    if (!pool) continue
    if (pool.free > 0 && kinds.has('exhaust') && !pool.holders.some(isOutsider))
      offers.push(offer('take', name, pool.free, 'exhaust', path))
    if (!kinds.has('leaseLost')) continue
    for (const { lease } of pool.holders)
      if (lease !== OUTSIDER)
        offers.push(offer('loseLease', shortOf(lease), name, 'leaseLost', { path, lease }))
  }
  if (!isCancelled && kinds.has('cancel')) offers.push(offer('cancel', '', null, 'cancel', null))
}

/** The process may die wherever something was written since it died last. */
function offerDeath(offers: Choice[], { world, kinds, crashedAt }: Situation): void {
  const { length } = world.journal
  if (length <= crashedAt) return
  if (kinds.has('crash')) offers.push(offer('crash', '', null, 'crash', 0))
  if (!kinds.has('lostTail')) return
  for (let lost = 1; lost <= Math.min(TAIL_MAX, length - 1); lost++)
    offers.push(offer('loseTail', '', lost, 'lostTail', lost))
}

/** An effect's subject, and which of several it is. */
function named(effect: Effect): [subject: string, detail: Choice['detail']] {
  return [subjectOf(effect), effect.kind === 'attempt' ? effect.attempt : detailOf(effect)]
}

const detailOf = (effect: Exclude<Effect, { kind: 'attempt' }>) =>
  effect.kind === 'decision' ? effect.question : effect.kind === 'handler' ? effect.subscription : effect.kind

const subjectOf = (effect: Effect): string =>
  effect.kind === 'attempt' && effect.target === 'fallback'
    ? `fallback:${shortOf(effect.to)}`
    : shortOf(effect.to)

const shortened = new Map<string, string>()

/** Addresses that are remembered. */
const SHORTENED_MAX = 10_000

/** An actor's address without what every address of the root begins with: `pay`, `undo:pay`, `module/db`. */
export function shortOf(path: string): string {
  const known = shortened.get(path)
  if (known !== undefined) return known
  const rest = path.replace(/^run\/explored\/?/, '')
  const short = rest.replace(/^(.*?\/?)step\//, '$1').replace(/^(.*?\/?)compensation\//, '$1undo:')
  if (shortened.size >= SHORTENED_MAX) shortened.clear()
  shortened.set(path, short)
  return short
}

const OF_STEP = /^run\/explored\/(?:[^/]+\/)?(?:step|compensation)\/(.*)$/s

/** The address of the step that an attempt is of, as its scenario has it: `pay`, `outer/pay`. */
export const stepOf = ({ to }: Effect): string => OF_STEP.exec(to)?.[1] ?? shortOf(to)
