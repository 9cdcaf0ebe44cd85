// A graph as text that other tools draw: Mermaid flowcharts and Graphviz. It knows neither workflows nor statecharts,
// those are turned into drawings beside it. Linear in nodes and edges; whatever a name holds, the text stays well formed.

/** A node: its lines of text, the first of which names it. */
export interface DrawnNode {
  readonly id: string
  readonly lines: readonly string[]
  /** Default `step`. `start` and `end` are small marks. */
  readonly shape?: 'step' | 'aside' | 'state' | 'final' | 'start'
}

/** An arrow from one node to another. */
export interface DrawnEdge {
  readonly from: string
  readonly to: string
  readonly label?: string
  /** Drawn dashed: a way that is taken only when something fails. */
  readonly isAside?: boolean
}

/** What belongs together in a frame of its own. */
export interface DrawnGroup {
  readonly id: string
  readonly title: string
  readonly nodes: readonly DrawnNode[]
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
  for (const { id, title, nodes, edges } of groups) {
    lines.push(`  subgraph ${id}["${mermaidText(title)}"]`)
    for (const node of nodes) lines.push(`    ${node.id}${mermaidShape(node)}`)
    lines.push('  end')
    for (const { from, to, label, isAside } of edges) {
      const arrow = isAside ? '-.->' : '-->'
      lines.push(`  ${from} ${arrow}${label === undefined ? '' : `|"${mermaidText(label)}"|`} ${to}`)
    }
  }
  return `${lines.join('\n')}\n`
}

function mermaidShape({ lines, shape = 'step' }: DrawnNode): string {
  const text = `"${lines.map((line) => mermaidText(line)).join('<br/>')}"`
  switch (shape) {
    case 'step':
    case 'state':
      return `[${text}]`
    case 'aside':
      return `(${text})`
    case 'final':
      return `([${text}])`
    case 'start':
      return '((" "))'
  }
}

/** Text of a label: all that Mermaid or a browser would take for a sign of its own is a number. */
export function mermaidText(text: string, max = LINE_MAX): string {
  return clipped(text, max).replace(
    /[^\p{L}\p{N} .,=+*/()[\]_'!?→·…×≤≥-]/gu,
    (sign) => `#${sign.codePointAt(0)};`,
  )
}

/** A Graphviz graph, with a cluster a group. */
export function toDot({ title, groups }: Drawing): string {
  const lines = [
    `digraph ${dotText(title)} {`,
    '  rankdir=TB; node [shape=box, style=rounded]; compound=true',
  ]
  for (const { id, title: group, nodes, edges } of groups) {
    lines.push(`  subgraph cluster_${id} {`, `    label=${dotText(group)}`)
    for (const node of nodes) lines.push(`    ${node.id} [${dotShape(node)}]`)
    lines.push('  }')
    for (const { from, to, label, isAside } of edges) {
      const options = [
        ...(label === undefined ? [] : [`label=${dotText(label)}`]),
        ...(isAside ? ['style=dashed'] : []),
      ]
      lines.push(`  ${from} -> ${to}${options.length > 0 ? ` [${options.join(', ')}]` : ''}`)
    }
  }
  return `${[...lines, '}'].join('\n')}\n`
}

function dotShape({ lines, shape = 'step' }: DrawnNode): string {
  if (shape === 'start') return 'label="", shape=circle, style=filled, fillcolor=black, width=0.15'
  const label = `label=${dotText(lines.map((line) => clipped(line)).join('\n'), Infinity)}`
  if (shape === 'aside') return `${label}, style="rounded,dashed"`
  return shape === 'final' ? `${label}, peripheries=2` : label
}

// Graphviz reads HTML entities in its labels.
function dotText(text: string, max = LINE_MAX): string {
  const escaped = clipped(text, max)
    .replace(/[\\"]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('\n', '\\n')
  return `"${escaped}"`
}

function clipped(text: string, max = LINE_MAX): string {
  const signs = text.length > max ? [...text] : null
  return signs === null || signs.length <= max ? text : `${signs.slice(0, max - 1).join('')}…`
}
