// The one way out of the process. Code that the command executes (modules, operations) may not end the process, because
// nothing would be cleaned up or undone then, and no result written: it is given an error where it tries.
import { syncBuiltinESMExports } from 'node:module'
import { constants } from 'node:os'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { SagachartError } from '../errors.ts'
import { tellSupervisor } from './lifeline.ts'

/** The functions of `process` that end it. `execve` is not on every system. */
const EXITS = ['exit', 'reallyExit', 'abort', 'execve'] as const

/** Signals that end no process that has no listener for them. */
const HARMLESS: ReadonlySet<unknown> = new Set([
  ...[0, 'SIGCHLD', 'SIGCONT', 'SIGPIPE', 'SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGURG'],
  ...['SIGUSR1', 'SIGWINCH', 'SIGXFSZ'],
])

type Exit = (code: number) => void

const exit: Exit = process.exit.bind(process)
const reallyExit = Reflect.get(process, 'reallyExit') as Exit
const kill = process.kill.bind(process)

/** What the process ends with, once that is decided. */
let decided: number | null = null

/** While listeners hear of an error that nobody caught: an error that one of them throws would end the process. */
let isTolerant = false

/** A heap from this size on is collected before the end, in bytes: about what it takes to bring V8 near a limit of its own. */
const COLLECTED_FROM_BYTES = 48 * 2 ** 20

/** Ends the process, exit listeners called: none of them changes the exit code. */
export function endProcess(code: number): never {
  decided ??= code
  collectGarbage()
  tellSupervisor(`end ${decided}`)
  try {
    exit(decided)
  } catch {
    // An exit listener threw.
  }
  return leave()
}

/**
 * Makes room in the heap. Node joins its worker threads when it ends, and one that compiles while the heap is at its limit
 * waits for a collection by the main thread: both wait for ever then.
 * @see https://github.com/nodejs/node/issues/54918
 */
function collectGarbage(): void {
  const { total_heap_size: heap, external_memory: external } = getHeapStatistics()
  if (heap + external < COLLECTED_FROM_BYTES) return
  setFlagsFromString('--expose-gc')
  runInNewContext('gc()')
}

function leave(): never {
  reallyExit.call(process, decided ?? 1)
  throw new SagachartError('INTERNAL', 'The process did not end')
}

/** From now on only `endProcess` ends the process from within; signals that it hears are no ends. */
export function guardExits(): void {
  for (const name of EXITS) {
    if (!Reflect.has(process, name)) continue
    Reflect.set(process, name, (...given: readonly unknown[]) =>
      refuse(`process.${name}(${argument(given[0])})`),
    )
  }
  process.kill = (pid, signal = 'SIGTERM') => {
    const isOwn = Number(pid) === process.pid || Number(pid) === 0
    const [name = signal] = Object.entries(constants.signals).find((known) => known.includes(signal)) ?? []
    if (isOwn && !HARMLESS.has(name) && process.listenerCount(String(name)) === 0)
      refuse(`process.kill(${pid}, ${argument(signal)}), which is this process,`)
    return kill(pid, signal)
  }
  syncBuiltinESMExports()
}

/** Lets exits pass without effect until the listeners of the current event have been called. */
export function tolerateExits(): void {
  isTolerant = true
  process.nextTick(() => {
    isTolerant = false
  })
}

/** @throws PROCESS_EXIT */
function refuse(call: string): void {
  if (decided !== null) leave()
  if (isTolerant) return
  throw new SagachartError(
    'PROCESS_EXIT',
    `${call} was called: it would end the process with nothing cleaned up and no result; return or throw instead`,
    { retryable: false },
  )
}

/** An argument as it is told. */
const argument = (value: unknown) =>
  typeof value === 'number' || typeof value === 'string' ? String(value).slice(0, 20) : ''
