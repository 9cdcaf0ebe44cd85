// What a document may say and this version does not do yet. One table; whoever builds a part deletes its lines.
// A key of the seed's template configuration is a warning, kept in the result; any other is an error: a document that
// asks for what it will not get is refused.
import { pathText, shown } from './diagnostic.ts'
import type { Problems } from './diagnostic.ts'
import type { Path } from './source.ts'

/** A key, or a value of it, that this version does not have. */
export interface Unbuilt {
  /** Where: `[]` stands for every item, `*` for every key. */
  readonly at: string
  /** Only this value is not built; by default, every one but `false`, which asks for nothing. */
  readonly only?: unknown
  /** Whether the template configuration has the key. */
  readonly template?: true
}

const STEP = 'integration.scenarios[].steps[]'

const UNBUILT: readonly Unbuilt[] = [
  { at: 'monitoring.enabled', template: true },
  { at: 'monitoring.metrics_collection_interval', template: true },
  { at: 'monitoring.enable_performance_monitoring', template: true },
  { at: 'monitoring.enable_health_checks', template: true },
  { at: 'monitoring.alert_thresholds', template: true },
  { at: 'resources.cleanup_interval', template: true },
  { at: 'error_handling.enable_circuit_breaker', template: true },
  { at: 'error_handling.circuit_breaker_threshold', template: true },
  { at: 'error_handling.notification_channels', template: true },
  { at: 'performance.enable_optimization', template: true },
  { at: 'performance.cache_enabled', template: true },
  { at: 'performance.cache_size', template: true },
  { at: 'performance.batch_processing', template: true },
  { at: 'testing.enable_integration_tests', template: true },
  { at: 'testing.mock_external_dependencies', template: true },
  { at: 'testing.generate_test_data', template: true },
  { at: 'testing.test_scenarios', template: true },
  { at: 'error_handling.circuit_breaker_reset' },
  { at: 'integration.error_scenarios' },
  { at: 'integration.modules[].type', only: 'api' },
  { at: 'integration.modules[].type', only: 'database' },
  { at: 'integration.modules[].type', only: 'processing' },
  { at: 'resources.pools.*.type', only: 'database' },
  { at: 'resources.pools.*.type', only: 'cache' },
  { at: 'resources.pools.*.type', only: 'queue' },
  { at: 'resources.pools.*.url' },
  { at: 'resources.pools.*.size' },
  { at: `${STEP}.resources[].mode` },
  { at: `${STEP}.cache` },
]

/** Prefixes of pools that need no declaration, once typed pools are built. */
export const TYPED_POOL_PREFIXES: readonly string[] = ['database_', 'cache_', 'queue_']

/** All that is not built, for editors. */
export const UNBUILT_PLACES: readonly Unbuilt[] = UNBUILT

interface Branch {
  readonly next: Map<string, Branch>
  readonly ends: Unbuilt[]
}

const TREE: Branch = (() => {
  const root: Branch = { next: new Map(), ends: [] }
  for (const entry of UNBUILT) {
    let branch = root
    for (const step of entry.at.replaceAll('[]', '.[]').split('.')) {
      const next = branch.next.get(step) ?? { next: new Map<string, Branch>(), ends: [] }
      branch.next.set(step, next)
      branch = next
    }
    branch.ends.push(entry)
  }
  return root
})()

/** Reports what a document asks for and will not get: warnings a section at a time, errors one by one. */
export function findUnbuilt(document: unknown, problems: Problems): void {
  const warned = new Map<string, { path: Path; keys: string[] }>()
  visit(document, TREE, [], (entry, path, value) => {
    if ('only' in entry ? value !== entry.only : value === false) return
    const section = String(path[0])
    if (entry.template) {
      const group = warned.get(section) ?? { path, keys: [] }
      group.keys.push('only' in entry ? `${String(path[1])}: ${shown(value)}` : String(path[1]))
      warned.set(section, group)
      return
    }
    const what = 'only' in entry ? `${pathText(path)}: ${shown(value)}` : pathText(path)
    const message = `${what} is not built yet: it would have no effect`
    problems.add({
      code: 'NOT_BUILT_YET',
      message,
      remedy: 'remove it, or wait for a version that has it',
      path,
      part: 'key',
    })
  })
  for (const [section, { path, keys }] of warned) {
    const message = `${section}: ${keys.join(', ')} ${keys.length === 1 ? 'has' : 'have'} no effect yet`
    const remedy = 'nothing to do: the document runs without'
    problems.add({ code: 'NOT_BUILT_YET', severity: 'warning', message, remedy, path, part: 'key' })
  }
}

/** What is said of a step holds for those inside of it, too. */
const STEP_BRANCH = `${STEP}`
  .replaceAll('[]', '.[]')
  .split('.')
  .reduce((branch, step) => branch.next.get(step)!, TREE)

const LISTS = ['steps', 'then', 'else', 'default']

// Recursion goes as deep as the longest line of the table and as control steps are nested, which parse.ts bounds.
function visit(
  value: unknown,
  branch: Branch,
  path: Path,
  found: (entry: Unbuilt, path: Path, value: unknown) => void,
): void {
  for (const entry of branch.ends) found(entry, path, value)
  if (branch.next.size === 0 || typeof value !== 'object' || value === null) return
  if (branch === STEP_BRANCH) visitInside(value as Record<string, unknown>, path, found)
  for (const [step, next] of branch.next) {
    if (step === '[]') {
      if (Array.isArray(value)) value.forEach((item, i) => visit(item, next, [...path, i], found))
    } else if (step === '*') {
      for (const [key, item] of Object.entries(value)) visit(item, next, [...path, key], found)
    } else if (Object.hasOwn(value, step)) {
      visit((value as Record<string, unknown>)[step], next, [...path, step], found)
    }
  }
}

function visitInside(
  step: Readonly<Record<string, unknown>>,
  path: Path,
  found: (entry: Unbuilt, path: Path, value: unknown) => void,
): void {
  const visitList = (list: unknown, at: Path) => {
    if (Array.isArray(list)) list.forEach((inner, i) => visit(inner, STEP_BRANCH, [...at, i], found))
  }
  for (const key of LISTS) if (Object.hasOwn(step, key)) visitList(step[key], [...path, key])
  const { cases } = step
  if (!Array.isArray(cases)) return
  cases.forEach((one: unknown, i) => {
    if (typeof one === 'object' && one !== null && 'steps' in one)
      visitList(one.steps, [...path, 'cases', i, 'steps'])
  })
}
