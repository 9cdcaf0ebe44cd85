// How long files and functions may be, and which exports say what they are for.
import type { Source } from './source.ts'

export const FILE_LINES_MAX = 400
export const CHART_LINES_MAX = 200
export const FUNCTION_LINES_MAX = 70

/** Files over their limit, as `path lines`. */
export function longFiles({ path, text }: Source): string[] {
  const lines = text.trimEnd().split('\n').length
  const limit = path.startsWith('machines/') ? CHART_LINES_MAX : FILE_LINES_MAX
  return lines > limit ? [`${path} ${lines} lines`] : []
}

const HEAD =
  /^( *)(?:export |async |private |public |protected |static |override |get |set )*(?:function\b|constructor\b|[\w$#]+\s*(?:<[^\n]*>)?\([^\n]*\{$)/

/** Functions and methods over their limit, by the indentation that the formatter gives them, as `path:line lines`. */
export function longFunctions({ path, code }: Source): string[] {
  const lines = code.split('\n')
  return lines.flatMap((line, start) => {
    const head = HEAD.exec(line)
    if (!head || /^ *(?:if|for|while|switch|return|else|describe|it|expect)\b/.test(line)) return []
    const end = lines.findIndex((other, at) => at > start && new RegExp(`^${head[1]}[})]`).test(other))
    const length = end - start + 1
    return end > 0 && length > FUNCTION_LINES_MAX ? [`${path}:${start + 1} ${length} lines`] : []
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
