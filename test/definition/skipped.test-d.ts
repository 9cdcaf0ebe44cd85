// Whose output may be `null`, because the step may have been skipped: what must compile, and what must not. Checked by
// `npm run types`, as builder.test-d.ts is. That it is null then is shown in test/runtime/skipped.test.ts.
// oxlint-disable unicorn/no-thenable -- `then` is the document's own word; a step is never awaited
import { run, setup, type Verdict } from '../../src/index.ts'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : { readonly found: A }

/** Compiles only where both types are the same. */
const same = <A, B>(_: Equal<A, B>) => {}

const m = { push: () => 3, take: (_: { version: number }) => 'taken' }
const at = setup({ modules: { m } })
const verdicts: readonly Verdict[] = ['retry', 'skip']
const verdict: Verdict = verdicts[0]!

/** What a step says of itself. */
export const own = at.createWorkflow({
  id: 'own',
  steps: {
    sure: { invoke: 'm.push' },
    when: { invoke: 'm.push', dependsOn: ['sure'], when: ({ steps }) => steps.sure.output > 3 },
    skip: { invoke: 'm.push', onFailure: 'skip' },
    listed: { invoke: 'm.push', onFailure: ['retry', 'skip'] },
    // Known when it runs, and not before.
    computed: { invoke: 'm.push', onFailure: verdict },
    list: { invoke: 'm.push', onFailure: verdicts },
    fails: { invoke: 'm.push', onFailure: ['retry', 'fail'] },
    // Of a step that does not list `skip`, too, it makes no skipped one.
    degrades: { invoke: 'm.push', onFailure: 'degradation' },
    stands: { invoke: 'm.push', fallback: { value: 1 }, retry: { count: 1 } },
    reads: {
      invoke: 'm.take',
      dependsOn: ['sure', 'when', 'skip', 'listed', 'computed', 'list', 'fails', 'degrades', 'stands'],
      parameters: ({ steps }) => {
        same<typeof steps.sure.output, number>(true)
        same<typeof steps.when.output, number | null>(true)
        same<typeof steps.skip.output, number | null>(true)
        same<typeof steps.listed.output, number | null>(true)
        same<typeof steps.computed.output, number | null>(true)
        same<typeof steps.list.output, number | null>(true)
        same<typeof steps.fails.output, number>(true)
        same<typeof steps.degrades.output, number>(true)
        same<typeof steps.stands.output, number>(true)
        return { version: steps.skip.output ?? steps.sure.output }
      },
      // It has succeeded, where it is undone.
      when: ({ steps }) => steps.skip.status === 'skipped',
      compensate: { invoke: 'm.take', parameters: ({ output }) => ({ version: output.length }) },
    },
  },
  outputs: {
    live: ({ steps }) => {
      same<typeof steps.sure.output, number>(true)
      same<typeof steps.skip.output, number | null>(true)
      same<typeof steps.reads.output, string | null>(true)
      return steps.when.output
    },
  },
})

/** The run tells what became of it. */
export const live = async (): Promise<number | null | undefined> => (await run(own)).outputs?.live

/** What is inside of steps. */
export const nested = at.createWorkflow({
  id: 'nested',
  steps: {
    both: {
      parallel: { a: { invoke: 'm.push' }, b: { invoke: 'm.push', when: () => false } },
      output: ({ steps }) => {
        same<typeof steps.a.output, number>(true)
        same<typeof steps.b.output, number | null>(true)
        return null
      },
    },
    group: { parallel: { a: { invoke: 'm.push' }, b: { invoke: 'm.push', onFailure: 'skip' } } },
    branch: { condition: () => true, then: { t: { invoke: 'm.push', when: () => false } } },
    skipped: { parallel: { a: { invoke: 'm.push' } }, onFailure: 'skip' },
    scan: {
      forEach: [1, 2],
      steps: { a: { invoke: 'm.push', when: ({ item }) => item > 1 }, b: { invoke: 'm.push' } },
    },
    poll: {
      until: ({ steps }) => {
        same<typeof steps.a.output, number | null>(true)
        return steps.a.status === 'skipped'
      },
      steps: { a: { invoke: 'm.push', when: () => false } },
    },
    last: {
      invoke: 'm.take',
      dependsOn: ['group', 'branch', 'skipped', 'scan', 'poll'],
      parameters: ({ steps }) => {
        same<typeof steps.group.output, { readonly a: number; readonly b: number | null }>(true)
        same<typeof steps.branch.output.t, number | null | undefined>(true)
        same<typeof steps.skipped.output, { readonly a: number } | null>(true)
        same<typeof steps.scan.output, readonly { readonly a: number | null; readonly b: number }[]>(true)
        same<typeof steps.poll.output, readonly { readonly a: number | null }[]>(true)
        return { version: steps.branch.output.t ?? 0 }
      },
    },
  },
})

/** Waits, in a list that grows: there it is known what they give. */
export const waits = at.createWorkflow({
  id: 'waits',
  steps: (list) =>
    list
      .step('heard', { waitForEvent: 'go', timeout: '1s', output: ({ event }) => event.type })
      .step('skipped', {
        waitForEvent: 'go',
        timeout: '1s',
        onTimeout: 'skip',
        output: ({ event }) => event.type,
      })
      .step('goesOn', {
        waitForEvent: 'go',
        timeout: '1s',
        onTimeout: 'continue',
        output: ({ event }) => event.type,
      })
      .step('when', { invoke: 'm.push', when: () => true })
      .step('listed', { invoke: 'm.push', onFailure: ['retry', 'skip'] })
      .step('fails', { invoke: 'm.push', onFailure: ['retry', 'fail'] })
      .step('scan', {
        forEach: () => [1],
        when: () => true,
        steps: (each) => each.step('a', { invoke: 'm.push', onFailure: 'skip' }),
      })
      .steps({
        last: {
          invoke: 'm.push',
          dependsOn: ['heard', 'skipped', 'goesOn', 'when', 'listed', 'fails', 'scan'],
          when: ({ steps }) => {
            same<typeof steps.heard.output, string>(true)
            same<typeof steps.skipped.output, string | null>(true)
            same<typeof steps.goesOn.output, string | null>(true)
            same<typeof steps.when.output, number | null>(true)
            same<typeof steps.listed.output, number | null>(true)
            same<typeof steps.fails.output, number>(true)
            same<typeof steps.scan.output, readonly { readonly a: number | null }[] | null>(true)
            return true
          },
        },
      }),
})

/** Steps that are skipped for lack of success skip those that depend on them: only who runs all the same finds them so. */
export const conditions = at.createWorkflow({
  id: 'conditions',
  steps: {
    a: { invoke: 'm.push' },
    b: { invoke: 'm.push', when: () => false },
    any: { invoke: 'm.push', dependsOn: ['a', 'b'], runIf: 'any_succeeded' },
    next: {
      invoke: 'm.push',
      dependsOn: ['any'],
      when: ({ steps }) => {
        same<typeof steps.any.output, number>(true)
        same<typeof steps.a.output, number | null>(true)
        return true
      },
    },
    follows: { invoke: 'm.push', dependsOn: ['any'] },
    always: { invoke: 'm.push', dependsOn: ['any'], runIf: 'all_done' },
    further: { invoke: 'm.push', dependsOn: ['always'] },
  },
  outputs: {
    any: ({ steps }) => {
      same<typeof steps.a.output, number>(true)
      same<typeof steps.any.output, number | null>(true)
      same<typeof steps.follows.output, number | null>(true)
      same<typeof steps.always.output, number>(true)
      same<typeof steps.further.output, number>(true)
      return 1
    },
  },
})

/** What holds for steps that say nothing. */
export const recovering = at.createWorkflow({
  id: 'recovering',
  recovery: { strategies: ['retry', 'skip'] },
  steps: {
    a: { invoke: 'm.push' },
    b: { invoke: 'm.push', onFailure: 'fail' },
    group: { parallel: { c: { invoke: 'm.push' } }, onFailure: 'fail' },
    last: {
      invoke: 'm.take',
      dependsOn: ['a', 'b', 'group'],
      parameters: ({ steps }) => {
        same<typeof steps.a.output, number | null>(true)
        same<typeof steps.b.output, number>(true)
        same<typeof steps.group.output, { readonly c: number | null }>(true)
        return { version: steps.b.output }
      },
    },
  },
})

/** Handlers that may answer. */
export const advised = setup({
  modules: { m },
  subscriptions: [
    { id: 'log', pattern: '*', handler: ({ type }) => console.log(type) },
    { id: 'advise', pattern: 'step_*', handler: async () => 'skip' },
  ],
}).createWorkflow({
  id: 'advised',
  steps: { a: { invoke: 'm.push' }, b: { invoke: 'm.push', onFailure: 'fail' } },
  outputs: {
    a: ({ steps }) => {
      same<typeof steps.a.output, number | null>(true)
      return steps.b.output.toFixed()
    },
  },
})

/** Handlers that answer nothing, or to nothing that fails. */
export const unadvised = setup({
  modules: { m },
  subscriptions: [
    { id: 'log', pattern: '*', handler: ({ type }) => console.log(type) },
    { id: 'retry', pattern: 'step_failed', handler: () => 'retry' as const },
    { id: 'done', pattern: 'workflow_*', handler: () => 'skip' },
  ],
}).createWorkflow({
  id: 'unadvised',
  steps: { a: { invoke: 'm.push' } },
  outputs: { a: ({ steps }) => steps.a.output.toFixed() },
})

/** What does not compile. */
export const bad = [
  at.createWorkflow({
    id: 'bad',
    steps: {
      push: { invoke: 'm.push', when: () => false },
      promote: {
        invoke: 'm.take',
        dependsOn: ['push'],
        // @ts-expect-error it may have been skipped
        parameters: ({ steps }) => ({ version: steps.push.output }),
      },
      nested: {
        dependsOn: ['push'],
        // @ts-expect-error what is around it may have been, too
        parallel: { a: { invoke: 'm.take', parameters: ({ steps }) => ({ version: steps.push.output }) } },
      },
      after: {
        invoke: 'm.take',
        dependsOn: ['promote'],
        // @ts-expect-error what is skipped gave nothing, however far above it is
        parameters: ({ steps }) => ({ version: steps.push.output }),
      },
    },
  }),
  at.createWorkflow({
    id: 'bad outputs',
    steps: { push: { invoke: 'm.push', onFailure: 'skip' } },
    // @ts-expect-error it may have been skipped
    outputs: { live: ({ steps }) => steps.push.output.toFixed() },
  }),
  at.createWorkflow({
    id: 'bad recovery',
    recovery: { strategies: 'skip' },
    steps: {
      push: { invoke: 'm.push' },
      promote: {
        invoke: 'm.take',
        dependsOn: ['push'],
        // @ts-expect-error it may have been skipped, for the workflow says so
        parameters: ({ steps }) => ({ version: steps.push.output }),
      },
    },
  }),
]
