// What the options of a command choose of a document: scenarios, inputs, how much at once. Shared by the commands that run.
import { listed, shown, suggestion } from '../definition/diagnostic.ts'
import type { IntegrationDefinition } from '../definition/model.ts'

/** Options that narrow a document down. */
export interface Selection {
  readonly scenario?: string
  readonly concurrency?: string
}

/** The inputs of `--input name=value`, or what is wrong with them. */
export function readInputs(given: readonly string[]): Record<string, string> | string {
  const inputs = new Map<string, string>()
  for (const each of given) {
    const at = each.indexOf('=')
    // The text behind the sign may be a secret.
    if (at < 1)
      return `--input takes name=value, found ${shown(at < 0 ? each : '=')}; write --input name=value`
    if (inputs.has(each.slice(0, at))) return `--input gives ${shown(each.slice(0, at))} twice; give it once`
    inputs.set(each.slice(0, at), each.slice(at + 1))
  }
  return Object.fromEntries(inputs)
}

/** What `--scenario` and `--concurrency` leave of a definition, or what is wrong with them. */
export function narrowed(
  definition: IntegrationDefinition,
  options: Selection,
): IntegrationDefinition | string {
  const { scenario, concurrency } = options
  let { workflows } = definition
  if (scenario !== undefined) {
    const names = workflows.map(({ name }) => name)
    workflows = workflows.filter(({ name }) => name === scenario)
    if (workflows.length === 0) {
      const remedy = suggestion(scenario, names, 'name one that the document has')
      return `--scenario names one of ${listed(names)}, found ${shown(scenario)}; ${remedy}`
    }
  }
  if (concurrency !== undefined) {
    const maxConcurrency = Number(concurrency)
    if (!/^\d+$/.test(concurrency) || !Number.isSafeInteger(maxConcurrency) || maxConcurrency < 1) {
      return `--concurrency takes a whole number from 1, found ${shown(concurrency)}; correct it`
    }
    workflows = workflows.map((workflow) => ({ ...workflow, maxConcurrency }))
  }
  return { ...definition, workflows }
}
