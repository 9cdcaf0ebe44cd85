// Actors, as the rest of the runtime knows them: only the files of this folder know whose they are.
import { createActor, type Actor, type AnyActorLogic, type AnyActorRef, type InputFrom } from 'xstate'
import type { ChartAt } from '../state/notes.ts'

export { createActor, toPromise, type ActorOptions, type AnyActorLogic } from 'xstate'
export type { AnyActorRef as ActorRef } from 'xstate'

/** How an actor begins: with what its chart is given, or where it was in an earlier life. */
export type Begin<TInput> = { readonly input: TInput } | { readonly snapshot: ChartAt }

/** Makes an actor below another one. */
export const actorBelow = <TLogic extends AnyActorLogic>(
  parent: AnyActorRef,
  id: string,
  logic: TLogic,
  begin: Begin<InputFrom<TLogic>>,
): Actor<TLogic> => createActor(logic, { parent, id, ...begin } as never)
