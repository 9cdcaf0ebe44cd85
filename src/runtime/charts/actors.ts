// Actors, as the rest of the runtime knows them: only the files of this folder know whose they are.
export { createActor, toPromise, type ActorOptions, type AnyActorLogic } from 'xstate'
export type { AnyActorRef as ActorRef } from 'xstate'
