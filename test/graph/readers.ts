// Reads drawings back with what will draw them: Mermaid itself and Graphviz itself (compiled to WebAssembly).
import { instance } from '@viz-js/viz'
import DOMPurify from 'dompurify'
import mermaid from 'mermaid'

// Mermaid cleans labels of HTML while it parses, which takes a browser. Here nothing is shown, so nothing is cleaned.
Object.assign(DOMPurify, { addHook: () => {}, sanitize: (text: string) => text })

/** A picture as its drawer understood it. */
export interface Seen {
  /** The lines of text of each node, by its id in the picture. */
  readonly nodes: ReadonlyMap<string, readonly string[]>
  readonly edges: readonly { readonly from: string; readonly to: string; readonly label: string }[]
  readonly groups: readonly string[]
}

interface FlowVertex {
  readonly id: string
  readonly text?: string
}
interface FlowEdge {
  readonly start: string
  readonly end: string
  readonly text: string
}
interface FlowDb {
  getVertices(): ReadonlyMap<string, FlowVertex>
  getEdges(): readonly FlowEdge[]
  getSubGraphs(): readonly { readonly id: string; readonly title: string }[]
}
interface StateDb {
  getStates(): ReadonlyMap<string, { readonly id: string; readonly descriptions: readonly string[] }>
  getRelations(): readonly { readonly id1: string; readonly id2: string; readonly relationTitle?: string }[]
}

// Mermaid keeps the numbers of signs in a form of its own until it draws them.
const decoded = (text: string) =>
  text.replace(/ﬂ°°(\d+)¶ß/g, (_, number: string) => String.fromCodePoint(Number(number)))

const linesIn = (text: string) => text.split('<br/>').map(decoded)

async function diagram(text: string): Promise<unknown> {
  await mermaid.parse(text)
  return (await mermaid.mermaidAPI.getDiagramFromText(text)).db
}

/** A flowchart as Mermaid reads it. */
export async function flowchart(text: string): Promise<Seen> {
  const db = (await diagram(text)) as FlowDb
  // A frame that an edge leads to is among the vertices, too.
  const frames = new Set(db.getSubGraphs().map(({ id }) => id))
  const vertices = [...db.getVertices().values()].filter(({ id }) => !frames.has(id))
  return {
    nodes: new Map(vertices.map(({ id, text: label }) => [id, linesIn(label ?? '')])),
    edges: db
      .getEdges()
      .map(({ start, end, text: label }) => ({ from: start, to: end, label: decoded(label) })),
    groups: db.getSubGraphs().map(({ title }) => decoded(title)),
  }
}

/** A state diagram as Mermaid reads it. */
export async function stateDiagram(text: string): Promise<Seen> {
  const db = (await diagram(text)) as StateDb
  return {
    nodes: new Map(
      [...db.getStates().values()].map(({ id, descriptions }) => [id, descriptions.flatMap(linesIn)]),
    ),
    edges: db
      .getRelations()
      .map(({ id1, id2, relationTitle = '' }) => ({ from: id1, to: id2, label: decoded(relationTitle) })),
    groups: [],
  }
}

const SIGNS: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }

// Graphviz writes blanks that must not be lost as ones that cannot break.
const fromSvg = (text: string) =>
  text
    .replace(/&(?:#(\d+)|(\w+));/g, (_, number: string | undefined, word: string) =>
      number === undefined ? SIGNS[word]! : String.fromCodePoint(Number(number)),
    )
    .replaceAll('\u00a0', ' ')

/** A graph as Graphviz draws it: read off its picture, for its JSON miscounts backslashes. */
export async function graphviz(text: string): Promise<Seen> {
  const svg = (await instance()).renderString(text, { format: 'svg' })
  const items = [...svg.matchAll(/<g id="[^"]*" class="(\w+)">\s*<title>(.*?)<\/title>(.*?)<\/g>/gs)].map(
    ([, kind, title, body]) => ({
      kind,
      title: fromSvg(title!),
      lines: [...body!.matchAll(/<text[^>]*>(.*?)<\/text>/gs)].map(([, line]) => fromSvg(line!)),
    }),
  )
  const of = (kind: string) => items.filter((item) => item.kind === kind)
  return {
    nodes: new Map(of('node').map(({ title, lines }) => [title, lines])),
    edges: of('edge').map(({ title, lines }) => {
      const [from, to] = title.split('->')
      return { from: from!, to: to!, label: lines.join('\n') }
    }),
    groups: of('cluster').map(({ lines }) => lines.join('\n')),
  }
}
