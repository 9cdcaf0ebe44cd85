// Every key a document may have, with its kind and what it is for: the one list from which both the refusal of unknown
// keys and the editors' JSON Schema come. Steps are in step-schema.ts. What only the whole document can tell (names, references, cycles) is judged
// in check.ts; what is not built yet, in unbuilt.ts; defaults are filled in by convert.ts.
import * as z from 'zod'
import { HANDLER_DEFAULTS, INTEGRATION_DEFAULTS, RECOVERY_DEFAULTS, SCENARIO_DEFAULTS } from './defaults.ts'
import { durationWritten } from './duration.ts'
import {
  acceptance,
  anything,
  between,
  condition,
  defaulting,
  duration,
  flag,
  integer,
  list,
  mapping,
  name,
  oneOf,
  section,
  text,
  whole,
  wholeWithin,
} from './fields.ts'
import { BACKUP_COUNT_MAX, LOG_LEVELS } from './logging.ts'
import { stepSchema } from './step-schema.ts'

const scenario = section('scenario', {
  name: name().describe('unique in the document'),
  description: text().optional().describe('for people'),
  timeout: duration().optional().describe('limit of the whole run, from its start; default none'),
  parallel_execution: defaulting(flag(), SCENARIO_DEFAULTS.parallel, 'false: one step at a time'),
  max_concurrency: defaulting(whole(1), SCENARIO_DEFAULTS.maxConcurrency, 'steps side by side'),
  on_failure: defaulting(
    oneOf('fail', 'compensate'),
    SCENARIO_DEFAULTS.onFailure,
    'compensate: the first failed step stops the run, and what succeeded is undone',
  ),
  compensation_timeout: defaulting(
    duration(),
    durationWritten(SCENARIO_DEFAULTS.compensationTimeoutMs),
    "limit of the compensation; outside the run's own",
  ),
  outputs: mapping(anything()).optional().describe("the run's output by name; ${{ expressions }}"),
  accept: acceptance.optional().describe('what check finds of its steps, and is meant; each with the reason'),
  steps: list(stepSchema).describe('the graph'),
})

const moduleEntry = z.union(
  [
    name('the name of a module'),
    section('module', {
      name: name().describe('what steps call it'),
      type: defaulting(oneOf('local', 'api', 'database', 'processing'), 'local'),
      path: text().optional().describe('the file, relative to the document'),
      parameters: mapping(anything()).optional().describe('its configuration'),
    }),
  ],
  { error: () => 'the name of a module, or {name, type, path, parameters}' },
)

const input = section('input', {
  type: defaulting(oneOf('string', 'number', 'integer', 'boolean', 'list', 'array', 'object', 'any'), 'any'),
  default: anything().optional().describe('used where none is given; without it the input is required'),
  description: text().optional().describe('for people'),
})

/** The section `integration`. */
export const integrationSchema = section('integration', {
  workflow_id: defaulting(name(), INTEGRATION_DEFAULTS.name),
  description: text().optional().describe('for people'),
  fail_fast: defaulting(
    flag(),
    INTEGRATION_DEFAULTS.failFast,
    'the first failed step ends its scenario, and later ones do not start',
  ),
  enable_events: defaulting(flag(), INTEGRATION_DEFAULTS.eventsEnabled),
  max_execution_time: defaulting(
    duration(),
    durationWritten(INTEGRATION_DEFAULTS.timeoutMs),
    'limit of the whole integration',
  ),
  retry_failed_steps: defaulting(
    flag(),
    INTEGRATION_DEFAULTS.retriesAllowed,
    'false: the default retry count is 0',
  ),
  max_retries: defaulting(
    whole(0),
    INTEGRATION_DEFAULTS.retries,
    'retry_count of every step that gives none',
  ),
  modules: list(moduleEntry).describe('what steps may call'),
  inputs: mapping(input).optional().describe('what a run may be given'),
  env: list(name()).optional().describe('environment variables that expressions may read'),
  scenarios: list(scenario).describe('what is run, in this order'),
  accept: acceptance.optional().describe('what check finds anywhere, and is meant; each with the reason'),
  error_scenarios: list(
    z.union([
      text(),
      section('error scenario', {
        name: name().describe('for people'),
        faults: list(text()).describe('what goes wrong, each as simulate --fault takes it: pay=fail:2'),
      }),
    ]),
  )
    .optional()
    .describe('further error scenarios of the drill: a fault such as pay=fatal, or several with a name'),
})

const handler = z.union(
  [
    name('the name of a handler'),
    section('handler', {
      module: name().describe('a module of integration.modules'),
      operation: name().describe('an operation of the module; it is given the event'),
      parameters: mapping(anything()).optional().describe('given beside the event'),
      priority: defaulting(integer(), HANDLER_DEFAULTS.priority, 'higher is called earlier'),
      filter: condition().optional().describe('CEL expression over the event'),
    }),
  ],
  { error: () => 'the name of a handler, or {module, operation}' },
)

const pool = section('pool', {
  units: whole(1).optional().describe('how many there are; default resource_pool_size'),
  type: oneOf('database', 'cache', 'queue', 'units').optional().describe('default units'),
  url: text().optional().describe('where the resource is'),
  size: whole(1).optional().describe('members of the pool'),
})

const hours = () =>
  duration('hours as a number above zero, or text with a unit (250ms, 5s, 2m, 1h, 1d)', 3_600_000)

/** The sections beside `integration`. */
export const sectionSchemas = {
  output: section('output', {
    format: defaulting(oneOf('json', 'text'), INTEGRATION_DEFAULTS.outputFormat),
    file: text().optional().describe('where the result is written, relative to the document'),
    compress: flag().optional().describe("gzip the result; default: where the file's name ends with .gz"),
  }),
  logging: section('logging', {
    level: oneOf(...LOG_LEVELS)
      .optional()
      .describe('least level that is logged; default INFO'),
    file: text().optional().describe('log file, relative to the document; without it nothing is logged'),
    format: text()
      .optional()
      .describe('%(asctime)s, %(name)s, %(levelname)s, %(message)s and %% for a percent; or json'),
    max_file_size: whole(1)
      .optional()
      .describe('bytes; a file that has reached them is rotated; default 10 MiB'),
    backup_count: wholeWithin(0, BACKUP_COUNT_MAX)
      .optional()
      .describe('rotated files kept; 0: no rotation; default 5'),
  }),
  resources: section('resources', {
    max_concurrent_workflows: defaulting(
      whole(1),
      INTEGRATION_DEFAULTS.maxConcurrentWorkflows,
      'scenarios running at once',
    ),
    resource_pool_size: defaulting(
      whole(1),
      INTEGRATION_DEFAULTS.poolSize,
      'units of a pool that gives none',
    ),
    cleanup_interval: duration().optional().describe('idle members are evicted after it'),
    resource_timeout: defaulting(
      duration(),
      durationWritten(INTEGRATION_DEFAULTS.leaseTimeoutMs),
      'how long a step waits for a resource',
    ),
    pools: mapping(pool).optional().describe('pools by name'),
  }),
  events: section('events', {
    enabled: defaulting(flag(), INTEGRATION_DEFAULTS.eventsEnabled),
    event_bus_size: defaulting(
      whole(1),
      INTEGRATION_DEFAULTS.historySize,
      'events kept for late subscribers',
    ),
    event_retention_hours: defaulting(
      hours(),
      INTEGRATION_DEFAULTS.historyAgeMs / 3_600_000,
      'how long they are kept',
    ),
    handlers: mapping(list(handler)).optional().describe('handlers by event'),
  }),
  monitoring: section('monitoring', {
    enabled: flag().optional().describe('default true'),
    metrics_collection_interval: duration().optional().describe('time between samples'),
    enable_performance_monitoring: flag().optional().describe('per-step cost in the result'),
    enable_health_checks: flag().optional().describe('health of modules and pools'),
    alert_thresholds: section('alert thresholds', {
      max_execution_time: duration().optional().describe('alert when the integration takes longer'),
      error_rate_threshold: between(0, 1).optional().describe('alert when more attempts fail'),
      memory_usage_threshold: between(0, 1).optional().describe('share of the heap limit'),
    })
      .optional()
      .describe('when alert_raised is emitted'),
  }),
  error_handling: section('error handling', {
    enable_circuit_breaker: flag().optional().describe('a breaker for each module'),
    circuit_breaker_threshold: whole(1).optional().describe('consecutive failures that open it'),
    circuit_breaker_reset: duration().optional().describe('time until it is half open'),
    recovery_strategies: list(oneOf('retry', 'fallback', 'skip', 'degradation'))
      .optional()
      .describe('verdicts for steps that say nothing; the first applicable one counts'),
    max_granted_retries: defaulting(
      whole(0),
      RECOVERY_DEFAULTS.grantedRetriesMax,
      'attempts that the verdict retry may add to a step',
    ),
    handler_timeout: defaulting(
      duration(),
      durationWritten(RECOVERY_DEFAULTS.answerMs),
      'how long handlers of step_failed may take to answer',
    ),
    notification_channels: list(anything())
      .optional()
      .describe('where alerts and failures go: log, slack, email'),
  }),
  performance: section('performance', {
    enable_optimization: flag().optional().describe('a permission'),
    cache_enabled: flag().optional().describe('a permission: step caches'),
    cache_size: whole(1).optional().describe('outputs kept'),
    parallel_execution: defaulting(
      flag(),
      INTEGRATION_DEFAULTS.parallelAllowed,
      'a permission: false runs every scenario step by step',
    ),
    batch_processing: flag().optional().describe('a permission'),
  }),
  testing: section('testing', {
    enable_integration_tests: flag()
      .optional()
      .describe('whether check explores the document; what needs no run is checked anyway'),
    mock_external_dependencies: flag()
      .optional()
      .describe('false: check --real executes operations; without it they are stubbed all the same'),
    generate_test_data: flag()
      .optional()
      .describe('stubs answer with the examples that modules give of their operations, in place of null'),
    test_scenarios: list(text())
      .optional()
      .describe(
        'what check explores: scenarios, happy_path, error_recovery, resource_exhaustion, parallel_execution',
      ),
  }),
} as const

/** A module's own block at the top level, under the module's name. */
export const moduleBlockSchema = section('module block', {
  name: name().optional().describe("the module's name again"),
  version: text().optional().describe('for people'),
  path: text().optional().describe('the file, relative to the document'),
  config: anything().optional().describe('given to the module'),
})

/** Names of the sections beside `integration`. */
export type SectionName = keyof typeof sectionSchemas

type Sections = { readonly [K in SectionName]?: z.infer<(typeof sectionSchemas)[K]> }

export type ScenarioDocument = z.infer<typeof scenario>
export type IntegrationDocument = z.infer<typeof integrationSchema>
export type ModuleBlock = z.infer<typeof moduleBlockSchema>

/** A document whose every key and kind of value is known to be right. Sense is not: that is for check.ts. */
export interface CheckedDocument extends Sections {
  readonly integration: IntegrationDocument
  /** The blocks at the top level that are named after modules. */
  readonly blocks: ReadonlyMap<string, ModuleBlock>
}
