// Makes foreign text (names, messages, values, file names) safe for each channel that the product writes to, one function a
// channel. It does not limit lengths.

/**
 * Characters that a terminal or a viewer obeys, or that nobody sees: controls (C0, DEL, C1), line and paragraph separators, bidi
 * marks, and invisible characters, except those that scripts and emoji need (joiners, soft hyphens, variation selectors).
 */
export const UNSAFE =
  /[[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]--[\u034f\u00ad\u200b-\u200d\p{Variation_Selector}]]/gv

/** Whether lines are printable ASCII, which is safe; a quick test for long text. */
export const isPlain = (lines: string) => /^[\n -~]*$/.test(lines)

/** One line for a terminal or for a text file: unsafe characters become spaces. */
export const terminalLine = (text: string) => text.replace(UNSAFE, ' ')

const COLOUR_OR_UNSAFE = new RegExp(`\\u001b\\[(?:3[129]|90)m|${UNSAFE.source}`, 'gv')

/** One line for a terminal, which keeps the codes of the colours that the command uses. */
export const colouredLine = (text: string) =>
  text.replace(COLOUR_OR_UNSAFE, (sign) => (sign.endsWith('m') ? sign : ' '))

/** One line for a diagnostic or a label: unsafe characters become U+FFFD, white space a space. It keeps the length in UTF-16. */
export const visibleLine = (text: string) =>
  text.replace(UNSAFE, (sign) => (/\s/.test(sign) ? ' ' : '\ufffd').repeat(sign.length))

const SHORT = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

const escape = (sign: string) =>
  Array.from({ length: sign.length }, (_, at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, '0')}`)

/** One line for a log: unsafe characters become escapes (`\n`, `\u001b`). */
export const logText = (text: string) =>
  text.replace(UNSAFE, (sign) => SHORT.get(sign) ?? escape(sign).join(''))

const UNSAFE_IN_JSON = new RegExp(`(?!\\n)${UNSAFE.source}`, 'gv')

/** JSON text, indented or not: unsafe characters become escapes, so that it reads back unchanged. */
export const safeJson = (json: string) =>
  isPlain(json) ? json : json.replace(UNSAFE_IN_JSON, (sign) => escape(sign).join(''))

/** A quoted string of Graphviz, from lines. In labels Graphviz reads HTML entities, and `\n` as a line break. */
export const dotText = (lines: readonly string[]) =>
  `"${lines.map((line) => visibleLine(line).replace(/[\\"]/g, '\\$&').replaceAll('&', '&amp;')).join('\\n')}"`

/** Text of a Mermaid label: what Mermaid or a browser could read as syntax becomes a numbered entity. */
export const mermaidText = (text: string) =>
  visibleLine(text).replace(/[^\p{L}\p{N} .,=+*/()[\]_'!?→·…×≤≥-]/gu, (sign) => `#${sign.codePointAt(0)};`)

const LOOKALIKES: Readonly<Record<string, string>> = {
  '#': '\u266f',
  ';': ',',
  '<': '\u2039',
  '>': '\u203a',
}

/** Text of a Mermaid sequence diagram, whose notes do not decode entities: syntax is replaced by similar characters. */
export const sequenceText = (text: string) =>
  visibleLine(text).replace(/[#;<>]/g, (sign) => LOOKALIKES[sign]!)

/** A word quoted for bash, safe to print and to paste. */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  if (word.search(UNSAFE) < 0) return `'${word.replaceAll("'", String.raw`'\''`)}'`
  return `$'${logText(word.replace(/[\\']/g, '\\$&'))}'`
}
