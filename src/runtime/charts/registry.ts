// Which run or root an actor belongs to. Charts are bound once for the whole process, so their actions find
// the run they serve by the actor that they run in. Weak: an actor that is gone leaves nothing behind.
import type { AnyActorRef } from 'xstate'
import type { Loop } from '../control/loop.ts'
import type { Program } from '../run/program.ts'
import type { Root } from './root.ts'
import type { Run } from '../run/run.ts'

/** Runs by their own actor. */
export const runs = new WeakMap<AnyActorRef, Run>()

/** The scenarios of integrations, by the integration's actor. */
export const programs = new WeakMap<AnyActorRef, Program>()

/** Loops by their own actor. */
export const loops = new WeakMap<AnyActorRef, Loop>()

/** Roots by the actor of the root and by those of its runs. */
export const roots = new WeakMap<AnyActorRef, Root>()
