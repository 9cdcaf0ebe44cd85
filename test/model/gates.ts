// The gates of an attempt (SPEC §3, §5): leases, then a slot; in a sequential list the slot first, which is kept until the step
// is final. Leases are asked for in the order of the pools' names, and given back together.
import { askerOf, freeSlots, isUndoing, pathOfWait, serve } from './leases.ts'
import { AGEING_MS, PRIORITY_MS, pathOf, startTimer, type Frame, type Task, type World } from './state.ts'
import { admit, deny, outlived } from './steps.ts'
import { admitUndo } from './undo.ts'

/** Lets through what may pass now: higher priority first, then declared order; on the way back, what ended last. */
export function passGates(world: World, frame: Frame): void {
  for (const task of inOrder(world, frame, 'leases')) askForLease(world, task, world.now)
  for (const task of inOrder(world, frame, 'slot')) {
    if (task.gate !== 'slot' || !(task.hasSlot || freeSlots(frame) > 0)) continue
    task.hasSlot = true
    if (frame.workflow.parallel || task.step.resources.length === 0) pass(world, task)
    else task.gate = 'leases'
    world.changes++
  }
}

function inOrder({ now }: World, { tasks }: Frame, gate: Task['gate']): Task[] {
  const precedence = (task: Task) => (isUndoing(task) ? task.order : task.step.priority)
  const asked = tasks.filter(({ since }) => since !== null)
  const canAge = gate === 'slot' && new Set(asked.map(({ step }) => step.priority)).size > 1
  const age = (task: Task) =>
    canAge && !isUndoing(task) && now - task.since! >= AGEING_MS ? -task.since! : -now
  return tasks
    .filter((task) => task.gate === gate)
    .toSorted((a, b) => age(b) - age(a) || precedence(b) - precedence(a) || a.index - b.index)
}

function pass(world: World, task: Task): void {
  task.gate = null
  if (isUndoing(task)) admitUndo(world, task)
  else admit(world, task)
}

const needsOf = ({ step }: Task) => step.resources.toSorted((a, b) => (a.pool < b.pool ? -1 : 1))

/** Asks for the next lease that a task needs. */
function askForLease(world: World, task: Task, since: number): void {
  const { pool: name, units } = needsOf(task)[task.leases.length]!
  const pool = world.pools.get(name)!
  const rank = since - task.step.priority * PRIORITY_MS
  const at = pool.waiting.filter((other) => other.rank <= rank).length
  const request = { task, units, rank, since, place: ++world.requests }
  pool.waiting = pool.waiting.toSpliced(at, 0, request)
  task.gate = 'pools'
  world.changes++
  const timer = { to: pathOfWait(world, pool, task), type: 'lease.timedOut' }
  startTimer(world, timer, world.setting.leaseTimeoutMs)
}

/** Lends what there is, once nothing else is left to be done at this time. What follows from each lease is done one by one. */
export function lend(world: World): boolean {
  const lent = [...world.pools.values()].flatMap((pool) => serve(world, pool))
  const [first, ...others] = [...world.lent, ...lent.toSorted((a, b) => a.place - b.place)]
  world.lent = others
  if (!first) return false
  const { task, since } = first
  if (task.leases.length < task.step.resources.length) askForLease(world, task, since)
  else if (task.frame.workflow.parallel) Object.assign(task, { gate: 'slot', since: world.now })
  else pass(world, task)
  return true
}

/** A lease was waited for in vain, or what was lent is gone. */
export function leaseFailed(world: World, name: string, type: string, lease: string): void {
  const pool = world.pools.get(name)!
  const tasks = [...world.frames.values()].flatMap((frame) => frame.tasks)
  const task = tasks.find((each) => pathOf(world, each) === lease)!
  const tried = askerOf(task)
  const isAsking = pool.waiting.some((each) => each.task === task)
  if (type === 'lease.timedOut' && isAsking) deny(world, tried, { code: 'RESOURCE_TIMEOUT', message: '' })
  const held = task.leases.find((each) => each.pool === name)
  if (type === 'lease.timedOut' || !held) return
  task.leases = task.leases.filter((each) => each !== held)
  pool.free += held.units
  world.lent.push(...serve(world, pool))
  if (task.gate) deny(world, tried, { code: 'RESOURCE_LOST', message: '' })
  else outlived(world, tried, 'RESOURCE_LOST')
}
