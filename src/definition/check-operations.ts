// Whether the modules that were loaded have the operations that a document calls: by its steps, nested ones included, by
// their fallbacks and compensations, and by handlers of events. It loads nothing.
import { callsBeside } from './check-steps.ts'
import { listed, shown, suggestion } from './diagnostic.ts'
import type { Problems } from './diagnostic.ts'
import type { Module } from './model.ts'
import { hookRemedy } from './module.ts'
import type { CheckedDocument } from './schema.ts'
import type { Path } from './source.ts'
import { everyStepOf } from './step-lists.ts'

/** Reports operations that no module has. Modules that could not be loaded are passed over. */
export function checkOperations(
  checked: CheckedDocument,
  modules: readonly Module[],
  problems: Problems,
): void {
  const byName = new Map(modules.map((module) => [module.name, module]))
  const judge = (what: () => string, module: string | undefined, operation: string, path: Path): void => {
    const known = module === undefined ? undefined : byName.get(module)
    if (!known || Object.hasOwn(known.operations, operation)) return
    const message = `${what()}: the module ${shown(known.name)} has no operation ${shown(operation)}`
    const remedy = (): string => {
      const names = Object.keys(known.operations)
      return hookRemedy(operation) ?? suggestion(operation, names, `use one of ${listed(names)}`)
    }
    problems.add({ code: 'OPERATION_UNKNOWN', message, remedy, path: [...path, 'operation'] })
  }
  checked.integration.scenarios.forEach((scenario, s) => {
    const steps = ['integration', 'scenarios', s, 'steps']
    for (const { step, path, address } of everyStepOf(scenario.steps, steps)) {
      const name = (): string => `step ${shown(address)}`
      if (step.type === undefined) judge(name, step.module, step.operation, path)
      for (const { called, module, own, operation, keys } of callsBeside(step))
        judge(() => `the ${called} of ${name()}`, module ?? own, operation, [...path, ...keys])
    }
  })
  for (const [event, handlers] of Object.entries(checked.events?.handlers ?? {})) {
    handlers.forEach((handler, i) => {
      if (typeof handler === 'string') return
      const path = ['events', 'handlers', event, i]
      judge(() => `a handler of ${shown(event)}`, handler.module, handler.operation, path)
    })
  }
}
