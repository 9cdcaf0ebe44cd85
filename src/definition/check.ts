// Whether a document makes sense: names, modules, dependencies, cycles, resources. It judges what the document says, not
// what its modules hold. Nothing recurses over the graph.
import { INTEGRATION_DEFAULTS, STEP_DEFAULTS } from './defaults.ts'
import { listed, shown, suggestion } from './diagnostic.ts'
import type { Problems } from './diagnostic.ts'
import { findCycles } from './graph.ts'
import type { Dependencies } from './graph.ts'
import { nameFault } from './names.ts'
import { checkControl, refuseControlKeys } from './check-control.ts'
import { checkCalls, checkHandlers, warnOfVainCompensation } from './check-document.ts'
import type { CheckedDocument, ScenarioDocument, StepDocument } from './schema.ts'
import type { Path } from './source.ts'
import { listsOf } from './step-lists.ts'
import { TYPED_POOL_PREFIXES } from './unbuilt.ts'

/** The graph of a list of steps, by their places. */
export interface Graph {
  readonly steps: readonly StepDocument[]
  /** Where the document has the list. */
  readonly path: Path
  /** The graphs of the lists inside of control steps, by step. */
  readonly inside: ReadonlyMap<number, readonly Graph[]>
  readonly indexOf: ReadonlyMap<string, number>
  /** Unknown dependencies left out, each one once. */
  readonly dependencies: Dependencies
  readonly acyclic: boolean
}

/** What the checks of steps share. */
interface Known {
  readonly scenarios: ReadonlySet<string>
  readonly inputs: ReadonlySet<string>
  readonly modules: ReadonlySet<string>
  readonly pools: ReadonlyMap<string, number>
  readonly problems: Problems
}

/** A module's name, however its entry is written. */
export function moduleName(entry: CheckedDocument['integration']['modules'][number]): string {
  return typeof entry === 'string' ? entry : entry.name
}

/** The pools of a document and how many units each has. */
export function poolUnits(document: CheckedDocument): Map<string, number> {
  const size = document.resources?.resource_pool_size ?? INTEGRATION_DEFAULTS.poolSize
  return new Map(
    Object.entries(document.resources?.pools ?? {}).map(([name, pool]) => [name, pool.units ?? size]),
  )
}

/**
 * Reports what makes no sense.
 * @returns the graph of each scenario, `null` for those that could not be read
 */
export function check(
  document: CheckedDocument,
  broken: ReadonlySet<number>,
  problems: Problems,
): (Graph | null)[] {
  const { integration } = document
  if (integration.workflow_id !== undefined) {
    checkName(
      'integration.workflow_id',
      integration.workflow_id,
      ['integration', 'workflow_id'],
      'value',
      problems,
    )
  }
  const modules = checkModules(document, problems)
  for (const name of Object.keys(integration.inputs ?? {})) {
    checkName('an input', name, ['integration', 'inputs', name], 'key', problems)
  }
  integration.env?.forEach((name, i) => {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return
    const message = `integration.env[${i}]: expected the name of an environment variable, found ${shown(name)}`
    problems.add({
      code: 'NAME_INVALID',
      message,
      remedy: 'use letters, digits and _',
      path: ['integration', 'env', i],
    })
  })
  const pools = poolUnits(document)
  for (const name of pools.keys()) checkName('a pool', name, ['resources', 'pools', name], 'key', problems)
  const known: Known = {
    // One that could not be read may still have a name.
    scenarios: new Set(
      (integration.scenarios as readonly ({ name?: string } | null)[]).map((each) => each?.name ?? ''),
    ),
    inputs: new Set(Object.keys(integration.inputs ?? {})),
    modules,
    pools,
    problems,
  }
  const places = new Map<string, number>()
  const graphs = integration.scenarios.map((scenario, i) => {
    if (broken.has(i)) return null
    const path = ['integration', 'scenarios', i]
    checkUnique('scenario', scenario.name, i, places, path, problems)
    checkParallel(document, scenario, path, problems)
    return checkList(scenario.steps, [...path, 'steps'], known, 0)
  })
  if (broken.size === 0) {
    checkCalls(document, problems)
    checkHandlers(document, problems, (what, module, path) => checkModule(what, module, path, known))
    warnOfVainCompensation(document, problems)
  }
  return graphs
}

function checkName(what: string, name: string, path: Path, part: 'key' | 'value', problems: Problems): void {
  const fault = nameFault(name)
  if (fault === null) return
  const message = `${what}: ${shown(name)} can't be a name: ${fault}`
  const remedy = 'use any printable name without "/", "[" and "]" that is no reserved word'
  problems.add({ code: 'NAME_INVALID', message, remedy, path, part })
}

function checkUnique(
  what: string,
  name: string,
  index: number,
  places: Map<string, number>,
  path: Path,
  problems: Problems,
): void {
  checkName(`${what} ${index + 1}`, name, [...path, 'name'], 'value', problems)
  const first = places.get(name)
  if (first === undefined) places.set(name, index)
  else {
    const message = `${what} ${index + 1}: the name ${shown(name)} is already that of ${what} ${first + 1}`
    problems.add({
      code: 'NAME_DUPLICATE',
      message,
      remedy: 'give each its own name',
      path: [...path, 'name'],
    })
  }
}

function checkModules(document: CheckedDocument, problems: Problems): Set<string> {
  const names = new Set<string>()
  document.integration.modules.forEach((entry, i) => {
    const name = moduleName(entry)
    const path = ['integration', 'modules', i, ...(typeof entry === 'string' ? [] : ['name'])]
    checkName(`module ${i + 1}`, name, path, 'value', problems)
    if (names.has(name)) {
      const message = `module ${i + 1}: ${shown(name)} is listed twice`
      problems.add({ code: 'NAME_DUPLICATE', message, remedy: 'keep one of them', path })
    }
    names.add(name)
    const block = document.blocks.get(name)
    if (block?.name !== undefined && block.name !== name) {
      const message = `${name}: its key "name" must be the module's own name, found ${shown(block.name)}`
      problems.add({ code: 'VALUE_INVALID', message, remedy: `write ${shown(name)}`, path: [name, 'name'] })
    }
    if (
      typeof entry !== 'string' &&
      entry.path !== undefined &&
      block?.path !== undefined &&
      entry.path !== block.path
    ) {
      const message = `${name}: its path is given twice, as ${shown(entry.path)} and ${shown(block.path)}`
      problems.add({ code: 'VALUE_INVALID', message, remedy: 'keep one of them', path: [name, 'path'] })
    }
  })
  return names
}

function checkParallel(
  document: CheckedDocument,
  scenario: ScenarioDocument,
  path: Path,
  problems: Problems,
): void {
  const asks = scenario.parallel_execution === true
  if (asks && document.performance?.parallel_execution === false) {
    const message = `scenario ${shown(scenario.name)}: parallel_execution is forbidden by performance.parallel_execution, so it runs one step at a time`
    const remedy = 'set performance.parallel_execution to true, or remove it here'
    problems.add({
      code: 'KEY_WITHOUT_EFFECT',
      severity: 'warning',
      message,
      remedy,
      path: [...path, 'parallel_execution'],
      part: 'key',
    })
  }
  if (!asks && scenario.max_concurrency !== undefined && scenario.max_concurrency > 1) {
    const message = `scenario ${shown(scenario.name)}: max_concurrency has no effect without parallel_execution: true`
    problems.add({
      code: 'KEY_WITHOUT_EFFECT',
      severity: 'warning',
      message,
      remedy: 'add parallel_execution: true',
      path: [...path, 'max_concurrency'],
      part: 'key',
    })
  }
}

/** Control steps inside of each other, at most. */
export const CONTROL_NESTING_MAX = 16

function checkList(steps: readonly StepDocument[], path: Path, known: Known, depth: number): Graph {
  const { problems } = known
  const indexOf = new Map<string, number>()
  const inside = new Map<number, readonly Graph[]>()
  steps.forEach((step, i) => {
    const at = [...path, i]
    checkUnique('step', step.name, i, indexOf, at, problems)
    checkCall(step, at, known)
    checkResources(step, at, known)
    checkVerdicts(step, at, problems)
    const lists = listsOf(step, at)
    if (lists.length > 0 && depth >= CONTROL_NESTING_MAX) {
      const message = `step ${shown(step.name)}: expected at most ${CONTROL_NESTING_MAX} control steps inside of each other`
      const remedy = 'make a scenario of its own of the inner ones'
      problems.add({ code: 'NESTING_TOO_DEEP', message, remedy, path: [...at, 'type'] })
    } else if (lists.length > 0) {
      inside.set(
        i,
        lists.map((list) => checkList(list.steps, list.path, known, depth + 1)),
      )
    }
  })
  const dependencies = steps.map((step, i) => dependenciesOf(step, [...path, i], indexOf, problems))
  const cycles = findCycles(dependencies)
  for (const cycle of cycles) reportCycle(cycle, steps, path, problems)
  return { steps, path, inside, indexOf, dependencies, acyclic: cycles.length === 0 }
}

function dependenciesOf(
  step: StepDocument,
  path: Path,
  indexOf: ReadonlyMap<string, number>,
  problems: Problems,
): number[] {
  const found = new Set<number>()
  step.depends_on?.forEach((name, i) => {
    const index = indexOf.get(name)
    if (index !== undefined) {
      found.add(index)
      return
    }
    const message = `step ${shown(step.name)}: it depends on ${shown(name)}, and no step of its list has that name`
    const remedy = (): string => suggestion(name, indexOf.keys(), `expected one of ${listed(indexOf.keys())}`)
    problems.add({ code: 'DEPENDENCY_UNKNOWN', message, remedy, path: [...path, 'depends_on', i] })
  })
  return [...found]
}

/** Names of a long cycle that are printed, at its start and in all. */
const CYCLE_SHOWN_MAX = 12

function reportCycle(
  cycle: readonly number[],
  steps: readonly StepDocument[],
  stepsPath: Path,
  problems: Problems,
): void {
  const names = cycle.map((index) => steps[index]!.name)
  const printed =
    names.length <= CYCLE_SHOWN_MAX
      ? names
      : [
          ...names.slice(0, CYCLE_SHOWN_MAX - 2),
          `… ${names.length - CYCLE_SHOWN_MAX} more …`,
          ...names.slice(-1),
        ]
  const message = `steps depend on each other in a cycle: ${printed.join(' → ')}`
  const [first, second] = [cycle[0]!, names[1]!]
  const at = steps[first]!.depends_on?.indexOf(second) ?? 0
  const path = [...stepsPath, first, 'depends_on', at]
  problems.add({ code: 'DEPENDENCY_CYCLE', message, remedy: 'remove one of these dependencies', path })
}

function checkCall(step: StepDocument, path: Path, known: Known): void {
  const { type } = step
  const what = `step ${shown(step.name)}`
  const { compensate } = step
  if (compensate?.module !== undefined)
    checkModule(`the compensation of ${what}`, compensate.module, [...path, 'compensate', 'module'], known)
  checkFallback(step, path, known)
  if (type !== undefined) {
    checkControl({ ...step, type }, path, known.problems)
    checkScenarioCall(step, path, known)
    return
  }
  for (const key of ['module', 'operation'] as const) {
    if (step[key] !== undefined) continue
    const message = `${what}: the key "${key}" is missing`
    known.problems.add({ code: 'KEY_MISSING', message, remedy: `add "${key}"`, path: [...path, 'name'] })
  }
  refuseControlKeys(step, path, known.problems)
  if (step.module !== undefined) checkModule(what, step.module, [...path, 'module'], known)
}

function checkScenarioCall({ name, scenario, inputs = {} }: StepDocument, path: Path, known: Known): void {
  const { scenarios, inputs: declared, problems } = known
  if (scenario !== undefined && !scenarios.has(scenario)) {
    const message = `step ${shown(name)}: the document has no scenario ${shown(scenario)}`
    const remedy = (): string => suggestion(scenario, scenarios, `use one of ${listed(scenarios)}`)
    problems.add({ code: 'REFERENCE_UNKNOWN', message, remedy, path: [...path, 'scenario'] })
  }
  for (const key of Object.keys(inputs)) {
    if (declared.has(key)) continue
    const message = `step ${shown(name)}: the input ${shown(key)} is not declared in integration.inputs`
    const remedy = (): string => suggestion(key, declared, 'declare it')
    problems.add({ code: 'INPUT_INVALID', message, remedy, path: [...path, 'inputs', key], part: 'key' })
  }
}

function checkFallback({ name, fallback }: StepDocument, path: Path, known: Known): void {
  const what = `step ${shown(name)}`
  if (fallback === undefined || 'value' in fallback) return
  if (!('operation' in fallback)) {
    const message = `${what}: its fallback has neither an operation nor a value`
    const remedy = 'give {module, operation, parameters} or {value}'
    known.problems.add({ code: 'KEY_MISSING', message, remedy, path: [...path, 'fallback'], part: 'key' })
  } else if (fallback.module !== undefined) {
    checkModule(`the fallback of ${what}`, fallback.module, [...path, 'fallback', 'module'], known)
  }
}

function checkModule(what: string, module: string, path: Path, { modules, problems }: Known): void {
  if (modules.has(module)) return
  const message = `Module not registered: ${module}: ${what} calls it, and integration.modules does not list it`
  const remedy = (): string =>
    suggestion(module, modules, `add it to integration.modules, or use one of ${listed(modules)}`)
  problems.add({ code: 'MODULE_NOT_REGISTERED', message, remedy, path })
}

function checkResources(step: StepDocument, path: Path, { pools, problems }: Known): void {
  const needs = step.resources?.map((need) => (typeof need === 'string' ? { name: need } : need)) ?? []
  const taken = new Map<string, number>()
  needs.forEach((need, i) => {
    const at = [...path, 'resources', i]
    const what = `step ${shown(step.name)}`
    const capacity = pools.get(need.name)
    const units =
      (taken.get(need.name) ?? 0) +
      ('units' in need ? (need.units ?? STEP_DEFAULTS.units) : STEP_DEFAULTS.units)
    taken.set(need.name, units)
    if (capacity !== undefined) {
      if (units <= capacity) return
      const message = `${what}: it takes ${units} units of ${shown(need.name)}, which has ${capacity}`
      const remedy = `take at most ${capacity}, or enlarge the pool`
      problems.add({ code: 'RESOURCE_OVER_CAPACITY', message, remedy, path: at })
    } else if (TYPED_POOL_PREFIXES.some((prefix) => need.name.startsWith(prefix))) {
      const message = `${what}: ${shown(need.name)} is not declared, and typed pools are not built yet`
      const remedy = `declare it in resources.pools, as {units: …}`
      problems.add({ code: 'NOT_BUILT_YET', message, remedy, path: at })
    } else {
      const message = `${what}: the resource ${shown(need.name)} is not declared`
      const remedy = (): string =>
        suggestion(need.name, pools.keys(), 'declare it in resources.pools, as {units: …}')
      problems.add({ code: 'RESOURCE_UNKNOWN', message, remedy, path: at })
    }
  })
}

function checkVerdicts(step: StepDocument, path: Path, problems: Problems): void {
  const verdicts = step.on_failure === undefined ? [] : [step.on_failure].flat()
  const vain = (verdict: string, why: string, remedy: string) => {
    const message = `step ${shown(step.name)}: the verdict ${verdict} never applies, for the step ${why}`
    const at = [...path, 'on_failure']
    problems.add({ code: 'KEY_WITHOUT_EFFECT', severity: 'warning', message, remedy, path: at, part: 'key' })
  }
  if (step.fallback !== undefined) return
  if (verdicts.includes('fallback'))
    vain('fallback', 'declares no fallback', 'add a fallback, or remove the verdict')
  if (verdicts.includes('degradation') && !verdicts.includes('skip'))
    vain(
      'degradation',
      'declares no fallback and does not list skip',
      'add a fallback or skip, or remove the verdict',
    )
}
