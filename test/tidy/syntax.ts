// Code as a syntax tree, for those rules that text alone cannot judge. It judges nothing itself.
import { parseSync } from 'oxc-parser'

/** A node of a syntax tree, with the offsets of its text. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

/**
 * Every node of a file, parents before what is in them.
 * @throws Error where the text is not code
 */
export function nodesOf(path: string, text: string): Node[] {
  const { program, errors } = parseSync(path, text)
  if (errors[0]) throw new Error(`${path} is not code: ${errors[0].message}`)
  const found: Node[] = []
  const open: Node[] = [program as unknown as Node]
  for (let node = open.pop(); node; node = open.pop()) {
    found.push(node)
    const inner = Object.values(node).flatMap((value) => value as unknown)
    open.push(...inner.filter(isNode).toReversed())
  }
  return found
}

/** Whether a value is a node of a syntax tree. */
export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && 'start' in value && 'end' in value

/** The line of an offset, from 1. */
export const lineAt = (text: string, offset: number) => text.slice(0, offset).split('\n').length
