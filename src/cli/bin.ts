#!/usr/bin/env node
// The command's entry: nothing but the check of Node's version may run before the rest is loaded.
// A plain Node that is too old would fail on the first import with an error that says nothing.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const args = process.argv.slice(2)
// What executes operations may block its event loop, and then hears no signal: it is supervised.
const executesOperations = args[0] === 'run' || (args[0] === 'check' && args.includes('--real'))

if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `sagachart needs Node 22.18 or newer, found ${process.versions.node}: install a newer Node.\n`,
  )
  process.exitCode = 2
} else {
  let code: number | null = null
  if (executesOperations) {
    const { supervise } = await import('./supervisor.ts')
    code = await supervise(import.meta.filename, args)
  }
  if (code !== null) process.exit(code)
  const { work } = await import('./work.ts')
  await work(args)
}
