// Whether the parts of a document fit each other: scenarios that run others, handlers, and compensation that someone asks for.
// What concerns one list of steps alone is judged in check.ts.
import { shown, suggestion } from './diagnostic.ts'
import type { Problems } from './diagnostic.ts'
import { findCycles } from './graph.ts'
import type { CheckedDocument } from './schema.ts'
import type { Path } from './source.ts'
import { everyStepOf } from './step-lists.ts'

/** Scenarios that run each other in a circle would never begin. */
export function checkCalls(document: CheckedDocument, problems: Problems): void {
  const { scenarios } = document.integration
  const placeOf = new Map(scenarios.map(({ name }, i) => [name, i]))
  const calls: number[][] = scenarios.map(() => [])
  const paths = new Map<string, Path>()
  for (const { step, path, scenario } of everyStepOf(document)) {
    const called = step.scenario === undefined ? undefined : placeOf.get(step.scenario)
    if (called === undefined) continue
    if (!calls[scenario]!.includes(called)) calls[scenario]!.push(called)
    paths.set(`${scenario}>${called}`, [...path, 'scenario'])
  }
  for (const cycle of findCycles(calls)) {
    const names = cycle.map((index) => scenarios[index]!.name)
    const message = `scenarios run each other in a cycle: ${names.join(' → ')}`
    const path = paths.get(`${cycle[0]}>${cycle[1]}`)!
    problems.add({ code: 'DEPENDENCY_CYCLE', message, remedy: 'remove one of these steps', path })
  }
}

/** Handlers that are built in: they log. */
const BUILT_IN = /^(?:log|notify)_./
/** Those of the template configuration that will be. */
const LATER: ReadonlySet<string> = new Set([
  'initialize_monitoring',
  'generate_summary_report',
  'trigger_error_recovery',
  'update_error_metrics',
])

/** Reports handlers that there are not. */
export function checkHandlers(
  document: CheckedDocument,
  problems: Problems,
  judgeModule: (what: string, module: string, path: Path) => void,
): void {
  const later: string[] = []
  for (const [event, handlers] of Object.entries(document.events?.handlers ?? {})) {
    handlers.forEach((handler, i) => {
      const path = ['events', 'handlers', event, i]
      if (typeof handler !== 'string') {
        judgeModule(`a handler of ${shown(event)}`, handler.module, [...path, 'module'])
        return
      }
      if (BUILT_IN.test(handler)) return
      if (LATER.has(handler)) {
        later.push(handler)
        return
      }
      const message = `events.handlers.${event}: no handler ${shown(handler)} is built in`
      const remedy = (): string =>
        suggestion(
          handler,
          [...LATER, 'log_workflow_start'],
          'use a log_… or notify_… name, or {module, operation}',
        )
      problems.add({ code: 'VALUE_INVALID', message, remedy, path })
    })
  }
  if (later.length === 0) return
  const message = `events: handlers: ${[...new Set(later)].join(', ')} ${later.length === 1 ? 'has' : 'have'} no effect yet`
  problems.add({
    code: 'NOT_BUILT_YET',
    severity: 'warning',
    message,
    remedy: 'nothing to do: the document runs without',
    path: ['events', 'handlers'],
    part: 'key',
  })
}

/** What undoes a step is of no use where nothing can ever ask for it. */
export function warnOfVainCompensation(document: CheckedDocument, problems: Problems): void {
  const { scenarios } = document.integration
  const handlers = Object.keys(document.events?.handlers ?? {})
  if (handlers.some((event) => event === '*' || 'step_failed'.startsWith(event.replace(/\*$/, '')))) return
  const placeOf = new Map(scenarios.map(({ name }, i) => [name, i]))
  const asks = scenarios.map(({ on_failure: verdict }) => verdict === 'compensate')
  const callers: number[][] = scenarios.map(() => [])
  for (const { step, scenario } of everyStepOf(document)) {
    if ([step.on_failure].flat().includes('compensate')) asks[scenario] = true
    const called = step.scenario === undefined ? undefined : placeOf.get(step.scenario)
    if (called !== undefined) callers[called]!.push(scenario)
  }
  const isReached = (scenario: number, seen = new Set<number>()): boolean =>
    asks[scenario] === true ||
    callers[scenario]!.some((caller) => !seen.has(caller) && isReached(caller, seen.add(caller)))
  const reached = scenarios.map((_, i) => isReached(i))
  for (const { step, path, scenario } of everyStepOf(document)) {
    if (step.compensate === undefined || reached[scenario]) continue
    const message = `step ${shown(step.name)}: nothing ever asks for its compensation`
    const remedy = 'add on_failure: compensate to the scenario, or to a step'
    const at = [...path, 'compensate']
    problems.add({ code: 'KEY_WITHOUT_EFFECT', severity: 'warning', message, remedy, path: at, part: 'key' })
  }
}
