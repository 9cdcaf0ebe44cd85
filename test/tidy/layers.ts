// Who may import whom. One table; a file in a folder that is not here may import nothing.
import { posix } from 'node:path'
import { importsOf, type Source } from './source.ts'

interface Layer {
  /** Files of the layer start so; the longest match counts. */
  readonly at: string
  /** Folders and files of the project, and packages, that it may import. */
  readonly may: readonly string[]
}

const LAYERS: readonly Layer[] = [
  { at: 'machines/', may: ['machines/', 'xstate', 'immer'] },
  { at: 'src/errors.ts', may: ['machines/outcome.ts'] },
  { at: 'src/foreign.ts', may: [] },
  {
    at: 'src/definition/',
    may: [
      'src/definition/',
      'machines/protocol.ts',
      'src/errors.ts',
      'src/foreign.ts',
      'yaml',
      'zod',
      '@marcbachmann/cel-js',
    ],
  },
  { at: 'src/kernel/', may: ['src/kernel/', 'machines/protocol.ts', 'src/definition/', 'src/errors.ts'] },
  {
    at: 'src/runtime/',
    may: ['src/runtime/', 'src/kernel/', 'machines/', 'src/definition/', 'src/errors.ts', 'src/foreign.ts'],
  },
  {
    at: 'src/runtime/charts/',
    may: [
      'src/runtime/',
      'src/kernel/',
      'machines/',
      'src/definition/',
      'src/errors.ts',
      'src/foreign.ts',
      'xstate',
    ],
  },
  {
    at: 'src/hosts/memory.ts',
    may: ['src/hosts/turns.ts', 'src/runtime/', 'machines/', 'src/errors.ts', 'src/foreign.ts'],
  },
  { at: 'src/hosts/simulation.ts', may: ['src/runtime/', 'machines/', 'src/errors.ts', 'src/foreign.ts'] },
  {
    at: 'src/modules/',
    may: [
      'src/modules/',
      'src/definition/',
      'src/runtime/',
      'machines/',
      'src/folder.ts',
      'src/errors.ts',
      'src/foreign.ts',
      'node:',
    ],
  },
  {
    at: 'src/inspect/',
    may: [
      'src/inspect/',
      'src/runtime/',
      'machines/',
      'src/errors.ts',
      'src/foreign.ts',
      'xstate',
      'safe-stable-stringify',
    ],
  },
  {
    at: 'src/testing/',
    may: [
      'src/testing/',
      'src/hosts/simulation.ts',
      'src/runtime/',
      'src/kernel/',
      'src/definition/',
      'src/errors.ts',
      'src/foreign.ts',
      'machines/',
      'xstate',
      'fast-check',
    ],
  },
  { at: 'src/testing/vitest.ts', may: ['src/testing/', 'vitest'] },
  { at: 'src/graph/', may: ['src/graph/', 'src/definition/', 'machines/', 'xstate'] },
  { at: 'src/folder.ts', may: ['node:'] },
  { at: 'src/load.ts', may: ['src/definition/', 'src/modules/', 'src/folder.ts', 'src/errors.ts', 'node:'] },
  {
    at: 'src/cli/',
    may: [
      'src/cli/',
      'src/graph/',
      'src/inspect/',
      'src/folder.ts',
      'src/load.ts',
      'src/modules/',
      'src/testing/',
      'src/hosts/',
      'src/runtime/',
      'src/definition/',
      'src/errors.ts',
      'src/foreign.ts',
      'machines/',
      'xstate',
      'commander',
      'fast-string-truncated-width',
      'node:',
    ],
  },
  {
    at: 'src/index.ts',
    may: ['src/hosts/', 'src/runtime/', 'src/definition/', 'src/errors.ts', 'machines/'],
  },
  { at: 'examples/', may: ['sagachart', 'xstate', 'node:', 'examples/'] },
  {
    at: 'examples/react/',
    may: ['sagachart', 'xstate', '@xstate/react', 'react', 'react-dom', 'examples/react/'],
  },
  {
    at: 'bench/peers/',
    may: ['p-graph', 'async', 'effect', '@langchain/langgraph', 'xstate', 'bench/adapter.ts'],
  },
  { at: 'bench/chart.ts', may: ['src/kernel/', 'src/runtime/', 'machines/', 'xstate', 'bench/'] },
  { at: 'bench/expressions.ts', may: ['src/definition/', 'node:', 'bench/'] },
  { at: 'bench/', may: ['sagachart', 'xstate', '@statelyai/inspect', 'ws', 'node:', 'bench/'] },
]

/** Every import that the table does not allow, as `path:line from`. */
export function forbiddenImports(source: Source): string[] {
  const layer = LAYERS.filter(({ at }) => source.path.startsWith(at)).toSorted(
    (a, b) => b.at.length - a.at.length,
  )[0]
  return importsOf(source)
    .filter(({ from }) => !layer?.may.some((may) => allows(may, resolved(source.path, from))))
    .map(({ line, from }) => `${source.path}:${line} ${from}`)
}

const allows = (may: string, target: string) =>
  may.endsWith('/') || may.endsWith(':')
    ? target.startsWith(may)
    : target === may || target.startsWith(`${may}/`)

export const resolved = (path: string, from: string) =>
  from.startsWith('.') ? posix.join(posix.dirname(path), from) : from

/** Files that import each other in a circle, types aside. Iterative: marks what leads back to itself. */
export function importCycles(files: readonly Source[]): string[] {
  const targets = new Map(
    files.map((file) => [
      file.path,
      importsOf(file)
        .filter(({ isType }) => !isType)
        .map(({ from }) => resolved(file.path, from)),
    ]),
  )
  return [...targets.keys()].filter((start) => {
    const seen = new Set<string>()
    const open = [...(targets.get(start) ?? [])]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === start) return true
      if (seen.has(next)) continue
      seen.add(next)
      open.push(...(targets.get(next) ?? []))
    }
    return false
  })
}
