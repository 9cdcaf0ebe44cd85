// What can be said against a workflow of the builder without running it. The search is in definition/findings.ts.
import { staticFindings, type Finding } from '../definition/findings.ts'
import type { AnyWorkflow } from '../definition/mirror.ts'
import { SagachartError } from '../errors.ts'
import { RunLogic } from '../runtime/charts/run-logic.ts'

/**
 * What can be said against a workflow without running it: steps that never run, verdicts that are never reached, effects that
 * nothing undoes, paths that can't end in time; and what it accepts of these for nothing. Keys are named as in a document.
 * @throws WORKFLOW_INVALID for what is no workflow of the builder
 * @see staticFindings for what is found where
 */
export function findingsOf(workflow: AnyWorkflow): readonly Finding[] {
  if (workflow instanceof RunLogic) return staticFindings(workflow.blueprint.plan.workflow)
  throw new SagachartError('WORKFLOW_INVALID', 'findingsOf: expected what createWorkflow gave')
}
