// One text for equal situations: the future of the root, as it is captured, and what its world may still say. Times are relative,
// so that the same situation a minute later is the same; events go by numbers of their own. Nothing is left out by its name.
import type { AnyActorRef } from 'xstate'
import type { Root } from '../runtime/charts/root.ts'
import { seatOf } from '../runtime/charts/seat.ts'
import type { Effect } from '../runtime/port/host.ts'
import type { RunningTimer } from '../runtime/port/timers.ts'
import type { Run } from '../runtime/run/run.ts'
import { Capturing, type Place } from '../runtime/state/notes.ts'
import { whereIs } from '../runtime/state/root.ts'
import { toPlain } from '../kernel/plain.ts'
import type { World } from './world.ts'

/**
 * The situation that a world is in.
 * @param isResumed Whether an attempt that was made again has all its time to report, for nothing says when it last did.
 */
export function fingerprint(world: World, root: Root, isResumed = false): string {
  const { seated } = seatOf(root.self.getSnapshot() as object)!
  const notes = new Telling(root, isResumed)
  const [{ session, scope, seated: own }] = whereIs(root, seated!, notes)
  const pending = (world.life?.pending ?? []).map(({ effect, isAborted, isAbandoned, echo }) =>
    JSON.stringify([effect, isAborted, isAbandoned, echo !== null]),
  )
  // In which order timers and effects began decides nothing but among those of one time, which are offered one by one.
  const { admitted } = session
  const parts = [own, scope, admitted].map((part) => JSON.stringify(toPlain(part)))
  return named([...parts, ...notes.running, ...pending.sort()].join('\n'))
}

/** Whether it matters which step ended before which: where they are undone one after the other, the last one goes first. */
function needsOrder({ workflow, state }: Run): boolean {
  const { parallel, maxConcurrency, steps } = workflow
  return (parallel && maxConcurrency < steps.length) || state.compensation.undoing !== null
}

function ranked({ graph: { order }, reversal }: Run): readonly number[] {
  const owed: number[] = []
  for (let index = 0; index < order.length; index++) if (reversal.isOwed(index, 'all')) owed.push(index)
  return owed.sort((a, b) => order[a]! - order[b]!)
}

/** Events by the order in which a text names them first: their own numbers say how many there were before. */
function named(text: string): string {
  const names = new Map<string, string>()
  return text.replaceAll(/"explored#\d+"/g, (id) => {
    const name = names.get(id) ?? `"event ${names.size + 1}"`
    names.set(id, name)
    return name
  })
}

/** Notes in which a timer is the time that is left to it, and an effect whether it was told to stop. */
class Telling extends Capturing {
  private readonly begun: ReadonlySet<RunningTimer>
  private readonly isAborted: ReadonlyMap<Effect, boolean>
  private readonly isResumed: boolean

  constructor({ session }: Root, isResumed: boolean) {
    const { now, timers, effects } = session.underWay
    super({ now, timers: [], effects: [] })
    this.begun = new Set(timers)
    this.isAborted = new Map(effects.map(({ effect, isAborted }) => [effect, isAborted]))
    this.isResumed = isResumed
  }

  /** All that run, whoever they belong to. */
  get running(): readonly string[] {
    const told = Array.from(this.begun, (timer) => JSON.stringify([timer.to, timer.event, this.timer(timer)]))
    return told.sort()
  }

  override order(run: Run): unknown {
    return needsOrder(run) ? ranked(run) : null
  }

  override timer(timer: RunningTimer | null | undefined): Place {
    if (!timer || !this.begun.has(timer)) return null
    return this.isResumed && timer.event.type === 'heartbeat.missed' ? -1 : timer.due - this.now
  }

  override effect(effect: Effect | null | undefined): Place {
    return effect && this.isAborted.has(effect) ? Number(this.isAborted.get(effect)) : null
  }
}

/** What became of every actor and step so far, without what is known of effects. */
export function outcomes({ session }: Root): string {
  const parts: string[] = []
  for (const [path, actor] of session.actors) {
    const { status, value } = actor.getSnapshot() as { readonly status: string; readonly value: unknown }
    parts.push(`${path}=${status}${JSON.stringify(value)}`)
  }
  for (const [path, { graph }] of session.runs)
    parts.push(`${path}:${graph.state.join('')}${JSON.stringify([graph.outputs, [...graph.failures]])}`)
  return parts.join('\n')
}

/** A run as it is written down, and read again. */
export const asWritten = (actor: AnyActorRef) =>
  JSON.parse(JSON.stringify(actor.getPersistedSnapshot())) as object

/** A number for a text: 53 bits of two independent hashes (cyrb53's mixing). */
export function hashOf(given: string): number {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let at = 0; at < given.length; at++) {
    const code = given.charCodeAt(at)
    high = Math.imul(high ^ code, 2_654_435_761)
    low = Math.imul(low ^ code, 1_597_334_677)
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0)
}

/** Where two texts part. */
export function differenceOf(before: string, after: string): string {
  let at = 0
  while (at < before.length && before[at] === after[at]) at++
  const from = Math.max(0, at - SHOWN_BEFORE)
  const shown = (text: string) => text.slice(from, from + SHOWN)
  return `what goes on is not what was there: ${shown(before)} became ${shown(after)}`
}

/** Characters that are shown of a difference, and before it. */
const SHOWN = 300
const SHOWN_BEFORE = 120
