// The chart: temperatures above, precipitation below, one axis of months. Plain SVG that needs no script; its colours
// come from the page's style sheet.
import type { Month } from '../modules/data_processing.ts'
import { calendar, linear, type Scale } from './scale.ts'

const WIDTH = 1080
const TOP = 24
const LEFT = 48
const RIGHT = 1068
const TEMPERATURE = { title: 46, top: 62, bottom: 310 }
const RAIN = { title: 352, top: 368, bottom: 520 }
const HEIGHT = 576

const NAMES = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Months with a name of their own on the axis, where there is room for four a year. */
const QUARTERS = new Set([1, 4, 7, 10])

interface Axis {
  readonly months: readonly string[]
  /** Pixels from one month to the next. */
  readonly step: number
  /** The middle of a month. */
  readonly at: (month: string) => number
}

/** `2012-01` as people write it. */
export const monthName = (month: string): string =>
  `${NAMES[Number(month.slice(5)) - 1]} ${month.slice(0, 4)}`

/** An SVG of months in ascending order, at least one. */
export function climateChart(months: readonly Month[], place: string): string {
  const axis = monthAxis(months)
  const temperature = linear(
    [0, ...months.flatMap(({ highest, lowest }) => [highest, lowest])],
    TEMPERATURE.bottom,
    TEMPERATURE.top,
    6,
  )
  const rain = linear([0, ...months.map(({ precipitation }) => precipitation)], RAIN.bottom, RAIN.top, 4)
  const span = `${monthName(months[0]!.month)} to ${monthName(months.at(-1)!.month)}`
  return `<svg viewBox="0 ${TOP} ${WIDTH} ${HEIGHT - TOP}" role="img" aria-labelledby="chart-title chart-text">
<title id="chart-title">Temperature and precipitation in ${place} by month, ${span}</title>
<desc id="chart-text">Above, the mean daily high and low of each month with its extremes, in degrees Celsius. Below, the precipitation of each month in millimetres.</desc>
${yearBands(axis)}
${heading(TEMPERATURE.title, 'Temperature, °C')}
${temperatureKey()}
${grid(temperature)}
${extremes(months, axis, temperature)}
${band(months, axis, temperature)}
${heading(RAIN.title, 'Precipitation, mm a month')}
${grid(rain)}
${bars(months, axis, rain)}
${monthTicks(axis)}
</svg>`
}

function monthAxis(months: readonly Month[]): Axis {
  const all = calendar(months.map(({ month }) => month))
  const step = (RIGHT - LEFT) / all.length
  const places = new Map(all.map((month, at) => [month, LEFT + (at + 0.5) * step]))
  return { months: all, step, at: (month) => places.get(month)! }
}

const px = (value: number) => value.toFixed(1)

const heading = (y: number, text: string) => `<text class="heading" x="${LEFT}" y="${y}">${text}</text>`

/** Every other year shaded, so that the eye finds January. */
function yearBands({ months, step }: Axis): string {
  const years = [...Map.groupBy(months, (month) => month.slice(0, 4))]
  let from = LEFT
  return years
    .map(([year, { length }], at) => {
      const width = length * step
      const label = `<text class="year" x="${px(from + width / 2)}" y="${HEIGHT - 12}">${year}</text>`
      const shade =
        at % 2 === 0
          ? `<rect class="shade" x="${px(from)}" y="${TEMPERATURE.top}" width="${px(width)}" height="${RAIN.bottom - TEMPERATURE.top}"/>`
          : ''
      from += width
      return width < 34 ? shade : shade + label
    })
    .join('\n')
}

/** Horizontal lines with their values; zero is the strong one. */
function grid({ at, ticks }: Scale): string {
  return ticks
    .map((tick) => {
      const y = px(at(tick))
      const text = String(tick).replace('-', '−')
      return `<line class="${tick === 0 ? 'zero' : 'grid'}" x1="${LEFT}" x2="${RIGHT}" y1="${y}" y2="${y}"/><text class="tick y" x="${LEFT - 8}" y="${px(at(tick) + 4)}">${text}</text>`
    })
    .join('\n')
}

function monthTicks({ months, at, step }: Axis): string {
  const isSparse = step * 3 < 30
  return months
    .map((month) => {
      const number = Number(month.slice(5))
      const isNamed = isSparse ? number === 1 : step > 34 || QUARTERS.has(number)
      const x = px(at(month))
      const y = RAIN.bottom
      const line = `<line class="mark" x1="${x}" x2="${x}" y1="${y}" y2="${y + (isNamed ? 6 : 3)}"/>`
      return isNamed ? `${line}<text class="tick x" x="${x}" y="${y + 20}">${NAMES[number - 1]}</text>` : line
    })
    .join('\n')
}

/** A thin line from the coldest to the warmest reading of each month. */
function extremes(months: readonly Month[], axis: Axis, { at }: Scale): string {
  return months
    .map(({ month, highest, lowest }) => {
      const x = px(axis.at(month))
      return `<line class="extreme" x1="${x}" x2="${x}" y1="${px(at(highest))}" y2="${px(at(lowest))}"/>`
    })
    .join('\n')
}

/** The band between mean low and mean high, broken where a month is missing. */
function band(months: readonly Month[], axis: Axis, { at }: Scale): string {
  return runs(months, axis)
    .map((run) => {
      const highs = run.map(({ month, mean_max: high }) => `${px(axis.at(month))},${px(at(high))}`)
      const lows = run.map(({ month, mean_min: low }) => `${px(axis.at(month))},${px(at(low))}`)
      return `<polygon class="between" points="${[...highs, ...lows.toReversed()].join(' ')}"/>
<polyline class="high" points="${highs.join(' ')}"/>
<polyline class="low" points="${lows.join(' ')}"/>`
    })
    .join('\n')
}

/** Months that follow one another without a hole. */
function runs(months: readonly Month[], axis: Axis): Month[][] {
  const known = new Map(months.map((month) => [month.month, month]))
  const found: Month[][] = [[]]
  for (const name of axis.months) {
    const month = known.get(name)
    if (month) found.at(-1)!.push(month)
    else found.push([])
  }
  return found.filter(({ length }) => length > 0)
}

/** Bars, each under an invisible column that tells the month's numbers when pointed at. */
function bars(months: readonly Month[], axis: Axis, { at }: Scale): string {
  const width = axis.step * 0.7
  return months
    .map((month) => {
      const x = axis.at(month.month)
      const y = at(month.precipitation)
      const told = `${monthName(month.month)}: ${month.precipitation.toFixed(1)} mm on ${month.wet_days} wet days; ${month.mean_min.toFixed(1)} to ${month.mean_max.toFixed(1)} °C on average, ${month.lowest} to ${month.highest} °C at its extremes`
      return `<rect class="rain" x="${px(x - width / 2)}" y="${px(y)}" width="${px(width)}" height="${px(RAIN.bottom - y)}"/><rect class="column" x="${px(x - axis.step / 2)}" y="${TEMPERATURE.top}" width="${px(axis.step)}" height="${RAIN.bottom - TEMPERATURE.top}"><title>${told}</title></rect>`
    })
    .join('\n')
}

function temperatureKey(): string {
  const y = TEMPERATURE.title - 4
  return `<g class="key">
<line class="high" x1="640" x2="664" y1="${y}" y2="${y}"/><text x="672" y="${y + 4}">mean daily high</text>
<line class="low" x1="790" x2="814" y1="${y}" y2="${y}"/><text x="822" y="${y + 4}">mean daily low</text>
<line class="extreme" x1="948" x2="948" y1="${y - 8}" y2="${y + 8}"/><text x="958" y="${y + 4}">highest to lowest</text>
</g>`
}
