#!/usr/bin/env node
// The command's entry: nothing but the check of Node's version may run before the rest is loaded.
// A plain Node that is too old would fail on the first import with an error that says nothing.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `sagachart needs Node 22.18 or newer, found ${process.versions.node}: install a newer Node.\n`,
  )
  process.exitCode = 2
} else {
  // A reader that went away (`| head`) must not end a run: what is left is said to nobody.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const { main } = await import('./main.ts')
  const code = await main(process.argv.slice(2))
  // An operation that ignored its signal may keep the event loop alive for ever.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
}
