// How the scenarios of a document run each other: no cycle, no nesting without end, and whether anything asks for the
// compensation that a step declares. It knows of steps only what check-steps.ts noted.
import { CONTROL_NESTING_MAX, cycleText } from './check-steps.ts'
import type { Findings, ScenarioCall } from './check-steps.ts'
import { shown } from './diagnostic.ts'
import type { Problems } from './diagnostic.ts'
import { findCycles, topologicalOrder } from './graph.ts'
import type { CheckedDocument } from './schema.ts'

/** Steps that a run of a scenario may have, those of called scenarios counted at each call. */
export const STEPS_EXPANDED_MAX = 1_000_000

/**
 * Judges how scenarios run each other.
 * @param findings those of each scenario; `null` for one that could not be read
 */
export function checkScenarioCalls(
  document: CheckedDocument,
  findings: readonly (Findings | null)[],
  problems: Problems,
): void {
  const { scenarios } = document.integration
  const indexOf = new Map<string, number>()
  findings.forEach((one, i) => {
    const name = one && scenarios[i]!.name
    if (name !== null && !indexOf.has(name)) indexOf.set(name, i)
  })
  const callees = findings.map((one) => [
    ...new Set(
      one?.calls.flatMap(({ scenario }) => {
        const callee = indexOf.get(scenario)
        return callee === undefined ? [] : [callee]
      }),
    ),
  ])
  const cycles = findCycles(callees)
  for (const cycle of cycles) {
    const names = cycle.map((index) => scenarios[index]!.name)
    const message = `scenario ${shown(names[0])}: scenarios run each other in a cycle: ${cycleText(names)}`
    const { path } = findings[cycle[0]!]!.calls.find(({ scenario }) => scenario === names[1])!
    problems.add({ code: 'DEPENDENCY_CYCLE', message, remedy: 'remove one of these steps', path })
  }
  if (cycles.length > 0) return
  const order = topologicalOrder(callees)
  checkExpansion(document, findings, order, indexOf, problems)
  if (findings.every((one) => one !== null)) {
    warnOfUselessCompensation(document, findings, order, callees, problems)
  }
}

// Each call repeats the whole scenario, so few lines could say very much. One report for each root of evil: a scenario
// that calls one that was reported is not reported again.
function checkExpansion(
  document: CheckedDocument,
  findings: readonly (Findings | null)[],
  order: Int32Array,
  indexOf: ReadonlyMap<string, number>,
  problems: Problems,
): void {
  const depths = new Int32Array(findings.length)
  const counts = new Float64Array(findings.length)
  for (const index of order) {
    const one = findings[index]
    if (!one) continue
    depths[index] = one.depth
    counts[index] = one.steps
    let refused = false
    for (const call of one.calls) {
      const callee = indexOf.get(call.scenario)
      if (callee === undefined || refused) continue
      depths[index] = Math.max(depths[index]!, call.depth + depths[callee]!)
      counts[index]! += counts[callee]!
      refused = depths[index]! > CONTROL_NESTING_MAX || counts[index]! > STEPS_EXPANDED_MAX
      if (!refused) continue
      reportExpansion(document.integration.scenarios[index]!.name, call, depths[index]!, problems)
      // What calls it starts anew.
      depths[index] = counts[index] = 0
    }
  }
}

function reportExpansion(scenario: string, call: ScenarioCall, depth: number, problems: Problems): void {
  const tooDeep = depth > CONTROL_NESTING_MAX
  const message = tooDeep
    ? `scenario ${shown(scenario)}: with the scenario ${shown(call.scenario)}, control steps nest too deep: at most ${CONTROL_NESTING_MAX} inside each other`
    : `scenario ${shown(scenario)}: with the scenarios that it runs it has more than ${STEPS_EXPANDED_MAX} steps`
  const code = tooDeep ? 'NESTING_TOO_DEEP' : 'DOCUMENT_TOO_LARGE'
  problems.add({ code, message, remedy: 'let scenarios run each other less', path: call.path })
}

/** Whether a subscription to these events hears of failed steps, whose handlers may answer. */
function hearsFailures(pattern: string): boolean {
  return pattern.endsWith('*') ? 'step_failed'.startsWith(pattern.slice(0, -1)) : pattern === 'step_failed'
}

function warnOfUselessCompensation(
  document: CheckedDocument,
  findings: readonly Findings[],
  order: Int32Array,
  callees: readonly (readonly number[])[],
  problems: Problems,
): void {
  // A handler that is an operation may answer anything.
  const handlers = Object.entries(document.events?.handlers ?? {})
  if (handlers.some(([event, list]) => hearsFailures(event) && list.some((one) => typeof one !== 'string')))
    return
  const { scenarios } = document.integration
  const asks = findings.map((one) => one.compensates)
  for (const index of order) asks[index] ||= callees[index]!.some((callee) => asks[callee]!)
  const compensates = scenarios.map((scenario, i) => asks[i]! || scenario.on_failure === 'compensate')
  for (const index of order.toReversed()) {
    if (compensates[index]) for (const callee of callees[index]!) compensates[callee] = true
  }
  findings.forEach((one, i) => {
    if (compensates[i]) return
    for (const { address, path } of one.compensated) {
      const message = `step ${shown(address)}: nothing can ever compensate it: neither its scenario ${shown(scenarios[i]!.name)} nor one that runs it has on_failure: compensate, and none of their steps has that verdict`
      const remedy = `add "on_failure: compensate" to the scenario, or remove the key`
      problems.add({
        code: 'KEY_WITHOUT_EFFECT',
        severity: 'warning',
        message,
        remedy,
        path,
        part: 'key',
      })
    }
  })
}
