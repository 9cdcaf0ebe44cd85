// Takes the outputs of steps from the result document of an earlier run, so that a simulation has real data.
import { readFileSync } from 'node:fs'

interface Step {
  readonly step_name?: unknown
  readonly status?: unknown
  readonly data?: unknown
}

interface Earlier {
  readonly integration_scenarios?: {
    readonly scenario_results?: readonly {
      readonly scenario_name?: unknown
      readonly result?: { readonly step_results?: readonly Step[] }
    }[]
  }
}

/** Hands over every output in a result document. Returns what is wrong with it, or `null`. */
export function earlierOutputs(
  file: string,
  take: (scenario: string, step: string, output: unknown) => void,
): string | null {
  try {
    const { integration_scenarios: scenarios } = JSON.parse(readFileSync(file, 'utf8')) as Earlier
    for (const { scenario_name: scenario, result } of scenarios!.scenario_results!) {
      for (const { step_name: step, status, data } of result!.step_results!) {
        if (status === 'success') take(String(scenario), String(step), data)
      }
    }
    return null
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'it is none'
    return `--outputs-from takes a result document (JSON), and ${file} can't be read as one: ${reason}; name what \`run --output\` wrote`
  }
}
