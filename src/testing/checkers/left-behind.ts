// The rule of what is left behind, which is about the workflow rather than about the engine: each effect that the graph alone says
// nothing would undo is shown in a run where that happens. What the definition accepts is left out.
import { statusOf } from '../../kernel/graph.ts'
import { staticFindings } from '../../definition/findings.ts'
import type { IntegrationDefinition, WorkflowDefinition } from '../../definition/model.ts'
import type { Run } from '../../runtime/run/run.ts'
import { withoutIterations } from '../step-address.ts'
import type { Rule } from './checker.ts'

/** The steps, by workflow and address, whose effects nothing would undo. */
function undoneEffects(definition: IntegrationDefinition | WorkflowDefinition): ReadonlySet<string> {
  const found = staticFindings(definition).filter(({ code }) => code === 'UNDONE_EFFECT')
  return new Set(found.map(({ where }) => `${where.workflow}/${where.step}`))
}

/** The rule for one definition. */
export function nothingLeftBehind(definition: IntegrationDefinition | WorkflowDefinition): Rule {
  const effects = undoneEffects(definition)
  return {
    name: 'nothing-left-behind',
    description:
      'What a run did is undone when the run is: every step that succeeded has something that undoes it.',
    watch: (_, fail) => ({
      ended(runs) {
        if (effects.size === 0) return
        for (const run of runs) {
          if (!isUndone(run)) continue
          for (const [index, { name }] of run.workflow.steps.entries()) {
            const address = withoutIterations(run.addressOf(index))
            if (statusOf(run.graph, index) !== 'success') continue
            if (!effects.has(`${run.options.scenario}/${address}`)) continue
            fail(`the run is undone, and what "${name}" did is left: nothing undoes it`)
          }
        }
      },
    }),
  }
}

/** Whether the run around a list of steps was undone. */
function isUndone(run: Run): boolean {
  let around = run
  while (around.options.within?.isOpen) around = around.options.within.run
  const { compensation } = (around.self.getSnapshot() as { context: { compensation: string } }).context
  return compensation === 'completed' || compensation === 'failed'
}
