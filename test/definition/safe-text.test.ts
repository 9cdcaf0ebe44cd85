// Foreign text, made safe for each channel: whatever it holds, nothing in it steers what reads it.
import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  colouredLine,
  dotText,
  logText,
  mermaidText,
  safeJson,
  sequenceText,
  shellWord,
  terminalLine,
  UNSAFE,
  visibleLine,
} from '../../src/definition/safe-text.ts'

/** Samples of each kind: C0, DEL, C1, line ends, marks of direction, invisible ones, tags; and colours as ours. */
const BAD = [
  ...['\u0000', '\u0007', '\t', '\n', '\r', '\u001b', '\u007f', '\u0080', '\u0085', '\u009b', '\u009d'],
  ...['\u2028', '\u2029', '\u061c', '\u200e', '\u200f', '\u202a', '\u202e', '\u2066', '\u2069', '\ufeff'],
  ...['\u2060', '\u2063', '\u3164', '\u115f', '\uffa0', '\ufff9', '\u{e0001}', '\u{e0041}'],
]

/** Text of other scripts, and emoji, that must come through as it is. */
const GOOD = [
  'Grüße',
  'שלום',
  'سلام\u200cها',
  '日本語',
  'क्\u200dष',
  '👩\u200d💻',
  '❤\ufe0f',
  'a\u00adb',
  '🚀',
]

const foreign = fc
  .array(
    fc.oneof(fc.constantFrom(...BAD, ...GOOD, '\u001b[31m', '\\', '"', "'"), fc.string({ unit: 'binary' })),
  )
  .map((parts) => parts.join(''))

const isSafe = (text: string) => text.search(UNSAFE) < 0

describe('foreign text', () => {
  it.each(BAD.map((sign) => [sign.codePointAt(0)!.toString(16), sign]))('U+%s is unsafe', (_, sign) => {
    expect(isSafe(sign)).toBe(false)
  })

  it.each(GOOD)('%s is safe, and stays as it is on a terminal and in a log', (text) => {
    expect(isSafe(text)).toBe(true)
    expect([terminalLine(text), colouredLine(text), visibleLine(text), logText(text)]).toEqual([
      text,
      text,
      text,
      text,
    ])
  })

  it.each([
    ['a terminal', terminalLine],
    ['a diagnostic', visibleLine],
    ['a log', logText],
    ['JSON', (text: string) => safeJson(JSON.stringify(text))],
    ['Graphviz', (text: string) => dotText([text, text])],
    ['Mermaid', mermaidText],
    ['a sequence diagram', sequenceText],
    ['a shell', shellWord],
  ])('is always safe for %s', (_, safe) => {
    fc.assert(fc.property(foreign, (text) => isSafe(safe(text))))
  })

  it('has no escapes on a coloured terminal but colours', () => {
    // oxlint-disable-next-line no-control-regex -- escapes are what it is about
    const colour = /\u001b\[(?:31|32|39|90)m/g
    fc.assert(fc.property(foreign, (text) => isSafe(colouredLine(text).replaceAll(colour, ''))))
  })

  it('as JSON always reads back as it was, and keeps its lines', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), foreign, (value, text) => {
        const json = JSON.stringify([value, text], null, 2)
        expect(JSON.parse(safeJson(json))).toEqual(JSON.parse(json))
        expect(safeJson(json).split('\n')).toHaveLength(json.split('\n').length)
      }),
    )
  })

  it('keeps its place in a frame: a sign for each UTF-16 unit', () => {
    fc.assert(fc.property(foreign, (text) => visibleLine(text).length === text.length))
    expect(visibleLine('a\u001b\tb\u{e0041}')).toBe('a\ufffd b\ufffd\ufffd')
  })

  it('is shown in a log as it was', () => {
    expect(logText('two\r\nlines\u001b[2J\u{e0041}')).toBe('two\\r\\nlines\\u001b[2J\\udb40\\udc41')
  })

  it('can be pasted into a shell, and is the same word there', () => {
    const words = ['plain', "don't", '$HOME `x`', 'a\nb', '\u001b[2J\u009b\u202e', "it's\u2028 \\n $x", '']
    const { stdout } = spawnSync('bash', ['-c', `printf '%s\\0' ${words.map(shellWord).join(' ')}`], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    })
    expect(stdout.split('\0').slice(0, -1)).toEqual(words)
  })
})
