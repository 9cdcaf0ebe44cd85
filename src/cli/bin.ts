#!/usr/bin/env node
// The command's entry: nothing but the check of Node's version may run before the rest is loaded.
// A plain Node that is too old would fail on the first import with an error that says nothing.
// A command that executes operations may block its event loop, and then hears no signal: it runs in a process of its own,
// which starts before its supervisor is loaded, for each millisecond counts twice here.
import type { ChildProcess } from 'node:child_process'

/** The environment variable that marks a supervised process, as in supervision.ts. */
const PIPES = 'SAGACHART_PIPES'

/** Descriptors from here on are not looked for in arguments. */
const DESCRIPTORS_MAX = 256

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const args = process.argv.slice(2)
const executesOperations = args[0] === 'run' || (args[0] === 'check' && args.includes('--real'))

if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `sagachart needs Node 22.18 or newer, found ${process.versions.node}: install a newer Node.\n`,
  )
  process.exitCode = 2
} else {
  const started = executesOperations ? start() : null
  if (started) {
    const { supervise } = await import('./supervisor.ts')
    process.exit(await supervise(started.child, started.pipes))
  }
  const { work } = await import('./work.ts')
  await work(args)
}

/** Starts the process that does the work, where it is not this one: because it is that process, is debugged, or can have no other. */
function start(): { readonly child: ChildProcess; readonly pipes: number } | null {
  const { env, execArgv, execPath } = process
  const isDebugged = /--inspect|--debug/.test([env['NODE_OPTIONS'], ...execArgv].join(' '))
  if (env[PIPES] !== undefined || isDebugged) return null
  const { stdio, pipes } = descriptors()
  try {
    const { spawn } = process.getBuiltinModule('node:child_process')
    const child = spawn(execPath, [...execArgv, import.meta.filename, ...args], {
      stdio,
      env: { ...env, [PIPES]: String(pipes) },
    })
    // It may fail to be started, and to be killed.
    child.on('error', () => {})
    return child.pid === undefined ? null : { child, pipes }
  } catch {
    return null
  }
}

/** The standard streams, what arguments name (`/dev/fd/5` is the same file for both), and two pipes where there is room. */
function descriptors() {
  const named = args
    .flatMap((arg) => [...arg.matchAll(/\/fd\/(\d+)/g)])
    .map(([, fd]) => Number(fd))
    .filter((fd) => fd < DESCRIPTORS_MAX)
  let pipes = 3
  while (named.includes(pipes) || named.includes(pipes + 1)) pipes++
  const stdio = Array.from({ length: Math.max(pipes + 1, ...named) + 1 }, (_, fd) =>
    fd === pipes || fd === pipes + 1 ? 'pipe' : fd < 3 || named.includes(fd) ? fd : 'ignore',
  )
  return { stdio, pipes }
}
