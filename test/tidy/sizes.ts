// How long files and functions may be, and which exports say what they are for.
import type { Source } from './source.ts'
import { lineAt, nodesOf } from './syntax.ts'

export const FILE_LINES_MAX = 400
export const CHART_LINES_MAX = 200
export const FUNCTION_LINES_MAX = 70

/** Files over their limit, as `path lines`. */
export function longFiles({ path, text }: Source): string[] {
  const lines = text.trimEnd().split('\n').length
  const limit = path.startsWith('machines/') ? CHART_LINES_MAX : FILE_LINES_MAX
  return lines > limit ? [`${path} ${lines} lines`] : []
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

/** Functions of every kind over their limit, as `path:line lines`. */
export function longFunctions({ path, text }: Source): string[] {
  return nodesOf(path, text).flatMap(({ type, start, end }) => {
    const [first, last] = [lineAt(text, start), lineAt(text, end)]
    const length = last - first + 1
    return FUNCTIONS.has(type) && length > FUNCTION_LINES_MAX ? [`${path}:${first} ${length} lines`] : []
  })
}

/** Exported functions, classes and constants without a docstring, as `path:line name`. */
export function undocumented({ path, text }: Source): string[] {
  const lines = text.split('\n')
  return lines.flatMap((line, at) => {
    const name = /^export (?:async )?(?:abstract )?(?:function|class|const) ([\w$]+)/.exec(line)?.[1]
    const isOverload = new RegExp(`\\*/\n(?:export (?:async )?function ${name}\\b[^{]*\n)*$`).test(
      `${lines.slice(0, at).join('\n')}\n`,
    )
    if (name === undefined || lines[at - 1]?.trimEnd().endsWith('*/') || isOverload) return []
    return [`${path}:${at + 1} ${name}`]
  })
}
