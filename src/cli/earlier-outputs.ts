// Takes the outputs of steps from the result document of an earlier run, so that a simulation has real data.
import { readFileSync } from 'node:fs'

interface Step {
  readonly step_name?: unknown
  readonly status?: unknown
  readonly data?: unknown
  readonly steps?: readonly Step[]
  readonly iterations?: readonly { readonly index?: unknown; readonly steps?: readonly Step[] }[]
}

interface Earlier {
  readonly integration_scenarios?: {
    readonly scenario_results?: readonly {
      readonly scenario_name?: unknown
      readonly result?: { readonly step_results?: readonly Step[] }
    }[]
  }
}

/** Of steps that gave something, also where that was undone later. */
const GAVE: ReadonlySet<unknown> = new Set(['success', 'compensated', 'compensation_failed'])

/**
 * Hands over every output in a result document, by `scenario/outer/inner`. That of an iteration comes with its number and,
 * for iterations that the earlier run did not have, once without. Returns what is wrong with the document, or `null`.
 */
export function earlierOutputs(
  file: string,
  take: (address: string, output: unknown) => void,
): string | null {
  try {
    const { integration_scenarios: scenarios } = JSON.parse(readFileSync(file, 'utf8')) as Earlier
    for (const { scenario_name: scenario, result } of scenarios!.scenario_results!)
      takeSteps(result!.step_results!, String(scenario), take)
    return null
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'it is none'
    return `--outputs-from takes a result document (JSON), and ${file} can't be read as one: ${reason}; name what \`run --output\` wrote`
  }
}

/** However deep a file nests them. */
function takeSteps(
  steps: readonly Step[],
  scenario: string,
  take: (address: string, output: unknown) => void,
): void {
  const open = [{ steps, prefixes: [scenario] }]
  const shared = new Set<string>()
  for (let list = open.pop(); list; list = open.pop()) {
    for (const { step_name: name, status, data, steps: inside, iterations } of list.steps) {
      const addresses = list.prefixes.map((prefix) => `${prefix}/${String(name)}`)
      const [own, without] = addresses
      if (GAVE.has(status)) {
        take(own!, data)
        if (without !== undefined && !shared.has(without)) take(without, data)
        if (without !== undefined) shared.add(without)
      }
      if (inside) open.push({ steps: inside, prefixes: addresses })
      for (const { index, steps: iterated } of (iterations ?? []).toReversed())
        if (iterated)
          open.push({ steps: iterated, prefixes: [`${own}[${String(index)}]`, addresses.at(-1)!] })
    }
  }
}
