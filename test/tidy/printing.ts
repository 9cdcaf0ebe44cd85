// Who writes to stdout and stderr: foreign text is made safe in one place, so nothing else may reach the streams.
import type { Source } from './source.ts'
import { isNode, lineAt, nodesOf, type Node } from './syntax.ts'

/** The command's streams; beside them its entry and its supervisor, which load nothing else and print words of their own only. */
const PRINTERS: ReadonlySet<string> = new Set([
  'src/cli/output.ts',
  'src/cli/bin.ts',
  'src/cli/supervisor.ts',
])

const STREAMS: ReadonlySet<unknown> = new Set(['stdout', 'stderr', '_rawDebug'])

/** Every way to the streams in other files, as `path:line code`. */
export function strayPrints({ path, text }: Source): string[] {
  if (PRINTERS.has(path)) return []
  return nodesOf(path, text)
    .filter(reachesStreams)
    .map(({ start, end }) => `${path}:${lineAt(text, start)} ${text.slice(start, end).split('\n', 1)[0]}`)
}

function reachesStreams(node: Node): boolean {
  const { type, object, property, computed, init, source, callee } = node
  switch (type) {
    case 'MemberExpression':
      if (isNamed(object, 'globalThis')) return isNamed(property, 'process') || isNamed(property, 'console')
      if (isNamed(object, 'process')) return computed === true || STREAMS.has(nameOf(property))
      return isNamed(object, 'console')
    case 'VariableDeclarator':
      return isNamed(init, 'process') || isNamed(init, 'console')
    case 'ImportDeclaration':
      return isNode(source) && /^(?:node:)?(?:process|console)$/.test(String(source.value))
    case 'CallExpression': {
      const [descriptor] = node['arguments'] as readonly Node[]
      return isNamed(callee, 'writeSync') && (descriptor?.value === 1 || descriptor?.value === 2)
    }
    default:
      return false
  }
}

const nameOf = (node: unknown) => (isNode(node) && node.type === 'Identifier' ? node.name : undefined)

const isNamed = (node: unknown, name: string) => nameOf(node) === name
