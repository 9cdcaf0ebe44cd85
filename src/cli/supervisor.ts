// The parent of a command that executes operations. It hears signals, which a process whose event loop is blocked cannot: the
// first is passed on, a second one kills. It tells of a process that died, and ends with the exit code of the work.
// It is loaded while that process starts, so it loads nothing that it does not need.
import { spawn, type ChildProcess } from 'node:child_process'
import { writeSync } from 'node:fs'
import { exitCodeOf, FAULT, REPEATED_MS, SIGNALS } from './supervision.ts'

/** How long a process may take to begin to stop, in milliseconds, before it is said to be blocked. */
const BLOCKED_AFTER_MS = 1_000

/** The same after SIGHUP, before it is killed: nobody is left who could send a second signal. */
const HANGUP_MS_MAX = 30_000

/** How long a process may take to end once its work is done, in milliseconds: a read that it left behind may hold it for ever. */
const END_MS_MAX = 5_000

/** How long a process that lost its supervisor may take to notice it, in seconds, before it is killed. */
const UNHEARD_S_MAX = 3

/** Runs shorter than this, in milliseconds, need no guard. */
const GUARD_AFTER_MS = 500

/**
 * The guard: waits for the end of the supervisor, and with it of the third descriptor. It kills then, unless the process has
 * begun to stop, or is gone: both end its stdin, which is the other pipe of that process.
 */
const GUARD = `trap '' INT TERM HUP QUIT
read -r line <&3
(sleep ${UNHEARD_S_MAX}; kill -KILL "$1") &
read -r line
kill -KILL $!`

/** Supervises a process that does the work, with the first of its two pipes, to its end. Gives the exit code. */
export function supervise(child: ChildProcess, pipes: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  new Supervision(child, pipes, resolve)
  return promise
}

class Supervision {
  private readonly child: ChildProcess
  private guard: ChildProcess | null = null
  private heardAt: number | null = null
  private quitBy: NodeJS.Signals | null = null
  /** Told by the process. */
  private isStopping = false
  private endsWith: number | null = null

  constructor(child: ChildProcess, pipes: number, ended: (code: number) => void) {
    this.child = child
    const [lifeline, other] = [child.stdio[pipes], child.stdio[pipes + 1]]
    lifeline?.on('data', (lines: Buffer) => this.listen(String(lines))).on('error', () => {})
    child.once('close', (code, signal) => ended(this.exitCode(code, signal)))
    for (const signal of SIGNALS) process.on(signal, () => this.hear(signal))
    setTimeout(() => this.setGuard(other), GUARD_AFTER_MS)
  }

  /** Where there is no shell, a process whose event loop is blocked outlives a supervisor that is killed. */
  private setGuard(pipe: ChildProcess['stdio'][number] = null): void {
    // A process that has ended needs no guard, and its pipe can be handed to nobody.
    if (pipe?.destroyed) return
    const args = ['-c', GUARD, 'sagachart', String(this.child.pid)]
    this.guard = spawn('/bin/sh', args, { stdio: [pipe, 'ignore', 'ignore', 'pipe'] }).on('error', () => {})
    if (pipe !== null) pipe.destroy()
  }

  private listen(lines: string): void {
    for (const line of lines.split('\n')) {
      if (line === 'signal' || line === 'fault') this.isStopping = true
      // The process stops already, so that a signal is as good as a second one.
      if (line === 'fault') this.heardAt ??= performance.now()
      if (!line.startsWith('end ')) continue
      this.endsWith = Number(line.slice(4))
      setTimeout(() => this.child.kill('SIGKILL'), END_MS_MAX)
    }
  }

  private hear(signal: NodeJS.Signals): void {
    const now = performance.now()
    if (this.quitBy !== null) process.exit(exitCodeOf(signal))
    if (this.heardAt === null) this.passOn(signal, now)
    else if (now - this.heardAt >= REPEATED_MS) this.quit(signal)
  }

  /** The process may have heard the signal itself, from the terminal; it heeds only the first. */
  private passOn(signal: NodeJS.Signals, now: number): void {
    this.heardAt = now
    this.child.kill(signal)
    setTimeout(() => {
      if (!this.isStopping)
        say('the event loop is blocked, so that nothing can be stopped in order; Ctrl-C again quits at once')
    }, BLOCKED_AFTER_MS)
    if (signal !== 'SIGHUP') return
    setTimeout(() => {
      if (!this.isStopping) this.quit(signal)
    }, HANGUP_MS_MAX)
  }

  private quit(signal: NodeJS.Signals): void {
    this.quitBy = signal
    this.child.kill('SIGKILL')
  }

  private exitCode(code: number | null, signal: NodeJS.Signals | null): number {
    this.guard?.kill('SIGKILL')
    if (this.endsWith !== null) return this.endsWith
    if (this.quitBy !== null) return exitCodeOf(this.quitBy)
    // Before the work begins a signal ends the process, as it does any other.
    if (signal !== null && this.heardAt !== null) return exitCodeOf(signal)
    const how = signal === null ? `ended with ${code}` : `was killed by ${signal}`
    say(
      `the process ${how} before its work was done: nothing was cleaned up or undone, and no result was written`,
    )
    return signal === null ? code || FAULT : exitCodeOf(signal)
  }
}

function say(text: string): void {
  try {
    writeSync(2, `sagachart: ${text}\n`)
  } catch {
    // Nobody listens.
  }
}
