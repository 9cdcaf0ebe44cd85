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

/** Where a step holds further steps, for which the same lines count. */
const NESTED = ['steps[]', 'then[]', 'else[]', 'default[]', 'cases[].steps[]']

/** Built-in handlers of events that do nothing yet. */
export const HANDLERS_UNBUILT: readonly string[] = [
  'initialize_monitoring',
  'generate_summary_report',
  'trigger_error_recovery',
  'update_error_metrics',
]

/** All that is not built. */
export const UNBUILT: readonly Unbuilt[] = [
  ...HANDLERS_UNBUILT.map((only) => ({ at: 'events.handlers.*[]', only, template: true as const })),
  { at: 'events.handlers.*[].parameters' },
  { at: 'events.handlers.*[].filter' },
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
  { at: 'error_handling.circuit_breaker_reset' },
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

interface Branch {
  readonly next: Map<string, Branch>
  readonly ends: Unbuilt[]
}

const TREE: Branch = (() => {
  const root: Branch = { next: new Map(), ends: [] }
  for (const entry of UNBUILT) descend(root, entry.at).ends.push(entry)
  const step = descend(root, STEP)
  for (const at of NESTED) {
    const last = descend(step, at.slice(0, -'[]'.length))
    last.next.set('[]', step)
  }
  return root
})()

function descend(from: Branch, at: string): Branch {
  let branch = from
  for (const step of at.replaceAll('[]', '.[]').split('.')) {
    const next = branch.next.get(step) ?? { next: new Map<string, Branch>(), ends: [] }
    branch.next.set(step, next)
    branch = next
  }
  return branch
}

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

// Recursion goes as deep as steps nest in the document, which parse.ts bounds.
function visit(
  value: unknown,
  branch: Branch,
  path: Path,
  found: (entry: Unbuilt, path: Path, value: unknown) => void,
): void {
  for (const entry of branch.ends) found(entry, path, value)
  if (branch.next.size === 0 || typeof value !== 'object' || value === null) return
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
