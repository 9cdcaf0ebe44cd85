// The command line: names, options and help of the commands. What a command does is in its own file, loaded only
// when it is asked for, so that `--version` and `--help` are quick.
import { createRequire } from 'node:module'
import { Command, CommanderError, Help, Option } from 'commander'
import { isInstance, messageOf } from '../foreign.ts'
import { stderr, stdout } from './output.ts'
import { FAULT } from './supervision.ts'

const { version } = createRequire(import.meta.url)('sagachart/package.json') as { readonly version: string }

/** Exit codes: completed, bad document or usage. */
const EXIT = { completed: 0, usage: 2 } as const

const collect = (value: string, before: readonly string[]) => [...before, value]

/** Runs a command and gives the exit code. Prints no stack trace, unless DEBUG is set. */
export async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.completed
  const program = createProgram((result) => {
    code = result
  })
  if (argv.length === 0) {
    program.outputHelp({ error: true })
    return EXIT.usage
  }
  try {
    await program.parseAsync(withoutVainHelp(argv, program), { from: 'user' })
    return code
  } catch (error) {
    if (isInstance(error, CommanderError)) return error.exitCode === 0 ? EXIT.completed : EXIT.usage
    stderr.line(`sagachart: an error of its own: ${messageOf(error)}`)
    if (process.env['DEBUG'] && isInstance(error, Error)) stderr.lines(String(error.stack))
    return FAULT
  }
}

/** Help for a command that does not exist is the mistake to be told, as it is without `help`. */
function withoutVainHelp(argv: readonly string[], { commands }: Command): string[] {
  const isVain = argv[0] === 'help' && argv.length > 1 && !commands.some((one) => one.name() === argv[1])
  return argv.slice(isVain ? 1 : 0)
}

/** An option that may be repeated has no default worth telling. */
const withoutEmptyDefault = (option: Option) =>
  new Help().optionDescription(option).replace(' (default: [])', '')

/** Told of a command's exit code. */
type Finish = (code: number) => void

function createProgram(finish: Finish): Command {
  const program = new Command('sagachart')
    .description('Runs multi-step workflows on statecharts, with recovery you can see and check.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.lines(text),
      writeErr: (text) => stderr.lines(text),
      outputError: (text) => stderr.line(text.trimEnd()),
    })
    .showSuggestionAfterError()
    .configureHelp({ optionDescription: withoutEmptyDefault })
    .showHelpAfterError('(sagachart --help lists what there is)')
    .addHelpText('after', EXAMPLES.all)
  addRun(program, finish)
  addValidate(program, finish)
  addSimulate(program, finish)
  addCheck(program, finish)
  addGraph(program, finish)
  return program
}

function addRun(program: Command, finish: Finish): void {
  program
    .command('run')
    .description('run an integration')
    .argument('<file>', 'the document, YAML or JSON')
    .option('--scenario <name>', 'run only this scenario')
    .option('--input <name=value>', 'give an input of the document; may be repeated', collect, [])
    .option('--concurrency <n>', 'steps running at once in each scenario, in place of its max_concurrency')
    .option(
      '--output <file>',
      "where the result goes, in place of the document's output.file; NAME.gz is compressed",
    )
    .addOption(
      new Option(
        '--format <format>',
        "the form of that file, in place of the document's output.format",
      ).choices(['json', 'text']),
    )
    .option('--allow-modules <dir>', 'a folder that module files may come from; may be repeated', collect, [])
    .option('--allow-output <dir>', 'a folder that the document may write to; may be repeated', collect, [])
    .option('--json', 'print the result document on stdout, and nothing else there')
    .option('--inspect [url]', 'show the run in the Stately inspector (default ws://127.0.0.1:8080)')
    .option('--no-drill', 'leave out the drill: what would become of the run if each module and pool failed')
    .addHelpText('after', EXAMPLES.run)
    .action(async (file: string, options: object) => {
      const { runCommand } = await import('./run.ts')
      finish(await runCommand(file, options as never))
    })
}

function addValidate(program: Command, finish: Finish): void {
  program
    .command('validate')
    .description('say what is wrong with documents, and run nothing')
    .argument('<files...>', 'documents, YAML or JSON')
    .option('--allow-modules <dir>', 'a folder that module files may come from; may be repeated', collect, [])
    .option('--allow-output <dir>', 'a folder that the document may write to; may be repeated', collect, [])
    .option('--json', 'print the diagnostics, and the operations of each document, as JSON')
    .addHelpText('after', EXAMPLES.validate)
    .action(async (files: string[], options: object) => {
      const { validateCommand } = await import('./validate.ts')
      finish(await validateCommand(files, options as never))
    })
}

function addSimulate(program: Command, finish: Finish): void {
  program
    .command('simulate')
    .description('play a run in virtual time, with stubs in place of modules, and tell it as a timeline')
    .argument('<file>', 'the document, YAML or JSON')
    .option('--seed <n>', 'draws times and order; the same seed, the same run', '1')
    .option('--fault <step=fault>', 'what goes wrong; may be repeated', collect, [])
    .option(
      '--stub <step=json>',
      'the output of a step, null where none is given; may be repeated',
      collect,
      [],
    )
    .option('--outputs-from <file>', 'outputs of steps from the result of an earlier run')
    .option('--cancel <[step@]time>', 'cancels the run or a step at a time; may be repeated', collect, [])
    .option('--signal <name@time[=json]>', 'an event from outside at a time; may be repeated', collect, [])
    .option('--limit <n>', 'lines of the timeline', '1000')
    .option('--scenario <name>', 'play only this scenario')
    .option('--input <name=value>', 'give an input of the document; may be repeated', collect, [])
    .option('--concurrency <n>', 'steps running at once in each scenario, in place of its max_concurrency')
    .option('--json', 'print the timeline and the result as JSON')
    .addHelpText('after', EXAMPLES.simulate)
    .action(async (file: string, options: object) => {
      const { simulateCommand } = await import('./simulate.ts')
      finish(await simulateCommand(file, options as never))
    })
}

function addCheck(program: Command, finish: Finish): void {
  program
    .command('check')
    .description('prove that recovery holds: explore every fault, crash and order up to a bound')
    .argument('<file>', 'the document, YAML or JSON')
    .option('--faults <n>', 'faults in one schedule at most', '2')
    .option('--runs <n>', 'schedules drawn by chance where not all can be explored; 0: until --time', '1000')
    .option('--time <time>', 'ends after so long, such as 30s')
    .option('--seed <n>', 'which schedules are drawn; the same seed, the same answer', '1')
    .option('--states <n>', 'situations kept to explore all; beyond it schedules are drawn', '20000')
    .option('--replay <file>', 'play one schedule again, of a .seed.json')
    .option('--pin <file>', 'write the counterexample as a .seed.json, to be replayed')
    .option('--diagram <file>', 'write the counterexample as a Mermaid sequence diagram')
    .option('--scenario <name>', 'check only this scenario')
    .option('--input <name=value>', 'give an input of the document; may be repeated', collect, [])
    .option('--allow-modules <dir>', 'a folder that module files may come from; may be repeated', collect, [])
    .option('--real', 'execute operations in every schedule, where the document says that nothing is mocked')
    .option('--json', 'print findings and answers as JSON')
    .addHelpText('after', EXAMPLES.check)
    .action(async (file: string, options: object) => {
      const { checkCommand } = await import('./check.ts')
      finish(await checkCommand(file, options as never))
    })
}

function addGraph(program: Command, finish: Finish): void {
  program
    .command('graph')
    .description('draw the workflows of a document, or a statechart of sagachart itself')
    .argument('[file]', 'the document, YAML or JSON')
    .option('--format <format>', 'mermaid (the default), dot, json; of a statechart also xstate')
    .option(
      '--machine [name]',
      'a statechart of sagachart itself, in place of a document; without a name: which',
    )
    .option('--scenario <name>', 'draw only this scenario')
    .option('--output <file>', 'where it goes, in place of stdout')
    .option('--allow-modules <dir>', 'a folder that module files may come from; may be repeated', collect, [])
    .option('--json', 'the same as --format json')
    .addHelpText('after', EXAMPLES.graph)
    .action(async (file: string | undefined, options: object) => {
      const { graphCommand } = await import('./graph.ts')
      finish(await graphCommand(file, options as never))
    })
  program
    .command('schema')
    .description('print the JSON Schema of documents, for editors')
    .option('--output <file>', 'where it goes, in place of stdout')
    .option('--json', 'accepted as everywhere: a schema is JSON anyway')
    .addHelpText('after', EXAMPLES.schema)
    .action(async (options: object) => {
      const { schemaCommand } = await import('./schema.ts')
      finish(await schemaCommand(options as never))
    })
}

const EXAMPLES = {
  all: `
Examples:
  sagachart validate flow.yaml
  sagachart run flow.yaml --output out/result.json
  sagachart run --help`,
  run: `
Examples:
  sagachart run flow.yaml
  sagachart run flow.yaml --scenario nightly --input date=2026-01-01 --output out/result.json

Exit codes: 0 completed, 1 not completed, 2 bad document or usage; 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP;
70 after an error that nobody caught.`,
  simulate: `
Faults: STEP=fail        every attempt fails       STEP=fail:2     the first two do
        STEP=fatal       fails, not retryable      STEP=slow:30s   takes so long
        STEP=hang        never answers             STEP=deaf       and does not stop when told to
        module:NAME=fail a module cannot be initialised
A step of one scenario among several is SCENARIO/STEP, one inside of another OUTER/INNER; all iterations share its stub
and its fault, and OUTER[3]/INNER is one of them. What undoes STEP is undo:STEP. A stub for a handler of events is
handler:MODULE.OPERATION, and its answer a verdict.

Examples:
  sagachart simulate flow.yaml
  sagachart simulate flow.yaml --fault pay=fail:2 --fault ship=hang --seed 7
  sagachart simulate flow.yaml --stub 'find=["Ada"]' --json
  sagachart simulate flow.yaml --outputs-from result.json --fault pay=fatal
  sagachart simulate flow.yaml --fault ship=fatal --fault undo:pay=fail:1
  sagachart simulate flow.yaml --fault pay=fatal --stub 'handler:ops.decide="skip"'
  sagachart simulate flow.yaml --signal 'approved@5s={"by": "Ada"}' --cancel ship@20s

No module is loaded, nothing real is called. Exit codes: 0 completed, 1 not completed, 2 bad document or usage.`,
  check: `
Examples:
  sagachart check flow.yaml
  sagachart check flow.yaml --faults 3 --time 30s
  sagachart check flow.yaml --pin flow.seed.json --diagram flow.mmd
  sagachart check flow.yaml --replay flow.seed.json

Operations are stubbed, and nothing real is called, but with --real, and a document that says
testing.mock_external_dependencies: false; they must answer at once then, and depend on nothing but what they are given.
Exit codes: 0 holds, 1 a rule is broken or something is found, 2 bad document or usage, 130 after Ctrl-C.`,
  graph: `
Examples:
  sagachart graph flow.yaml > flow.mmd
  sagachart graph flow.yaml --format dot | dot -Tsvg > flow.svg
  sagachart graph --machine
  sagachart graph --machine step

No module is loaded. Exit codes: 0 drawn, 2 bad document or usage.`,
  schema: `
Examples:
  sagachart schema --output sagachart.schema.json

Then, as the first line of a document, for editors with the YAML language server:
  # yaml-language-server: $schema=./sagachart.schema.json

Exit codes: 0 printed, 2 bad usage, or the file cannot be written.`,
  validate: `
Examples:
  sagachart validate flow.yaml
  sagachart validate flows/*.yaml --json

Exit codes: 0 nothing wrong, 2 something wrong.`,
}
