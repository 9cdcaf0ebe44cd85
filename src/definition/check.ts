// Whether a document makes sense: names, modules, dependencies, cycles, resources. It judges what the document says, not
// what its modules hold. Nothing recurses over the graph.
import { INTEGRATION_DEFAULTS, STEP_DEFAULTS } from './defaults.ts'
import { listed, shown, suggestion } from './diagnostic.ts'
import type { Problems } from './diagnostic.ts'
import { findCycles } from './graph.ts'
import type { Dependencies } from './graph.ts'
import { nameFault } from './names.ts'
import type { CheckedDocument, ScenarioDocument, StepDocument } from './schema.ts'
import type { Path } from './source.ts'
import { CONTROL_STEP_KEYS, TYPED_POOL_PREFIXES } from './unbuilt.ts'

/** A scenario's graph, by the places of its steps. */
export interface Graph {
  readonly indexOf: ReadonlyMap<string, number>
  /** Unknown dependencies left out, each one once. */
  readonly dependencies: Dependencies
  readonly acyclic: boolean
}

/** What the checks of steps share. */
interface Known {
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
  const known: Known = { modules, pools, problems }
  const places = new Map<string, number>()
  return integration.scenarios.map((scenario, i) => {
    if (broken.has(i)) return null
    const path = ['integration', 'scenarios', i]
    checkUnique('scenario', scenario.name, i, places, path, problems)
    checkParallel(document, scenario, path, problems)
    return checkScenario(scenario, path, known)
  })
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

function checkScenario(scenario: ScenarioDocument, path: Path, known: Known): Graph {
  const { problems } = known
  const indexOf = new Map<string, number>()
  const stepsPath = [...path, 'steps']
  scenario.steps.forEach((step, i) => {
    checkUnique('step', step.name, i, indexOf, [...stepsPath, i], problems)
    checkCall(step, [...stepsPath, i], known)
    checkResources(step, [...stepsPath, i], known)
    checkVerdicts(step, [...stepsPath, i], problems)
  })
  const dependencies = scenario.steps.map((step, i) =>
    dependenciesOf(step, [...stepsPath, i], indexOf, problems),
  )
  const cycles = findCycles(dependencies)
  for (const cycle of cycles) reportCycle(cycle, scenario, stepsPath, problems)
  return { indexOf, dependencies, acyclic: cycles.length === 0 }
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
    const message = `step ${shown(step.name)}: it depends on ${shown(name)}, and no step of its scenario has that name`
    const remedy = (): string => suggestion(name, indexOf.keys(), `expected one of ${listed(indexOf.keys())}`)
    problems.add({ code: 'DEPENDENCY_UNKNOWN', message, remedy, path: [...path, 'depends_on', i] })
  })
  return [...found]
}

/** Names of a long cycle that are printed, at its start and in all. */
const CYCLE_SHOWN_MAX = 12

function reportCycle(
  cycle: readonly number[],
  scenario: ScenarioDocument,
  stepsPath: Path,
  problems: Problems,
): void {
  const names = cycle.map((index) => scenario.steps[index]!.name)
  const printed =
    names.length <= CYCLE_SHOWN_MAX
      ? names
      : [
          ...names.slice(0, CYCLE_SHOWN_MAX - 2),
          `… ${names.length - CYCLE_SHOWN_MAX} more …`,
          ...names.slice(-1),
        ]
  const message = `scenario ${shown(scenario.name)}: steps depend on each other in a cycle: ${printed.join(' → ')}`
  const [first, second] = [cycle[0]!, names[1]!]
  const at = scenario.steps[first]!.depends_on?.indexOf(second) ?? 0
  const path = [...stepsPath, first, 'depends_on', at]
  problems.add({ code: 'DEPENDENCY_CYCLE', message, remedy: 'remove one of these dependencies', path })
}

function checkCall(step: StepDocument, path: Path, known: Known): void {
  if (step.type !== undefined) return
  const what = `step ${shown(step.name)}`
  for (const key of ['module', 'operation'] as const) {
    if (step[key] !== undefined) continue
    const message = `${what}: the key "${key}" is missing`
    known.problems.add({ code: 'KEY_MISSING', message, remedy: `add "${key}"`, path: [...path, 'name'] })
  }
  for (const key of CONTROL_STEP_KEYS) {
    if (!Object.hasOwn(step, key)) continue
    const message = `${what}: the key "${key}" belongs to a control step, and this step has no type`
    known.problems.add({
      code: 'KEY_WITHOUT_EFFECT',
      message,
      remedy: 'remove it',
      path: [...path, key],
      part: 'key',
    })
  }
  if (step.module !== undefined) checkModule(what, step.module, [...path, 'module'], known)
  const fallback = step.fallback
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
  if (!verdicts.includes('fallback') || step.fallback !== undefined) return
  const message = `step ${shown(step.name)}: the verdict fallback never applies, for the step declares no fallback`
  const remedy = 'add a fallback, or remove the verdict'
  problems.add({
    code: 'KEY_WITHOUT_EFFECT',
    severity: 'warning',
    message,
    remedy,
    path: [...path, 'on_failure'],
    part: 'key',
  })
}
