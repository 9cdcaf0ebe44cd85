// One text for equal situations: actors, runs, pools, what is under way, and how far off each timer is. Times are relative,
// so that the same situation a minute later is the same. Not in it: what nothing that is to come can depend on.
import type { AnyActorRef } from 'xstate'
import type { Root } from '../runtime/charts/root.ts'
import type { Run } from '../runtime/run/run.ts'
import type { World } from './world.ts'

/** Links back to what is told elsewhere, what never changes, and what only reports read. */
const SKIPPED: ReadonlySet<string> = new Set([
  'actor',
  'control',
  'counters',
  'dependencies',
  'graph',
  'finishedAt',
  'history',
  'input',
  'inputs',
  'isCounted',
  'isOwed',
  'modules',
  'onUndone',
  'options',
  'order',
  'plan',
  'policy',
  'root',
  'scope',
  'seen',
  'self',
  'send',
  'session',
  'startedAt',
  'step',
  'table',
  'timer',
  'timers',
  'failureEvent',
  'parent',
  'path',
])

/** Times, which count from now. */
const TIMES: ReadonlySet<string> = new Set(['at', 'since', 'rank', 'due'])

/**
 * The situation that a world is in.
 * @param isResumed Whether an attempt that was made again has all its time to report, for nothing says when it last did.
 */
export function fingerprint(world: World, root: Root, isResumed = false): string {
  const { session, scope } = root
  const parts: string[] = []
  for (const [path, actor] of session.actors) parts.push(`${path}=${stateOf(actor, world.time)}`)
  for (const [path, run] of session.runs) parts.push(`${path}:${runState(run, world.time)}`)
  parts.sort()
  const { life } = world
  if (life) {
    const timers = life.timers.map(({ to, event, due }) => {
      const left = isResumed && event.type === 'heartbeat.missed' ? '' : due - world.time
      return `${to}@${left}${text(event, world.time)}`
    })
    const pending = life.pending.map(({ effect, isAborted, isAbandoned, echo }) =>
      text({ effect, isAborted, isAbandoned, isEcho: echo !== null }, world.time),
    )
    parts.push(timers.sort().join(), pending.sort().join())
  }
  parts.push(text(scope.mailbox.lines, world.time), text(scope.bus?.polls, world.time))
  return parts.join('\n')
}

/** What became of every actor and step so far, without what is known of effects. */
export function outcomes({ session }: Root): string {
  const parts: string[] = []
  for (const [path, actor] of session.actors) {
    const { status, value } = actor.getSnapshot() as { readonly status: string; readonly value: unknown }
    parts.push(`${path}=${status}${JSON.stringify(value)}`)
  }
  for (const [path, { graph }] of session.runs)
    parts.push(`${path}:${graph.state.join('')}${text([graph.outputs, graph.failures], 0)}`)
  return parts.join('\n')
}

function stateOf(actor: AnyActorRef, now: number): string {
  const { status, value, context } = actor.getSnapshot() as {
    status: string
    value: unknown
    context: unknown
  }
  return `${status}${JSON.stringify(value)}${text(context, now)}`
}

function runState(run: Run, now: number): string {
  const { state, attempts, outputs, failures } = run.graph
  const ranks = needsOrder(run) ? ranked(run) : ''
  return `${state.join('')}|${attempts.join()}|${ranks}|${text([outputs, failures], now)}|${text(run, now)}`
}

/** Whether it matters which step ended before which: where they are undone one after the other, the last one goes first. */
function needsOrder({ workflow, state }: Run): boolean {
  return workflow.steps.length > 0 && workflow.parallel && workflow.maxConcurrency < workflow.steps.length
    ? true
    : state.compensation.undoing !== null
}

function ranked({ graph: { order }, reversal }: Run): string {
  const owed: number[] = []
  for (let index = 0; index < order.length; index++) if (reversal.isOwed(index, 'all')) owed.push(index)
  return owed.sort((a, b) => order[a]! - order[b]!).join()
}

/** What is being told: what it leads back to is not told again. */
const within = new Set<object>()

/** A value with all that it holds. Functions and actors are what they are called. */
function text(value: unknown, now: number): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? '' : String(value)
  if (ArrayBuffer.isView(value)) return (value as Uint8Array).join()
  if ('getSnapshot' in value) return (value as AnyActorRef).id
  if (within.has(value)) return '↑'
  within.add(value)
  const told = contents(value, now)
  within.delete(value)
  return told
}

function contents(value: object, now: number): string {
  if (Array.isArray(value)) return `[${value.map((each) => text(each, now)).join()}]`
  if (value instanceof Set) return `{${[...value].map((each) => text(each, now)).join()}}`
  if (value instanceof Map)
    return `{${[...value].map(([key, each]) => `${text(key, now)}:${text(each, now)}`).join()}}`
  let all = '{'
  for (const key in value) {
    if (SKIPPED.has(key)) continue
    const each = (value as Record<string, unknown>)[key]
    if (each === null || typeof each === 'function') continue
    if (key === 'run' && typeof each === 'object') {
      const { graph, effects } = each as Run
      all += `run:${graph.state.join('')}${text(effects, now)},`
      continue
    }
    all += TIMES.has(key) && typeof each === 'number' ? `${key}:${each - now},` : `${key}:${text(each, now)},`
  }
  return `${all}}`
}

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

/** The first line that is there only before, and the first that is there only after. */
export function differenceOf(before: string, after: string): string {
  const old = new Set(before.split('\n'))
  const now = new Set(after.split('\n'))
  const gone = [...old].find((line) => !now.has(line))
  const come = [...now].find((line) => !old.has(line))
  return `what goes on from the journal is not what was there: ${clipped(gone)} became ${clipped(come)}`
}

const clipped = (line = 'nothing') => (line.length > 300 ? `${line.slice(0, 300)}…` : line)
