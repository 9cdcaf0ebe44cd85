// The orchestrator's chart for a run inside of a step: below other actors of its kind, and told of the ends of its own steps.
import type { AnyActorScope } from 'xstate'
import type { WorkflowDefinition } from '../../definition/model.ts'
import type { Run } from '../run/run.ts'
import { seatOf, type Seat } from './seat.ts'
import { isChildEnd } from './settlement.ts'
import { workflowChart } from './workflow.ts'

type Chart = typeof workflowChart

const nestedChart: Chart = Object.create(workflowChart, {
  transition: {
    value: (...[snapshot, event, scope]: Parameters<Chart['transition']>) => {
      const run = seatOf<Run>(snapshot)!.seated!
      const told = isChildEnd(event) ? run.settlementOf(event) : event
      if (told === null) return snapshot
      const last = workflowChart.transition(snapshot, told, scope as AnyActorScope)
      if (last.status === 'done')
        run.session.later((ended, output) => ended.finish(output), run, last.output!)
      return last
    },
  },
})

/** The chart of one run, with the id of its workflow: inspectors show it. */
export function nestedChartFor(seat: Seat<Run>, { name: id }: WorkflowDefinition): Chart {
  return Object.create(nestedChart, {
    owner: { value: seat },
    id: { value: id },
    config: { get: () => ({ ...nestedChart.config, id }) },
  }) as Chart
}
