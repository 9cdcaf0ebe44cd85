// Rules of steps: how often they are tried, how often they end. When they start is in dependencies.ts.
import { undoPolicy } from '../../definition/plan.ts'
import { TARGETS } from '../../kernel/effects.ts'
import { undoneBy, type Effect } from '../../runtime/port/host.ts'
import type { Run } from '../../runtime/run/run.ts'
import { DRAIN_MS_MAX } from '../../../machines/bus.ts'
import { statusOf, SUCCESS } from '../../kernel/graph.ts'
import { shortOf } from '../offers.ts'
import type { Rule, View } from './checker.ts'

type Attempt = Extract<Effect, { kind: 'attempt' }>

/** An attempt is not made too often, nor beside another one, nor again once its end is recorded. */
export const attemptsBounded: Rule = {
  name: 'attempts-bounded',
  description:
    'A step is tried at most 1 + retries + granted retries + fallback times, one attempt at a time.',
  watch: (view, fail) => ({
    performed(effect) {
      if (effect.kind !== 'attempt') return
      const max = attemptsMax(view, effect)
      if (effect.attempt > max)
        fail(`${shortOf(effect.to)} is tried ${effect.attempt} times, at most ${max} are allowed`)
      for (const other of view.world.life!.pending) {
        if (other.effect === effect || other.effect.to !== effect.to || other.isAbandoned || other.echo)
          continue
        fail(`${shortOf(effect.to)} is tried while an attempt of it is under way`)
      }
    },
  }),
}

function attemptsMax({ root }: View, { run: path, index, target, to }: Attempt): number {
  const { plan } = root.session.runs.get(path)!.options
  if (undoneBy(target))
    return TARGETS.reduce((sum, each) => sum + 1 + (undoPolicy(plan, index, each)?.retries ?? -1), 0)
  const { retries, grantedRetriesMax, hasFallback } = plan.policies[index]!
  const context = root.session.actors.get(to)?.getSnapshot().context as { granted?: number } | undefined
  const granted = Math.min(context?.granted ?? 0, grantedRetriesMax)
  return 1 + retries + granted + (hasFallback ? 1 : 0)
}

/** A run does not do more at once than it may. */
export const concurrencyKept: Rule = {
  name: 'concurrency-kept',
  description: 'A run has no more attempts under way than its max_concurrency; a sequential one has one.',
  watch: (view, fail) => ({
    moved() {
      const underWay = new Map<Run, number>()
      for (const { effect, isAbandoned, echo } of view.world.life?.pending ?? []) {
        const run = effect.kind === 'attempt' && view.root.session.runs.get(effect.run)
        if (!run || isAbandoned || echo) continue
        const count = (underWay.get(run) ?? 0) + 1
        const { parallel, maxConcurrency } = run.workflow
        const max = parallel ? maxConcurrency : 1
        if (count > max) fail(`${count} attempts are under way at once, at most ${max} are allowed`)
        underWay.set(run, count)
      }
    },
  }),
}

/** What the journal shows as ended is not done again. */
export const recordedNotRepeated: Rule = {
  name: 'recorded-not-repeated',
  description: 'An attempt whose end is in the journal is never made again, in no life of the run.',
  watch: (view, fail) => {
    const recorded = new Set<string>()
    /** Steps inside of others begin anew with each attempt of those: what is recorded of them belongs to a run. */
    const inside = new WeakMap<Run, Set<string>>()
    const notes = (run: Run) => inside.get(run) ?? inside.set(run, new Set()).get(run)!
    return {
      recorded({ to, event }) {
        if (event.type !== 'attempt.succeeded' && event.type !== 'attempt.failed') return
        recorded.add(`${to}#${(event as { attempt?: number }).attempt}`)
      },
      performed(effect) {
        if (effect.kind !== 'attempt') return
        const { run: path, to, attempt } = effect
        const run = view.root.session.runs.get(path)!
        const key = `${to}#${attempt}`
        const isRepeated = run.options.within ? notes(run).has(key) : recorded.has(key)
        if (isRepeated) fail(`attempt ${attempt} of ${shortOf(to)} is made again, and its end is recorded`)
      },
      settled({ effect }) {
        const run = effect.kind === 'attempt' && view.root.session.runs.get(effect.run)
        if (run) notes(run).add(`${effect.to}#${effect.attempt}`)
      },
    }
  },
}

/** A final state stays; only undoing turns a success into something else. */
export const outcomeOnce: Rule = {
  name: 'outcome-once',
  description: 'Each outcome is recorded once: a step that has ended changes no more, unless it is undone.',
  watch: (_, fail) => ({
    changed({ graph, options, state }, index, was) {
      if (was < SUCCESS) return
      const status = statusOf(graph, index)
      const isUndone = status === 'compensated' || status === 'compensation_failed'
      if (was !== SUCCESS || !isUndone || state.compensation.undoing === null)
        fail(`"${options.plan.workflow.steps[index]!.name}" had ended, and becomes ${status ?? 'open again'}`)
    },
  }),
}

/** The longer one of the limits of a module's initialisation and clean-up. */
const MODULE_LIMIT_MS = 60_000

/** Whatever has a limit can reach it. */
export const limitsArmed: Rule = {
  name: 'limits-armed',
  description:
    'Virtual time stays within the declared limits: whatever has a time-out, a heartbeat or a grace has its timer.',
  watch: (view, fail) => {
    const requireTimer = (to: string, type: string, withinMs: number) => {
      const { world } = view
      for (const timer of world.life!.timers)
        if (timer.to === to && timer.event.type === type && timer.due <= world.time + withinMs) return
      fail(`${shortOf(to)} has a limit of ${withinMs} ms, and no timer for it: ${type}`)
    }
    return {
      moved() {
        const { world, root } = view
        for (const { effect, isAborted, isAbandoned, echo } of world.life?.pending ?? []) {
          if (isAbandoned || echo) continue
          if (effect.kind === 'init' || effect.kind === 'cleanup')
            requireTimer(effect.to, 'module.timedOut', MODULE_LIMIT_MS)
          if (effect.kind !== 'attempt') continue
          const { plan } = root.session.runs.get(effect.run)!.options
          const undone = undoneBy(effect.target)
          const policy = undone ? undoPolicy(plan, effect.index, undone)! : plan.policies[effect.index]!
          if (isAborted) requireTimer(effect.to, 'grace.ended', policy.graceMs)
          else if (policy.timeoutMs !== null) requireTimer(effect.to, 'attempt.timedOut', policy.timeoutMs)
          if (!isAborted && 'heartbeatMs' in policy && policy.heartbeatMs !== null)
            requireTimer(effect.to, 'heartbeat.missed', policy.heartbeatMs as number)
        }
        const bus = root.session.actors.get(`${root.session.path}/bus/events`)
        if (bus?.getSnapshot().value === 'draining') requireTimer(bus.id, 'bus.timedOut', DRAIN_MS_MAX)
        for (const run of root.session.runs.values()) {
          const { timeoutMs } = run.workflow
          const { value } = run.self.getSnapshot() as { readonly value: unknown }
          if (timeoutMs !== null && (value === 'preparing' || value === 'running'))
            requireTimer(run.path, 'run.timedOut', timeoutMs)
        }
      },
    }
  },
}
