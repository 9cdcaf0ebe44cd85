// Actors, as the rest of the runtime knows them. Only the files of this folder, and the two that make logic of what users write,
// know whose they are.
export { createActor, toPromise, type ActorOptions, type AnyActorLogic } from 'xstate'
export type { AnyActorRef as ActorRef } from 'xstate'
