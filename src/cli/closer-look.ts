// What to do about a run that did not complete: commands that can be pasted into a shell. The values of inputs are left out,
// for they may be secrets, and what is printed is kept in logs.
import { CONTROL_MODULE } from '../definition/plan.ts'
import { shellWord } from '../definition/safe-text.ts'
import type { ResultDocument } from '../runtime/report/result.ts'
import { causesOf } from './causes.ts'

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
    const [cause] = causesOf(result.step_results)
    if (!cause) continue
    const { step, address } = cause
    const inputs = asked.input.flatMap((input) => ['--input', `${input.slice(0, input.indexOf('='))}=…`])
    const again = [
      'run',
      asked.file,
      ...(asked.scenario === undefined ? [] : ['--scenario', scenario]),
      ...inputs,
    ]
    const fault = ['--fault', `${address}=fatal`]
    const outputs = asked.output?.endsWith('.json') ? ['--outputs-from', asked.output] : []
    const all =
      asked.output === null
        ? `every step's data and error: ${commandLine([...again, '--output', 'result.json'])}`
        : `every step's data and error: ${asked.output}`
    // A control step that failed of itself calls nothing that a fault could strike.
    if (step.module_name === CONTROL_MODULE) return [all]
    return [
      all,
      `what follows when ${address} fails: ${commandLine(['simulate', asked.file, '--scenario', scenario, ...inputs, ...outputs, ...fault])}`,
    ]
  }
  return []
}

const commandLine = (words: readonly string[]) => ['sagachart', ...words.map(shellWord)].join(' ')
