// A root: an actor that was started from outside (an integration, or a run that stands alone), with its session
// on a host and the scope that its runs share.
import {
  createEmptyActor,
  type AnyActor,
  type AnyActorLogic,
  type AnyActorRef,
  type AnyActorScope,
} from 'xstate'
import { recordOf } from '../../definition/identity.ts'
import type { IntegrationDefinition, WorkflowDefinition } from '../../definition/model.ts'
import type { Plan } from '../../definition/plan.ts'
import { execute } from '../execute/perform.ts'
import type { Host, RootRequest } from '../port/host.ts'
import { Scope, type ScopeParts } from '../environment/scope.ts'
import { Session, type Execute } from '../journal/session.ts'
import type { EarlierRoot } from '../state/root.ts'

/** Session and scope of one root. */
export class Root {
  readonly session: Session
  readonly scope: Scope
  readonly self: AnyActorRef

  /**
   * @param definition What is run.
   * @param awaited The events that steps wait for.
   * @throws RUN_NOT_RESUMABLE, CLOCK_NOT_SUPPORTED
   */
  constructor(
    actorScope: AnyActorScope,
    host: Host,
    request: RootRequest,
    parts: ScopeParts,
    definition: WorkflowDefinition | IntegrationDefinition,
    awaited: Plan['awaited'],
    earlier: EarlierRoot | null = null,
  ) {
    const self = actorScope.self as AnyActorRef
    this.self = self
    const joint = { ...request, hasOwnClock: hasOwnClock(self as AnyActor) }
    const at = earlier && {
      definition: earlier.definition,
      future: earlier.future.session,
      record: earlier.record.session,
    }
    const perform: Execute = (effect, control) => execute(this, effect, control)
    this.session = new Session(self, host, perform, joint, () => recordOf(definition, parts), at)
    this.scope = new Scope(self, this.session, parts, awaited, (event) => actorScope.emit(event))
    this.session.preparation = this.scope
  }

  /** The root was stopped or has thrown: modules are cleaned up by the host, and nobody waits for it. */
  abandon(stop: (child: AnyActorRef) => void): void {
    this.scope.abandon(stop)
    this.session.close()
  }
}

type ActorClass = new (logic: AnyActorLogic) => AnyActor

/** XState's own clock, by the class of its actors: the caller's copy of XState may be another one than this library's. */
const defaultClocks = new WeakMap<ActorClass, AnyActor['clock']>()

/** Whether an actor was given a clock, or its system was. */
function hasOwnClock({ constructor, clock }: AnyActor): boolean {
  const Actor = constructor as ActorClass
  const known = defaultClocks.get(Actor) ?? new Actor((createEmptyActor() as AnyActor).logic).clock
  defaultClocks.set(Actor, known)
  return clock !== known
}
