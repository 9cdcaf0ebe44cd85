// What a task holds and asks for of pools and slots, given back.
import { pathOf, stopTimers } from './state.ts'
import type { Frame, LeaseRequest, Pool, Task, Tried, World } from './state.ts'

/** What the time to wait for a lease is for. */
export const pathOfWait = (world: World, { name }: Pool, task: Task) =>
  `run/${world.setting.runId}/pool/${name} ${pathOf(world, task)}`

function withdraw(world: World, pool: Pool, task: Task): void {
  pool.waiting = pool.waiting.filter((waiter) => waiter.task !== task)
  stopTimers(world, pathOfWait(world, pool, task))
}

export const isUndoing = ({ undo }: Task) => undo !== null && undo.phase !== 'final'

/** What asks: the task, or its undoing. */
export const askerOf = (task: Task): Tried => (isUndoing(task) ? task.undo! : task)

/** Lends to the heads of a queue what fits: a large request at the head is waited for. */
export function serve(world: World, pool: Pool): LeaseRequest[] {
  const lent: LeaseRequest[] = []
  for (let next = nextOf(world, pool); next && next.units <= pool.free; next = nextOf(world, pool)) {
    withdraw(world, pool, next.task)
    pool.free -= next.units
    next.task.leases.push({ pool: pool.name, units: next.units })
    lent.push(next)
  }
  return lent
}

/**
 * Lists of steps ask in an order that is open where they ask at the same time: whoever begins with this entry came first, or
 * whoever waits for more than there is. Within a list the order is that of the queue.
 */
function nextOf(world: World, { waiting, free }: Pool): LeaseRequest | undefined {
  const [head] = waiting
  const isTied = ({ rank, since }: LeaseRequest) =>
    rank === head!.rank || (since === world.now && head!.since === world.now)
  const frames = Map.groupBy(waiting.filter(isTied), ({ task }) => task.frame)
  const tied = [...frames.values()].map(([first]) => first!)
  const isSeen = ({ task }: LeaseRequest) => world.seen.has(pathOf(world, task, askerOf(task).kind))
  const seen = tied.find((each) => each.units <= free && isSeen(each))
  const tooLarge = tied.find(({ rank, units }) => rank === head!.rank && units > free)
  return seen ?? tooLarge ?? tied.find((each) => each.units <= free && !wouldBegin(each.task)) ?? head
}

const wouldBegin = (task: Task) =>
  task.leases.length + 1 === task.step.resources.length && (task.hasSlot || freeSlots(task.frame) > 0)

export const freeSlots = ({ workflow: { parallel, maxConcurrency }, tasks }: Frame) =>
  (parallel ? maxConcurrency : 1) - tasks.filter(({ hasSlot }) => hasSlot).length

/** A task, or its undoing, waits for leases and a slot: in a sequential list for the slot first. */
export function waitAtGates(world: World, task: Task): void {
  const asksFirst = task.frame.workflow.parallel && task.step.resources.length > 0
  Object.assign(task, { gate: asksFirst ? 'leases' : 'slot', since: world.now })
  world.changes++
}

/** A task waits at its gates no more. */
export function leaveGates(world: World, task: Task): void {
  task.gate = null
  returnLeases(world, task)
}

/** Gives back what a task holds, and takes back what it asks for. Whoever waits already is lent it before those that ask later. */
export function returnLeases(world: World, task: Task): void {
  const held = task.leases.map(({ pool }) => pool)
  for (const { pool, units } of task.leases) world.pools.get(pool)!.free += units
  task.leases = []
  world.lent = world.lent.filter((request) => request.task !== task)
  for (const { pool: name } of task.step.resources) {
    const pool = world.pools.get(name)!
    const isInvolved = held.includes(name) || pool.waiting.some((request) => request.task === task)
    withdraw(world, pool, task)
    if (isInvolved) world.lent.push(...serve(world, pool))
  }
}

export function returnSlot(world: World, task: Task): void {
  if (task.hasSlot) world.changes++
  task.hasSlot = false
}
