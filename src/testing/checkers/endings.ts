// Rules of how a run ends: that it does, when, and that what it says of itself agrees with what its steps came to.
import { statusOf } from '../../kernel/graph.ts'
import type { Plan } from '../../definition/plan.ts'
import type { Run } from '../../runtime/run/run.ts'
import type { Rule } from './checker.ts'

/** Beside its steps: modules that are cleaned up, a bus that drains, an attempt that ends at its limit. */
const SLACK_MS = 120_000

interface EndedRun {
  readonly status: string
  readonly value: unknown
  readonly context: {
    readonly level: string
    readonly cause: string
    readonly entry?: string
    readonly waitFor: unknown
  }
}

/** What a run says of itself is so. */
export const statusAgrees: Rule = {
  name: 'status-agrees',
  description: 'A run ends only when every step is final, and it is completed only where no step failed.',
  watch: (_, fail) => ({
    ended(runs) {
      for (const run of runs) {
        const { status, context } = run.self.getSnapshot() as EndedRun
        if (status !== 'done' || context.entry === 'undo') continue
        const { graph, workflow } = run
        for (let index = 0; index < workflow.steps.length; index++) {
          if (statusOf(graph, index) === null)
            fail(`the run is ${context.cause}, and "${workflow.steps[index]!.name}" has not ended`)
        }
        if (context.waitFor === 'all' && context.cause === 'completed' && graph.counts.failed > 0)
          fail(`the run is completed, and ${graph.counts.failed} of its steps failed`)
      }
    },
  }),
}

/** A run that has a limit keeps it. */
export const endsInTime: Rule = {
  name: 'ends-in-time',
  description:
    'A run with a time-out ends within it, and the time that its steps have to stop and to be undone.',
  watch: (view, fail) => ({
    ended(runs) {
      for (const run of runs) {
        const bound = timeBound(run)
        if (bound === null || run.options.within) continue
        const tookMs = view.world.time - run.startedAt
        if (tookMs > bound) fail(`the run ended after ${tookMs} ms, its limits allow ${bound} ms`)
      }
    },
  }),
}

function timeBound({ options, workflow }: Run): number | null {
  const { timeoutMs, compensationTimeoutMs } = workflow
  return timeoutMs === null ? null : timeoutMs + stopBound(options.plan) + compensationTimeoutMs + SLACK_MS
}

/** How long the slowest step may take to stop, with all that is inside of it. */
function stopBound(plan: Plan): number {
  let most = SLACK_MS
  plan.policies.forEach(({ awaitMs, timeoutMs, graceMs }, index) => {
    const own = 2 * graceMs + (awaitMs === null ? 0 : Math.max(awaitMs, timeoutMs ?? 0))
    const inside = (plan.inside.get(index) ?? []).reduce((sum, nested) => sum + stopBound(nested), 0)
    most = Math.max(most, own + inside)
  })
  return most
}
