// What XState tells of actors, as messages of the Stately inspector's protocol (the one of @statelyai/inspect 0.7).
// Not the connection: that is inspector.ts. Invariants: a message grows with what it tells of, never with the number of
// actors; a workflow's snapshot carries no children; an actor has the same name in every life of its run, and no other actor of
// that run has it.
import { configure } from 'safe-stable-stringify'
import type { AnyActor, AnyActorRef, AnyEventObject, InspectionEvent } from 'xstate'
import { IntegrationLogic } from '../runtime/charts/integration-logic.ts'
import { RunLogic } from '../runtime/charts/run-logic.ts'
import { withoutSteps } from '../runtime/report/step-records.ts'

/** The version of the protocol that is spoken. */
const PROTOCOL = '0.7.2'

/** Deepest level of a value that is shown. */
const DEPTH_MAX = 10

/** Items of a list that are shown: lists within lists multiply. */
const ITEMS_MAX = 10

/** Entries of an object that are shown. */
const ENTRIES_MAX = 100

/** Characters of a text that are shown. */
const TEXT_MAX = 10_000

/** Keys whose values are never shown. */
const SECRET =
  /pass(word|phrase|wd)|secret|token|authorization|cookie|credential|api[-_]?key|private[-_]?key/i

/** A function is shown by its name. */
const named = (_: string, value: unknown): unknown =>
  typeof value === 'function' ? { type: value.name } : value

/** Anything, within the bounds above. */
const shown = (key: string, value: unknown): unknown => {
  const isText = typeof value === 'string'
  if ((isText || (typeof value === 'object' && value !== null)) && SECRET.test(key)) return '[redacted]'
  if (Array.isArray(value) && value.length > ITEMS_MAX)
    return [...value.slice(0, ITEMS_MAX), `… ${value.length - ITEMS_MAX} more`]
  return isText && value.length > TEXT_MAX
    ? `${value.slice(0, TEXT_MAX)}… (${value.length} characters)`
    : value
}

const print = configure({ deterministic: false, maximumDepth: DEPTH_MAX, maximumBreadth: ENTRIES_MAX })

/** A chart is shown whole: it is as large as its source. */
const printChart = configure({ deterministic: false })

/** How an actor is known to those who watch. */
interface Identity {
  readonly sessionId: string
  readonly name: string
  readonly parentId: string | undefined
  readonly rootId: string
}

/** Turns inspection events into messages. One for each system that is watched, or one for all. */
export class Messages {
  private readonly identities = new WeakMap<AnyActorRef, Identity>()
  private readonly charts = new WeakMap<object, string>()
  /** Actors so far by address, for each root: a second try and an undoing have the addresses of the first try. */
  private readonly addresses = new WeakMap<AnyActorRef, Map<string, number>>()
  /** Actors that were created and have said nothing yet: their first snapshot is not there before they do. */
  private announced: AnyActorRef[] = []

  /** The messages that an inspection event gives rise to, in order. */
  of(inspected: InspectionEvent): string[] {
    const actor = inspected.actorRef as AnyActorRef
    if (inspected.type === '@xstate.actor') this.announced.push(actor)
    if (inspected.type !== '@xstate.event' && inspected.type !== '@xstate.snapshot') return []
    const registrations = this.announced.map((created) => this.registration(created))
    this.announced = []
    const { event } = inspected
    const message =
      inspected.type === '@xstate.event'
        ? this.event(actor, event, inspected.sourceRef as AnyActorRef | undefined)
        : this.snapshot(actor, event, inspected.snapshot)
    return [...registrations, message]
  }

  private registration(actor: AnyActorRef): string {
    const identity = this.identityOf(actor)
    const definition = this.chartOf(actor, identity.name)
    const text = message({ type: '@xstate.actor', ...identity, snapshot: essence(actor.getSnapshot()) })
    return `${text.slice(0, -1)},"definition":${definition}}`
  }

  private event(to: AnyActorRef, event: AnyEventObject, source: AnyActorRef | undefined): string {
    const { sessionId, rootId } = this.identityOf(to)
    const sourceId = source && this.identityOf(source).sessionId
    return message({ type: '@xstate.event', event, sourceId, sessionId, rootId })
  }

  private snapshot(of: AnyActorRef, { type }: AnyEventObject, snapshot: unknown): string {
    const { sessionId, rootId } = this.identityOf(of)
    const event = { type }
    return message({ type: '@xstate.snapshot', event, snapshot: essence(snapshot), sessionId, rootId })
  }

  /** The chart as text within text, as the protocol has it; made once, however many actors have the chart. */
  private chartOf(actor: AnyActorRef, name: string): string {
    const { config } = logicOf(actor) as { readonly config?: unknown }
    if (typeof config !== 'object' || config === null) return JSON.stringify(JSON.stringify({ id: name }))
    const known = this.charts.get(config)
    if (known !== undefined) return known
    const text = JSON.stringify(printChart(config, named) ?? '{}')
    this.charts.set(config, text)
    return text
  }

  private identityOf(actor: AnyActorRef): Identity {
    const known = this.identities.get(actor)
    if (known) return known
    const parent = actor._parent && this.identityOf(actor._parent)
    const address = addressOf(actor)
    const sessionId = this.numbered(address, actor)
    const identity: Identity = {
      sessionId,
      name: nameOf(actor, address),
      parentId: parent?.sessionId,
      rootId: parent?.rootId ?? sessionId,
    }
    this.identities.set(actor, identity)
    return identity
  }

  private numbered(address: string, actor: AnyActorRef): string {
    let root = actor
    while (root._parent) root = root._parent
    const known = this.addresses.get(root) ?? new Map<string, number>()
    this.addresses.set(root, known)
    const number = (known.get(address) ?? 0) + 1
    known.set(address, number)
    return number === 1 ? address : `${address}#${number}`
  }
}

function message(body: object): string {
  return print({ ...body, id: null, createdAt: String(Date.now()), _version: PROTOCOL }, shown) ?? '{}'
}

const logicOf = (actor: AnyActorRef) => (actor as AnyActor).logic as object

/** Ours have the address that they have in every life of the run; others what XState numbers them with. */
function addressOf(actor: AnyActorRef): string {
  if (actor.id.startsWith('run/')) return actor.id
  const logic = logicOf(actor)
  if (!(logic instanceof RunLogic || logic instanceof IntegrationLogic)) return actor.sessionId
  const { context } = (actor.getSnapshot() ?? {}) as { readonly context?: { readonly runId: string } }
  return context ? `run/${context.runId}` : actor.sessionId
}

function nameOf(actor: AnyActorRef, address: string): string {
  const logic = logicOf(actor)
  if (logic instanceof RunLogic) return logic.blueprint.plan.workflow.name
  if (logic instanceof IntegrationLogic) return logic.blueprint.definition.name
  const [, kind, name] =
    /^run\/.+?\/(step|compensation|loop|steps|module|pool|bus)\/(.+)$/.exec(address) ?? []
  if (name === undefined) return actor.id
  return kind === 'step' ? name : `${kind} ${name}`
}

/**
 * The part of a snapshot that is shown: where the actor is, what it knows, how it ended. Not its children, and not the steps of a
 * run that has ended: each of them has said how it did.
 */
function essence(snapshot: unknown): object {
  const { status, value, context, output, error } = (snapshot ?? {}) as Record<string, unknown>
  return { status: status ?? 'active', value, context, output: withoutSteps(output), error }
}
