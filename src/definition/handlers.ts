// The handlers of bus events that a document names: whether they make sense, and what they are in a definition. Which of
// the built-in ones are not built yet is unbuilt.ts's; what they do, the runtime's.
import { checkModule } from './check-steps.ts'
import type { Known } from './check-steps.ts'
import { HANDLER_DEFAULTS } from './defaults.ts'
import { listed, shown, suggestion } from './diagnostic.ts'
import { nameFault } from './names.ts'
import type { HandlerDefinition } from './model.ts'
import type { CheckedDocument } from './schema.ts'
import { HANDLERS_UNBUILT } from './unbuilt.ts'

/** A handler of such a name is built in, for any event. */
const BUILT_IN = /^(?:log|notify)_./

/** Built-in handlers that a misspelt name may mean. */
const BUILT_IN_KNOWN: readonly string[] = [
  'log_workflow_start',
  'log_workflow_completion',
  'log_step_failure',
  'log_module_error',
  ...HANDLERS_UNBUILT,
]

/** Reports handlers of no event, and those that are neither built in nor an operation of a listed module. */
export function checkHandlers(document: CheckedDocument, known: Pick<Known, 'modules' | 'problems'>): void {
  for (const [event, handlers] of Object.entries(document.events?.handlers ?? {})) {
    const path = ['events', 'handlers', event]
    const fault = nameFault(event) ?? (/\*./.test(event) ? 'a "*" may only stand at its end' : null)
    if (fault !== null) {
      const message = `a handler: ${shown(event)} can't be the name of an event: ${fault}`
      const remedy = 'give the type of an event, or a pattern such as "step_*" or "*"'
      known.problems.add({ code: 'NAME_INVALID', message, remedy, path, part: 'key' })
    }
    handlers.forEach((handler, i) => {
      const what = `a handler of ${shown(event)}`
      if (typeof handler !== 'string') {
        checkModule(what, handler.module, [...path, i, 'module'], known)
      } else if (!BUILT_IN.test(handler) && !HANDLERS_UNBUILT.includes(handler)) {
        const message = `${what}: ${shown(handler)} is no handler that is built in`
        const remedy = (): string =>
          suggestion(
            handler,
            BUILT_IN_KNOWN,
            `give {module, operation}, a name that starts with log_ or notify_, or one of ${listed(HANDLERS_UNBUILT)}`,
          )
        known.problems.add({ code: 'REFERENCE_UNKNOWN', message, remedy, path: [...path, i] })
      }
    })
  }
}

/** The handlers of a document without errors, in declared order. */
export function handlersOf({ events }: CheckedDocument): HandlerDefinition[] {
  return Object.entries(events?.handlers ?? {}).flatMap(([event, handlers]) =>
    handlers.flatMap((handler): HandlerDefinition[] => {
      if (typeof handler !== 'string') {
        const { module, operation, priority = HANDLER_DEFAULTS.priority } = handler
        return [{ event, target: { module, operation }, priority }]
      }
      if (!BUILT_IN.test(handler)) return []
      return [{ event, target: { builtIn: handler }, priority: HANDLER_DEFAULTS.priority }]
    }),
  )
}
