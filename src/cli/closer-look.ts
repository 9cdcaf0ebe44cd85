// What to do about a run that did not complete: commands that can be pasted into a shell.
import type { ResultDocument } from '../runtime/result.ts'

/** How the run was asked for. */
export interface Asked {
  readonly file: string
  readonly scenario?: string
  readonly input: readonly string[]
  /** Where the result was written; `null`: nowhere. */
  readonly output: string | null
}

/** Commands for the first step that failed by itself; none where none did. */
export function closerLook({ integration_scenarios: scenarios }: ResultDocument, asked: Asked): string[] {
  for (const { scenario_name: scenario, result } of scenarios.scenario_results) {
    const step = result.step_results.find(
      ({ status, dependencies_satisfied: ran }) => status === 'failed' && ran,
    )
    if (!step) continue
    const inputs = asked.input.flatMap((input) => ['--input', input])
    const again = [
      'run',
      asked.file,
      ...(asked.scenario === undefined ? [] : ['--scenario', scenario]),
      ...inputs,
    ]
    const fault = ['--fault', `${step.step_name}=fatal`]
    const outputs = asked.output?.endsWith('.json') ? ['--outputs-from', asked.output] : []
    return [
      asked.output === null
        ? `every step's data and error: ${commandLine([...again, '--output', 'result.json'])}`
        : `every step's data and error: ${asked.output}`,
      `what follows when ${step.step_name} fails: ${commandLine(['simulate', asked.file, '--scenario', scenario, ...inputs, ...outputs, ...fault])}`,
    ]
  }
  return []
}

const commandLine = (words: readonly string[]) => ['sagachart', ...words.map(quoted)].join(' ')

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
