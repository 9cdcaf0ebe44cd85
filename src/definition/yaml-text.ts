// What is refused of a text of YAML itself, whatever it says: what would take too much memory, before its tree is built, and
// directives and tags that would change its values without a word.
import { Lexer } from 'yaml'
import { diagnosticAt, printable, PROBLEMS_MAX } from './diagnostic.ts'
import type { Diagnostic, DiagnosticCode } from './diagnostic.ts'
import type { Source } from './source.ts'

/** Most tokens of a document of YAML: a list item has two or three, a key and its value six to eight. Each takes up to 0.8 kB. */
export const YAML_TOKENS_MAX = 1_000_000

/**
 * What is wrong with a text before anything is made of it.
 * @param json why it was not read as JSON, which it may be meant to be
 */
export function refuseYaml(source: Source, json: string | null): Diagnostic[] {
  const directives = refuseDirectives(source)
  if (directives.length > 0) return directives
  const at = endOfTokens(source.text)
  if (at === null) return []
  const asJson = json === null ? '' : `; as JSON it was not read, for ${json}`
  const message = `the document has more than ${YAML_TOKENS_MAX} tokens of YAML${asJson}`
  const remedy = 'split it into several documents, or write it as JSON, of which more is read'
  return [diagnosticAt(source, { start: at, end: at + 1 }, { code: 'DOCUMENT_TOO_LARGE', message, remedy })]
}

/** The offset behind the last token that is allowed; `null` where there are no more. */
function endOfTokens(text: string): number | null {
  // A token is a character at least, or a mark that stands for none, which only a scalar has.
  if (text.length < YAML_TOKENS_MAX / 2) return null
  let count = 0
  let at = 0
  for (const token of new Lexer().lex(text)) {
    if (++count > YAML_TOKENS_MAX) return at
    if (!MARKS.has(token)) at += token.length
  }
  return null
}

/** What the lexer says and the text does not: a document begins, a scalar follows, brackets are left open. */
const MARKS: ReadonlySet<string> = new Set(['\u0002', '\u001f', '\u0018'])

function refuseDirectives(source: Source): Diagnostic[] {
  const given = new Set<string>()
  const diagnostics: Diagnostic[] = []
  const lines = /(%[^\r\n]*)|[ \t]*(?:#[^\r\n]*)?(?:\r?\n|$)/y
  for (let at = 0; at < source.text.length && diagnostics.length < PROBLEMS_MAX; at = lines.lastIndex) {
    const line = lines.exec(source.text)
    if (!line) break
    const directive = line[1]
    if (directive === undefined) continue
    const problem = directiveProblem(directive, given)
    if (!problem) continue
    const range = { start: at, end: at + directive.length }
    diagnostics.push(diagnosticAt(source, range, { code: 'DIRECTIVE_INVALID', ...problem }))
  }
  return diagnostics
}

function directiveProblem(
  directive: string,
  given: Set<string>,
): { readonly message: string; readonly remedy: string } | null {
  const words = directive.split(/[ \t]+/)
  const comment = words.findIndex((word) => word.startsWith('#'))
  const [name = '', value = '', ...more] = comment < 0 ? words : words.slice(0, comment)
  const handle = name === '%TAG' ? `${name} ${value}` : name
  if (given.has(handle))
    return { message: `the directive ${printable(handle, 40)} is given twice`, remedy: 'keep one of them' }
  given.add(handle)
  if (name === '%TAG' || (name === '%YAML' && value === '1.2' && more.join('') === '')) return null
  const found = printable(directive, 40)
  if (name === '%YAML') {
    return {
      message: `the directive ${found} asks for another YAML: a document is read as YAML 1.2`,
      remedy:
        'remove it: yes, no, on, off, dates and 1:30 are text here, 017 is seventeen, and 0o17 is octal',
    }
  }
  return { message: `the directive ${found} is not known`, remedy: 'remove it' }
}

const TAG_REMEDIES: Readonly<Record<string, string>> = {
  binary: 'remove the tag: the value stays text in base64, for an operation to decode',
  omap: 'remove the tag: the value is a list of mappings, which keeps its order',
  pairs: 'remove the tag: the value is a list of mappings, which keeps its order',
  set: 'remove the tag, and write a list',
  timestamp: 'remove the tag: a date is text',
}

/** What is said of a tag that is not read, as it is written. */
export function tagRefused(tag: string): {
  readonly code: DiagnosticCode
  readonly message: string
  readonly remedy: string
} {
  const [, kind = ''] = /(\w+)>?$/.exec(tag.slice(-20)) ?? []
  const own = Object.hasOwn(TAG_REMEDIES, kind) ? TAG_REMEDIES[kind]! : null
  return {
    code: 'TAG_UNKNOWN',
    message: `the tag ${printable(tag, 40)} is not read, or not of this value: expected plain text, numbers, true, false, null, lists and mappings`,
    remedy: own ?? 'remove the tag: only plain YAML values are read',
  }
}
