// What a supervised process has of its supervisor: a pipe to it, which tells and which ends with it, and one to the guard that
// outlives both (supervisor.ts).
import { closeSync, writeSync } from 'node:fs'
import { PIPES } from './supervision.ts'

const kill = process.kill.bind(process)

/** The descriptor of the first pipe, where there is a supervisor; that of the second is the next. The mark is not handed on. */
const pipe = process.env[PIPES] === undefined ? null : Number(process.env[PIPES])
delete process.env[PIPES]

/** Whether there is a supervisor, which sees to it that a second signal ends the process. */
export const isSupervised = pipe !== null

/** Tells the supervisor something, if there is one. */
export function tellSupervisor(line: string): void {
  if (pipe !== null) attempt(() => writeSync(pipe, `${line}\n`))
}

/** Tells that the process has begun to stop, because of a signal or of a fault. */
export function tellStopping(cause: 'signal' | 'fault'): void {
  tellSupervisor(cause)
  if (pipe !== null) attempt(() => closeSync(pipe + 1))
}

/** From now on the loss of the supervisor is a SIGHUP. */
export async function watchSupervisor(): Promise<void> {
  if (pipe === null) return
  const { Socket } = await import('node:net')
  const end = new Socket({ fd: pipe }).on('error', () => {}).on('close', () => kill(process.pid, 'SIGHUP'))
  end.resume().unref()
}

/** User code may have closed a descriptor, and a supervisor may be gone. */
function attempt(act: () => void): void {
  try {
    act()
  } catch {
    // Nobody is left to be told.
  }
}
