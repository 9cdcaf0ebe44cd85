// A graph as text that other tools draw: Mermaid flowcharts and Graphviz. It knows neither workflows nor statecharts,
// those are turned into drawings beside it. Linear in nodes and edges; whatever a name holds, the text stays well formed.
import { dotText, mermaidText } from '../definition/safe-text.ts'

/** A node: its lines of text, the first of which names it. */
export interface DrawnNode {
  readonly id: string
  readonly lines: readonly string[]
  /** Default `step`. `start` and `junction` are small marks. */
  readonly shape?: 'step' | 'aside' | 'wait' | 'call' | 'state' | 'final' | 'start' | 'junction'
}

/** An arrow from one node or frame to another. */
export interface DrawnEdge {
  readonly from: string
  readonly to: string
  readonly label?: string
  /** Drawn dashed: a way that is taken only when something fails. */
  readonly isAside?: boolean
  /** It does not say what stands above what, for the way that it shows leads back. */
  readonly isBack?: boolean
  /** Not drawn: it only says what stands above what. */
  readonly isHidden?: boolean
}

/** A frame with nodes and frames in it. */
export interface DrawnFrame {
  readonly id: string
  readonly lines: readonly string[]
  readonly nodes: readonly DrawnNode[]
  readonly frames?: readonly DrawnFrame[]
}

/** What belongs together, with all edges in it. */
export interface DrawnGroup {
  readonly id: string
  readonly title: string
  readonly nodes: readonly DrawnNode[]
  /** An edge may begin or end at one of them, or at one further inside. */
  readonly frames?: readonly DrawnFrame[]
  readonly edges: readonly DrawnEdge[]
}

/** A whole picture. Ids are unique in it, and letters and digits only. */
export interface Drawing {
  readonly title: string
  readonly groups: readonly DrawnGroup[]
}

/** Characters of a line that are drawn. */
const LINE_MAX = 100

/** A Mermaid flowchart. */
export function toMermaid({ groups }: Drawing): string {
  const lines = ['flowchart TD']
  for (const { id, title, nodes, frames = [], edges } of groups) {
    mermaidFrame({ id, lines: [title], nodes, frames }, '  ', lines)
    for (const { from, to, label, isAside, isHidden } of edges) {
      const arrow = isHidden ? '~~~' : isAside ? '-.->' : '-->'
      lines.push(`  ${from} ${arrow}${label === undefined ? '' : `|"${mermaidText(clipped(label))}"|`} ${to}`)
    }
  }
  return `${lines.join('\n')}\n`
}

function mermaidFrame({ id, lines, nodes, frames = [] }: DrawnFrame, indent: string, text: string[]): void {
  text.push(`${indent}subgraph ${id}["${mermaidLines(lines)}"]`)
  for (const node of nodes) text.push(`${indent}  ${node.id}${mermaidShape(node)}`)
  for (const frame of frames) mermaidFrame(frame, `${indent}  `, text)
  text.push(`${indent}end`)
}

const mermaidLines = (lines: readonly string[]) =>
  lines.map((line) => mermaidText(clipped(line))).join('<br/>')

function mermaidShape({ lines, shape = 'step' }: DrawnNode): string {
  const text = `"${mermaidLines(lines)}"`
  switch (shape) {
    case 'step':
    case 'state':
      return `[${text}]`
    case 'aside':
      return `(${text})`
    case 'wait':
      return `{{${text}}}`
    case 'call':
      return `[[${text}]]`
    case 'final':
      return `([${text}])`
    case 'start':
    case 'junction':
      return '((" "))'
  }
}

/** A Graphviz graph, with a cluster a frame. */
export function toDot({ title, groups }: Drawing): string {
  const text = [
    `digraph ${dotText([clipped(title)])} {`,
    '  rankdir=TB; node [shape=box, style=rounded]; compound=true',
  ]
  for (const { id, title: group, nodes, frames = [], edges } of groups) {
    const ends = endsOf(frames)
    text.push(`  subgraph cluster_${id} {`, `    label=${dotText([clipped(group)])}`)
    for (const node of nodes) text.push(`    ${node.id} [${dotShape(node)}]`)
    const { led, leading } = reached(edges)
    for (const frame of frames) dotFrame(frame, '    ', text, led, leading)
    text.push('  }')
    for (const edge of edges) text.push(`  ${dotEdge(edge, ends)}`)
  }
  return `${[...text, '}'].join('\n')}\n`
}

// Graphviz draws edges between nodes only. A frame has two that nobody sees, above and below all that is in it: what leads
// to the frame leads to the upper one and is cut off at the frame, what leads away begins at the lower one.
const upper = (id: string) => `${id}i`
const lower = (id: string) => `${id}o`

function dotFrame(
  { id, lines, nodes, frames = [] }: DrawnFrame,
  indent: string,
  text: string[],
  led: ReadonlySet<string>,
  leading: ReadonlySet<string>,
): void {
  text.push(`${indent}subgraph cluster_${id} {`, `${indent}  label=${dotLines(lines)}`)
  for (const end of [upper(id), lower(id)])
    text.push(`${indent}  ${end} [label="", shape=point, style=invis, width=0, height=0]`)
  for (const node of nodes) text.push(`${indent}  ${node.id} [${dotShape(node)}]`)
  for (const frame of frames) dotFrame(frame, `${indent}  `, text, led, leading)
  const inside = [
    ...nodes.map((node) => ({ own: node.id, first: node.id, last: node.id })),
    ...frames.map((frame) => ({ own: frame.id, first: upper(frame.id), last: lower(frame.id) })),
  ]
  if (inside.length === 0) text.push(`${indent}  ${upper(id)} -> ${lower(id)} [style=invis]`)
  for (const { own, first, last } of inside) {
    if (!led.has(own)) text.push(`${indent}  ${upper(id)} -> ${first} [style=invis]`)
    if (!leading.has(own)) text.push(`${indent}  ${last} -> ${lower(id)} [style=invis]`)
  }
  text.push(`${indent}}`)
}

/** What edges lead to, and where they begin. */
function reached(edges: readonly DrawnEdge[]) {
  const ordering = edges.filter(({ isBack }) => !isBack)
  return {
    led: new Set(ordering.map(({ to }) => to)),
    leading: new Set(ordering.map(({ from }) => from)),
  }
}

/** All frames, also those inside of frames. */
function endsOf(frames: readonly DrawnFrame[]): Set<string> {
  const found = new Set<string>()
  const open = [...frames]
  for (let frame = open.pop(); frame; frame = open.pop()) {
    found.add(frame.id)
    for (const inside of frame.frames ?? []) open.push(inside)
  }
  return found
}

function dotEdge(
  { from, to, label, isAside, isBack, isHidden }: DrawnEdge,
  frames: ReadonlySet<string>,
): string {
  const options = [
    ...(label === undefined ? [] : [`label=${dotText([clipped(label)])}`]),
    ...(isHidden ? ['style=invis'] : isAside ? ['style=dashed'] : []),
    ...(isBack ? ['constraint=false'] : []),
    ...(frames.has(from) ? [`ltail=cluster_${from}`] : []),
    ...(frames.has(to) ? [`lhead=cluster_${to}`] : []),
  ]
  const tail = frames.has(from) ? lower(from) : from
  const head = frames.has(to) ? upper(to) : to
  return `${tail} -> ${head}${options.length > 0 ? ` [${options.join(', ')}]` : ''}`
}

function dotShape({ lines, shape = 'step' }: DrawnNode): string {
  if (shape === 'start' || shape === 'junction') {
    const width = shape === 'start' ? 0.15 : 0.08
    return `label="", shape=circle, style=filled, fillcolor=black, width=${width}`
  }
  const label = `label=${dotLines(lines)}`
  switch (shape) {
    case 'aside':
      return `${label}, style="rounded,dashed"`
    case 'wait':
      return `${label}, shape=hexagon, style=""`
    case 'call':
      return `${label}, shape=component, style=""`
    case 'final':
      return `${label}, peripheries=2`
    default:
      return label
  }
}

const dotLines = (lines: readonly string[]) => dotText(lines.map(clipped))

function clipped(text: string): string {
  const signs = text.length > LINE_MAX ? [...text] : null
  return signs === null || signs.length <= LINE_MAX ? text : `${signs.slice(0, LINE_MAX - 1).join('')}…`
}
