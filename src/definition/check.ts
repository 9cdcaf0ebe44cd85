// Whether a document makes sense: names, modules, dependencies, cycles, resources. It judges what the document says, not
// what its modules hold. Steps are judged in check-steps.ts, and how scenarios run each other in check-scenarios.ts.
import { checkScenarioCalls } from './check-scenarios.ts'
import { checkList, checkName, checkUnique } from './check-steps.ts'
import type { Findings, Graph, Known } from './check-steps.ts'
import { INTEGRATION_DEFAULTS } from './defaults.ts'
import { shown } from './diagnostic.ts'
import type { Problems } from './diagnostic.ts'
import { checkHandlers } from './handlers.ts'
import type { CheckedDocument, ScenarioDocument } from './schema.ts'
import type { Path } from './source.ts'

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
    modules,
    pools,
    scenarios: new Set(integration.scenarios.flatMap((one, i) => scenarioName(one, broken.has(i)))),
    inputs: integration.inputs ?? {},
    parallelAllowed: mayBeParallel(document),
    problems,
  }
  checkHandlers(document, known)
  const places = new Map<string, number>()
  const found = integration.scenarios.map((scenario, i) => {
    if (broken.has(i)) return null
    const path = ['integration', 'scenarios', i]
    checkUnique('scenario', scenario.name, i, places, path, problems)
    checkParallel(document, scenario, path, problems)
    return checkScenario(scenario, path, known)
  })
  checkScenarioCalls(
    document,
    found.map((one) => one && one.findings),
    problems,
  )
  return found.map((one) => one && one.graph)
}

/** Whether steps may run side by side at all. */
export function mayBeParallel({ performance }: CheckedDocument): boolean {
  return performance?.parallel_execution ?? INTEGRATION_DEFAULTS.parallelAllowed
}

// A scenario that does not fit the schema may have no name.
function scenarioName(scenario: ScenarioDocument | null, isBroken: boolean): string[] {
  const name: unknown = isBroken ? scenario?.name : scenario!.name
  return typeof name === 'string' ? [name] : []
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
  if (asks && !mayBeParallel(document)) {
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

function checkScenario(
  scenario: ScenarioDocument,
  path: Path,
  known: Known,
): { readonly graph: Graph; readonly findings: Findings } {
  const findings: Findings = { calls: [], compensated: [], compensates: false, steps: 0, depth: 0 }
  const place = { path: [...path, 'steps'], prefix: '', owner: `scenario ${shown(scenario.name)}`, depth: 0 }
  return { graph: checkList(scenario.steps, place, known, findings), findings }
}
