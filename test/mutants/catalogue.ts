// Mistakes in the engine, each as one text in place of another: what exploration must find. Among them the bug museum: bugs that
// other engines have had, rebuilt in ours, with where they were reported.
import type { Patch } from './bundle.ts'
import type { SubjectName } from './subjects.ts'

/** A mistake that is planted. */
export interface Mutant {
  readonly name: string
  readonly area: 'step' | 'compensation' | 'workflow' | 'module' | 'resource' | 'bus' | 'journal'
  readonly patches: readonly Patch[]
  /** What it is explored on. */
  readonly subject: SubjectName
  /** Whether the bus is on, with someone who listens. */
  readonly hasBus?: boolean
  /** The rule that notices it. */
  readonly rule: string
  /** Where another engine has had it. */
  readonly museum?: string
}

const patch = (file: string, from: string, to: string): Patch => ({ file, from, to })

const STEP: readonly Mutant[] = [
  {
    name: 'one retry too many',
    area: 'step',
    patches: [
      patch(
        'machines/step-setup.ts',
        'hasRetry(context)',
        'hasRetry({ ...context, failures: context.failures - 1 })',
      ),
    ],
    subject: 'retried',
    rule: 'attempts-bounded',
  },
  {
    name: 'the fallback is tried again and again',
    area: 'step',
    patches: [
      patch(
        'machines/step-setup.ts',
        "context.policy.hasFallback && context.target === 'operation' && context.granted === 0",
        'context.policy.hasFallback && context.granted === 0',
      ),
    ],
    subject: 'fallback',
    rule: 'attempts-bounded',
  },
  {
    name: 'a verdict may retry for ever',
    area: 'step',
    patches: [
      patch(
        'machines/step-context.ts',
        "if (verdict === 'retry') return granted < policy.grantedRetriesMax",
        "if (verdict === 'retry') return granted <= policy.grantedRetriesMax",
      ),
    ],
    subject: 'granted',
    rule: 'attempts-bounded',
  },
  {
    name: 'the time-out of an attempt is not armed',
    area: 'step',
    patches: [
      patch(
        'src/runtime/run/step-actors.ts',
        "if (timeoutMs !== null) live.timers.start({ type: 'attempt.timedOut', attempt }, timeoutMs)",
        '',
      ),
    ],
    subject: 'retried',
    rule: 'limits-armed',
  },
  {
    name: 'the heartbeat is not armed',
    area: 'step',
    patches: [
      patch(
        'src/runtime/run/step-actors.ts',
        'if (heartbeatMs !== null) live.timers.startHeartbeat(attempt, heartbeatMs)',
        '',
      ),
    ],
    subject: 'retried',
    rule: 'limits-armed',
  },
  {
    name: 'the grace of an attempt that is told to stop is not armed',
    area: 'step',
    patches: [
      patch(
        'src/runtime/run/step-actors.ts',
        "live.timers.start({ type: 'grace.ended', attempt }, policy!.graceMs)",
        '',
      ),
    ],
    subject: 'retried',
    rule: 'limits-armed',
  },
  {
    name: 'a retry starts before the attempt that timed out has stopped',
    area: 'step',
    patches: [
      patch(
        'machines/step.ts',
        "'attempt.timedOut': { guard: 'isCurrent', target: 'aborting', actions: 'keepTimeout' }",
        "'attempt.timedOut': { guard: 'isCurrent', target: 'judging', actions: ['endAttempt', 'keepTimeout'] }",
      ),
    ],
    subject: 'timed',
    rule: 'limits-armed',
  },
  {
    name: 'a late reply is taken for the reply of the next attempt',
    area: 'step',
    patches: [
      patch(
        'machines/step-setup.ts',
        "'attempt' in event && event.attempt === context.attempt",
        "'attempt' in event",
      ),
      patch(
        'src/runtime/journal/session.ts',
        'if (!this.awaited.delete(effect)) {',
        'if (this.awaited.delete(effect) && (false as boolean)) {',
      ),
    ],
    subject: 'retried',
    rule: 'late-replies-change-nothing',
  },
  {
    name: 'a step that ends does not return its slot',
    area: 'step',
    patches: [
      patch(
        'src/kernel/slots.ts',
        'if (slots.holders.delete(step)) slots.free++',
        'slots.holders.delete(step)',
      ),
    ],
    subject: 'sequence',
    rule: 'reaches-an-end',
  },
  {
    name: 'a slot is given out without being counted',
    area: 'step',
    patches: [patch('src/kernel/slots.ts', '  slots.free--\n', '')],
    subject: 'sequence',
    rule: 'concurrency-kept',
  },
]

const COMPENSATION: readonly Mutant[] = [
  {
    name: 'steps are undone in the order in which they were done',
    area: 'compensation',
    patches: [
      patch(
        'src/kernel/undoing.ts',
        '(_, step) => dependentStart[step + 1]! - dependentStart[step]!',
        '() => 0',
      ),
    ],
    subject: 'chain',
    rule: 'undone-in-reverse',
  },
  {
    name: 'a cancelled run is not undone',
    area: 'compensation',
    patches: [
      patch(
        'machines/workflow-setup.ts',
        'isToCompensate: ({ context }) => mustCompensate(context)',
        "isToCompensate: ({ context }) => context.cause !== 'cancelled' && mustCompensate(context)",
      ),
    ],
    subject: 'chain',
    rule: 'undone-completely',
    museum: 'compensation skipped on cancellation: temporalio/sdk-java#305',
  },
  {
    name: 'a step is undone that never succeeded',
    area: 'compensation',
    patches: [
      patch(
        'src/kernel/effects.ts',
        "if (compensation.on !== 'attempt' || state === 'late') return false",
        "if (state === 'late') return false",
      ),
    ],
    subject: 'chain',
    rule: 'undone-only-if-done',
  },
  {
    name: 'a run says that all is undone, whatever is left',
    area: 'compensation',
    patches: [
      patch(
        'machines/workflow-setup.ts',
        "event.left === 0 ? 'completed' : 'failed'",
        "event.left >= 0 ? 'completed' : 'failed'",
      ),
    ],
    subject: 'chain',
    rule: 'undone-completely',
  },
  {
    name: 'undoing is tried once too often',
    area: 'compensation',
    patches: [
      patch(
        'machines/compensation-setup.ts',
        'hasRetry(context)',
        'hasRetry({ ...context, failures: context.failures - 1 })',
      ),
    ],
    subject: 'chain',
    rule: 'attempts-bounded',
  },
  {
    name: 'what was done inside of a step is not undone',
    area: 'compensation',
    patches: [
      patch(
        'src/runtime/control/branch.ts',
        "kept.owed.push({ run: inside, attempt, isCompleted: cause === 'completed' })",
        '',
      ),
    ],
    subject: 'nested',
    rule: 'undone-completely',
  },
  {
    name: 'the last success before a stop is not undone',
    area: 'compensation',
    patches: [
      patch(
        'machines/workflow.ts',
        "{ guard: 'isToCompensate', target: 'compensating', actions: ALL }",
        "{ guard: ({ context }) => context.cause === 'failed' && context.compensation === 'none' && context.verdict === 'compensate', target: 'compensating', actions: ALL }",
      ),
    ],
    subject: 'iterated',
    rule: 'undone-completely',
  },
  {
    name: 'a success that is heard after a time-out is forgotten',
    area: 'compensation',
    patches: [
      patch(
        'machines/step.ts',
        "entry: ['abortAttempt', 'recordEffect'],\n      on: {\n        'attempt.succeeded': {\n          guard: 'isCurrent',\n          target: 'judging',\n          actions: ['recordEffect', 'endAttempt'],",
        "entry: ['abortAttempt', 'recordEffect'],\n      on: {\n        'attempt.succeeded': {\n          guard: 'isCurrent',\n          target: 'judging',\n          actions: ['endAttempt'],",
      ),
    ],
    subject: 'hurried',
    rule: 'undone-completely',
  },
  {
    name: 'a success beyond those that were waited for is kept',
    area: 'compensation',
    patches: [
      patch(
        'src/kernel/effects.ts',
        "if (waitFor !== 'all' && graph.counts.success > waitFor)",
        "if (waitFor !== 'all' && graph.counts.success > waitFor + 1)",
      ),
    ],
    subject: 'racing',
    rule: 'undone-completely',
  },
]

const WORKFLOW: readonly Mutant[] = [
  {
    name: 'a dependent of a failed step runs',
    area: 'workflow',
    patches: [patch('src/kernel/graph.ts', 'if (failed.length > 0)', 'if (failed.length > 1)')],
    subject: 'limited',
    rule: 'dependencies-respected',
    museum: 'a dependent of a failed step that runs',
  },
  {
    name: 'a step starts when the first of its dependencies is over',
    area: 'workflow',
    patches: [
      patch(
        'src/kernel/graph.ts',
        'if (--graph.waitingFor[dependent]! === 0 &&',
        'if (--graph.waitingFor[dependent]! >= 0 &&',
      ),
    ],
    subject: 'side',
    rule: 'dependencies-respected',
  },
  {
    name: 'what depends on a step that lacked a success runs',
    area: 'workflow',
    patches: [patch('src/kernel/graph.ts', "return lacking > 0 ? { way: 'skipped' } : OPEN", 'return OPEN')],
    subject: 'either',
    rule: 'dependencies-respected',
  },
  {
    name: 'a step that needs the success of all before it sees only its dependencies',
    area: 'workflow',
    patches: [
      patch(
        'src/kernel/graph.ts',
        'if (rankOf(graph, dependent) >= rankOf(graph, step)) continue',
        'continue',
      ),
    ],
    subject: 'either',
    rule: 'dependencies-respected',
  },
  {
    name: 'an outcome is recorded twice',
    area: 'workflow',
    patches: [patch('src/kernel/graph.ts', '  if (isFinal(graph, step)) return false\n', '')],
    subject: 'chain',
    rule: 'outcome-once',
  },
  {
    name: 'a failed step leaves the run completed',
    area: 'workflow',
    patches: [
      patch(
        'machines/workflow.ts',
        "{ actions: ['recordStep', 'keepStepFailure', 'startReady'] }",
        "{ actions: ['recordStep', 'startReady'] }",
      ),
    ],
    subject: 'limited',
    rule: 'status-agrees',
  },
  {
    name: 'the time-out of a run ends nothing',
    area: 'workflow',
    patches: [
      patch(
        'machines/workflow.ts',
        "'run.timedOut': { target: 'stopping', actions: 'keepTimeout' }",
        "'run.timedOut': { actions: 'keepTimeout' }",
      ),
    ],
    subject: 'limited',
    rule: 'limits-armed',
  },
  {
    name: 'a run that is told to stop does not tell its steps',
    area: 'workflow',
    patches: [patch('machines/workflow.ts', "      entry: 'cancelSteps',\n", '')],
    subject: 'chain',
    rule: 'reaches-an-end',
  },
  {
    name: 'steps on a cycle count as done',
    area: 'workflow',
    patches: [
      patch('src/definition/plan.ts', '  if (seen === plan.size) return\n', '  if (seen >= 0) return\n'),
      patch('src/kernel/graph.ts', '=> settled === state.length', '=> settled > 0'),
    ],
    subject: 'cyclic',
    rule: 'status-agrees',
    museum: 'a run that reports success on a cycle',
  },
]

const MODULE: readonly Mutant[] = [
  {
    name: 'a module whose initialisation comes to its end too late is not cleaned up',
    area: 'module',
    patches: [
      patch('machines/module.ts', "'module.initialised': 'cleaningUp'", "'module.initialised': 'stopped'"),
    ],
    subject: 'chain',
    rule: 'modules-cleaned',
  },
  {
    name: 'a module is cleaned up twice',
    area: 'module',
    patches: [
      patch(
        'machines/module.ts',
        "        'module.cleaned': 'stopped',\n        'module.failed': {",
        "        'module.cleaned': 'stopped',\n        'module.failed': { target: 'cleaningUp', reenter: true },\n        'xstate.never': {",
      ),
    ],
    subject: 'retried',
    rule: 'modules-cleaned',
  },
  {
    name: 'the limit of a clean-up is not armed',
    area: 'module',
    patches: [
      patch(
        'machines/module.ts',
        "entry: ['performCleanup', { type: 'startTimer', params: { delayMs: CLEANUP_TIMEOUT_MS } }]",
        "entry: ['performCleanup']",
      ),
    ],
    subject: 'retried',
    rule: 'limits-armed',
  },
]

const RESOURCE: readonly Mutant[] = [
  {
    name: 'units are lent that are not free',
    area: 'resource',
    patches: [
      patch('machines/resource.ts', 'event.units <= context.free', 'event.units <= context.capacity'),
    ],
    subject: 'pooled',
    rule: 'capacity-kept',
    museum: 'an allocation that never waits',
  },
  {
    name: 'a step keeps its lease when its attempt is over',
    area: 'resource',
    patches: [
      patch(
        'src/runtime/run/step-actors.ts',
        '    live.work = null\n    this.run.leases.releaseOf(index)',
        '    live.work = null',
      ),
    ],
    subject: 'pooled',
    rule: 'leases-returned',
  },
  {
    name: 'a unit that comes back is handed to nobody',
    area: 'resource',
    patches: [
      patch(
        'machines/resource.ts',
        "              { type: 'release', params: ({ event: { lease } }) => ({ lease }) },\n              'serve',",
        "              { type: 'release', params: ({ event: { lease } }) => ({ lease }) },",
      ),
    ],
    subject: 'pooled',
    rule: 'capacity-kept',
  },
  {
    name: 'a request is not withdrawn when its step is cancelled',
    area: 'resource',
    patches: [patch('src/kernel/lease-gates.ts', 'needs.slice(0, held + 1)', 'needs.slice(0, held)')],
    subject: 'pooled',
    rule: 'leases-returned',
  },
  {
    name: 'a lost lease is not told to the step that holds it',
    area: 'resource',
    patches: [
      patch('machines/step.ts', "        'lease.lost': { target: 'aborting', actions: 'keepLoss' },\n", ''),
    ],
    subject: 'pooled',
    rule: 'leases-held',
  },
]

const BUS: readonly Mutant[] = [
  {
    name: "a handler's failure is not counted",
    area: 'bus',
    patches: [
      patch(
        'machines/bus.ts',
        "actions: ['passAnswer', 'keepFailure', 'deliver']",
        "actions: ['passAnswer', 'deliver']",
      ),
    ],
    subject: 'retried',
    hasBus: true,
    rule: 'handler-failures-kept',
    museum: 'a handler error that never reaches the dead letters',
  },
  {
    name: 'a bus that closes waits for its handlers without limit',
    area: 'bus',
    patches: [
      patch(
        'machines/bus.ts',
        "      entry: { type: 'startTimer', params: { delayMs: DRAIN_MS_MAX } },\n",
        '',
      ),
    ],
    subject: 'retried',
    hasBus: true,
    rule: 'limits-armed',
  },
  {
    name: 'a handler stays under way for ever',
    area: 'bus',
    patches: [patch('machines/deliveries.ts', '  delete underWay[id]\n', '')],
    subject: 'retried',
    hasBus: true,
    rule: 'handlers-served',
  },
]

const JOURNAL: readonly Mutant[] = [
  {
    name: 'the end of a backoff is not written',
    area: 'journal',
    patches: [
      patch(
        'src/runtime/journal/session.ts',
        '    this.write(entry)\n    this.handle(entry)',
        "    if (event.type !== 'backoff.ended') this.write(entry)\n    this.handle(entry)",
      ),
    ],
    subject: 'retried',
    rule: 'crash-changes-nothing',
  },
  {
    name: 'the end of an attempt is not written',
    area: 'journal',
    patches: [
      patch(
        'src/runtime/journal/session.ts',
        '    this.write(entry)\n    this.handle(entry)',
        "    if (event.type !== 'attempt.succeeded') this.write(entry)\n    this.handle(entry)",
      ),
    ],
    subject: 'chain',
    rule: 'crash-changes-nothing',
  },
  {
    name: 'what was under way is not taken up again',
    area: 'journal',
    patches: [patch('src/runtime/journal/replay.ts', '      port.perform(effect)\n', '')],
    subject: 'chain',
    rule: 'crash-changes-nothing',
    museum: 'a wake-up that is lost on resume: Effect-TS/effect#8238, #6318',
  },
  {
    name: 'a delay does not go on after a resume',
    area: 'journal',
    patches: [
      patch(
        'src/runtime/journal/replay.ts',
        '        // An attempt that is made again',
        "        if (timer.event.type === 'backoff.ended') continue\n        // An attempt that is made again",
      ),
    ],
    subject: 'retried',
    rule: 'reaches-an-end',
    museum: 'a delay that never fires after a restore: statelyai/xstate#5331',
  },
  {
    name: 'what is recorded is done again after a resume',
    area: 'journal',
    patches: [
      patch(
        'src/runtime/journal/replay.ts',
        'this.noted.delete(settlementKey(to, event))',
        'this.noted.has(settlementKey(to, event))',
      ),
    ],
    subject: 'chain',
    rule: 'recorded-not-repeated',
  },
  {
    name: 'of steps side by side, only one is taken up again',
    area: 'journal',
    patches: [
      patch(
        'src/runtime/journal/replay.ts',
        'return `${effect.to}|attempt|${effect.attempt}`',
        'return `attempt|${effect.attempt}`',
      ),
      patch(
        'src/runtime/journal/replay.ts',
        'return `${to}|attempt|${event.attempt}`',
        'return `attempt|${event.attempt}`',
      ),
    ],
    subject: 'side',
    rule: 'crash-changes-nothing',
    museum: "a parallel branch overwrites another's state on resume: mastra-ai/mastra#9288, #10917",
  },
  {
    name: 'an attempt that was told to stop goes on after a resume',
    area: 'journal',
    patches: [patch('src/runtime/journal/replay.ts', '      if (aborted) port.abort(effect)\n', '')],
    subject: 'retried',
    rule: 'crash-changes-nothing',
  },
  {
    name: 'a limit that was lifted is there again after a resume',
    area: 'journal',
    patches: [
      patch(
        'src/runtime/journal/replay.ts',
        '    this.timers.get(timerKey(timer.to, timer.event))?.delete(timer)\n',
        '',
      ),
    ],
    subject: 'retried',
    rule: 'crash-changes-nothing',
  },
  {
    name: 'a reply that comes twice is written twice, to whoever is there no more',
    area: 'journal',
    patches: [
      patch(
        'src/runtime/journal/session.ts',
        '    if (!this.actors.has(to)) {\n',
        '    if (this.closed) {\n',
      ),
      patch(
        'src/runtime/journal/session.ts',
        'if (!this.awaited.delete(effect)) {',
        'if (this.awaited.delete(effect) && (false as boolean)) {',
      ),
    ],
    subject: 'chain',
    rule: 'no-internal-error',
  },
]

/** Every mistake. */
export const MUTANTS: readonly Mutant[] = [
  ...STEP,
  ...COMPENSATION,
  ...WORKFLOW,
  ...MODULE,
  ...RESOURCE,
  ...BUS,
  ...JOURNAL,
]
