// The report as one HTML file that needs nothing else: no script, no font, no network.
import type { Rejected } from '../modules/data_processing.ts'
import type { Climate } from '../modules/data_storage.ts'
import { climateChart, monthName } from './chart.ts'

/** What a report tells. */
export interface ReportData {
  readonly place: string
  readonly source: string
  readonly climate: Climate
  readonly rejected: readonly Rejected[]
}

/** Rejected rows that the report shows; all of them are in the quarantine file. */
const REJECTED_MAX = 20

/** The page. Whatever comes from data or inputs is escaped. */
export function page({ place, source, climate, rejected }: ReportData): string {
  const { months, years } = climate
  const name = escaped(place)
  const span = `${monthName(months[0]!.month)} – ${monthName(months.at(-1)!.month)}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Weather in ${name}, ${span}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>Weather in ${name}</h1>
<p class="muted">${span} · ${total(years, 'days').toLocaleString('en')} days from <code>${escaped(source)}</code></p>
</header>
${facts(climate)}
<figure>
${climateChart(months, name)}
<figcaption>Point at a month to read its numbers.</figcaption>
</figure>
${yearTable(climate)}
${kindBar(climate)}
${rejectedRows(rejected)}
</main>
</body>
</html>
`
}

function facts({ months, years }: Climate): string {
  const wettest = months.reduce((a, b) => (b.precipitation > a.precipitation ? b : a))
  const warmest = months.reduce((a, b) => (b.highest > a.highest ? b : a))
  const coldest = months.reduce((a, b) => (b.lowest < a.lowest ? b : a))
  const wetShare = total(years, 'wet_days') / total(years, 'days')
  const told = [
    [`${Math.round(wetShare * 100)} %`, 'of all days were wet (1 mm or more)'],
    [`${wettest.precipitation.toFixed(0)} mm`, `in the wettest month, ${monthName(wettest.month)}`],
    [degrees(warmest.highest), `on the hottest day, in ${monthName(warmest.month)}`],
    [degrees(coldest.lowest), `in the coldest night, in ${monthName(coldest.month)}`],
  ]
  return `<dl class="facts">${told.map(([value, text]) => `<div><dt>${text}</dt><dd>${value}</dd></div>`).join('')}</dl>`
}

function yearTable({ years }: Climate): string {
  const heads = ['Year', 'Days', 'Precipitation', 'Wet days', 'Mean high', 'Mean low', 'Highest', 'Lowest']
  const rows = years.map((year) => [
    year.year,
    String(year.days),
    `${year.precipitation.toFixed(0)} mm`,
    String(year.wet_days),
    degrees(year.mean_max),
    degrees(year.mean_min),
    degrees(year.highest),
    degrees(year.lowest),
  ])
  return `<h2>Year by year</h2>
<div class="wide"><table>
<thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead>
<tbody>${rows.map(([year, ...cells]) => `<tr><th scope="row">${escaped(year!)}</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('')}</tbody>
</table></div>`
}

/** One bar, divided by the kinds of weather. */
function kindBar({ kinds }: Climate): string {
  const all = kinds.reduce((sum, { days }) => sum + days, 0)
  const parts = kinds.map(({ weather, days }) => {
    const share = `${((days / all) * 100).toFixed(1)} %`
    return { weather: escaped(weather), days, share }
  })
  return `<h2>What kind of day</h2>
<div class="kinds">${parts.map(({ weather, share }) => `<span class="kind ${weather}" style="flex-grow:${parseFloat(share)}"></span>`).join('')}</div>
<ul class="legend">${parts.map(({ weather, days, share }) => `<li><i class="kind ${weather}"></i>${weather} <b>${share}</b> <span class="muted">${days} days</span></li>`).join('')}</ul>`
}

function rejectedRows(rejected: readonly Rejected[]): string {
  if (rejected.length === 0) return '<p class="muted">No row was rejected.</p>'
  const shown = rejected.slice(0, REJECTED_MAX)
  const more = rejected.length > shown.length ? `<li>… and ${rejected.length - shown.length} more</li>` : ''
  return `<h2>Rows that were rejected</h2>
<ul>${shown.map(({ line, reason }) => `<li>line ${line}: ${escaped(reason)}</li>`).join('')}${more}</ul>`
}

const total = <K extends string>(rows: readonly Readonly<Record<K, number>>[], key: K) =>
  rows.reduce((sum, row) => sum + row[key], 0)

const degrees = (value: number) => `${value.toFixed(1).replace('-', '−')} °C`

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escaped = (text: string) => text.replace(/[&<>"]/g, (sign) => ENTITIES[sign]!)

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --muted: #5d6979; --page: #f6f7f9; --card: #fff; --line: #e1e5ea;
  --shade: #f3f5f8; --high: #c8501e; --low: #2467b0; --between: #e9a77e; --rain: #2f86c9; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --muted: #97a3b3; --page: #12161c; --card: #1a2029;
  --line: #2d3642; --shade: #202732; --high: #f08a5a; --low: #6aa9ea; --between: #8a5a45; --rain: #4a9fe0; } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 1140px; margin: 0 auto; padding: 40px 24px 64px }
h1 { margin: 0; font-size: 30px; letter-spacing: -.01em } h2 { margin: 36px 0 12px; font-size: 18px }
header p { margin: 4px 0 0 } .muted, figcaption { color: var(--muted) }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px; margin: 24px 0 }
.facts div, figure, table { background: var(--card); border: 1px solid var(--line); border-radius: 10px }
.facts div { display: flex; flex-direction: column-reverse; justify-content: flex-end; padding: 14px 18px }
.facts dd { margin: 0; font-size: 24px; font-weight: 650 } .facts dt { color: var(--muted) }
figure { margin: 0; padding: 12px 20px 14px } figcaption { font-size: 13px } svg { display: block; width: 100% }
svg text { fill: var(--ink); font: 12.5px system-ui, sans-serif } svg .heading { font-size: 14px; font-weight: 650 }
svg .tick, svg .key text { fill: var(--muted) } svg .y { text-anchor: end } svg .x, svg .year { text-anchor: middle }
svg .year { font-weight: 650 } .grid, .mark { stroke: var(--line) } .zero { stroke: var(--muted) }
.shade { fill: var(--shade) } .between { fill: var(--between); opacity: .35 } .extreme { stroke: var(--muted); opacity: .55 }
.high, .low { fill: none; stroke-width: 2.2; stroke-linejoin: round } .high { stroke: var(--high) } .low { stroke: var(--low) }
.rain { fill: var(--rain) } .column { fill: var(--ink); opacity: 0 } .column:hover { opacity: .07 }
.wide { overflow-x: auto } table { width: 100%; border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums }
th, td { padding: 9px 16px; text-align: right; white-space: nowrap } th:first-child { text-align: left }
thead th { color: var(--muted); font-weight: 500 } tbody > tr > * { border-top: 1px solid var(--line) }
.kinds { display: flex; gap: 2px; height: 26px; border-radius: 8px; overflow: hidden } .kinds span { flex-basis: 0 }
.legend { display: flex; flex-wrap: wrap; gap: 6px 28px; margin: 12px 0 24px; padding: 0; list-style: none }
.legend i { display: inline-block; width: 12px; height: 12px; margin-right: 8px; border-radius: 3px }
.kind { background: #8a94a3 } .rain.kind { background: #2f86c9 } .sun.kind { background: #e8b23a }
.fog.kind { background: #a7b0bc } .drizzle.kind { background: #7cc0e8 } .snow.kind { background: #b9a6e0 }
`
