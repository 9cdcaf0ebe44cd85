// The process that does the work of a command: prepares it for the code that the command executes, and ends it.
import { hearFaults } from './interruption.ts'
import { settled } from './output.ts'
import { watchSupervisor } from './lifeline.ts'
import { endProcess, guardExits } from './way-out.ts'

/** Runs a command, and ends the process. */
export async function work(args: readonly string[]): Promise<void> {
  await watchSupervisor()
  guardExits()
  hearFaults()
  const { main } = await import('./main.ts')
  const code = await main(args)
  // An operation that ignored its signal may keep the event loop alive for ever.
  endProcess(await settled(code))
}
