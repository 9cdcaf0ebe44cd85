// Simulations of nested steps, of undoing and of what comes from outside: what the timeline tells of them.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readOutside } from '../../src/cli/outside.ts'
import { play } from '../../src/cli/play.ts'
import { ganttLines, storyline } from '../../src/cli/storyline.ts'
import { readStubs } from '../../src/cli/stubs.ts'
import { colours } from '../../src/cli/terminal.ts'
import { Timeline } from '../../src/cli/timeline.ts'
import type { IntegrationDefinition } from '../../src/definition/model.ts'
import { resultDocument } from '../../src/runtime/report/result.ts'
import {
  call,
  computed,
  control,
  each,
  event,
  integration,
  retries,
  scenario,
  sideBySide,
  undoneBy,
  workflow,
} from '../graph/definitions.ts'
import { folderWith } from './command.ts'

interface Told {
  readonly stub?: readonly string[]
  readonly fault?: readonly string[]
  readonly signal?: readonly string[]
  readonly cancel?: readonly string[]
  readonly outputsFrom?: string
}

const plain = colours({})

/** Plays, or says why not. */
function played(definition: IntegrationDefinition, told: Told = {}) {
  const { stub = [], fault = [], signal = [], cancel = [], outputsFrom } = told
  const stubs = readStubs(definition, { stub, fault, ...(outputsFrom !== undefined && { outputsFrom }) })
  const outside = readOutside(definition, { signal, cancel })
  if (typeof stubs === 'string') throw new Error(stubs)
  if (typeof outside === 'string') throw new Error(outside)
  const { timeline, report, assumed, virtualMs } = play(definition, { seed: 1, stubs, outside })
  return {
    ...{ report, assumed, virtualMs, timeline },
    /** `step state`, in order. */
    states: timeline.flatMap(({ step, state }) => (step === null ? [] : `${step} ${state}`)),
    /** Lines without their times. */
    lines: storyline(timeline, 1_000, plain).map((line) => line.slice(12).replace(/ {2,}/, ': ')),
    steps: report.scenarios[0]!.steps,
  }
}

const refused = (definition: IntegrationDefinition, told: Told) => () => played(definition, told)

const notify = workflow('notify', [call('mail'), call('post', { dependsOn: ['mail'] })])
const items = computed('steps.list.output', ({ steps }) => steps['list']?.output)
const main = workflow('main', [
  call('list'),
  control('scan', each(items, workflow('scan', [call('fetch'), call('store', { dependsOn: ['fetch'] })])), {
    dependsOn: ['list'],
  }),
  control('both', sideBySide(workflow('both', [call('left'), call('right')])), { dependsOn: ['scan'] }),
  control('tell', scenario(notify), { dependsOn: ['both'] }),
])
const nested = integration([main])

describe('a simulation of nested steps', () => {
  it('tells them by address, and control steps by what they do', () => {
    const { lines, report } = played(nested, { stub: ['list=[1,2]'] })
    expect(report.status).toBe('completed')
    expect(lines).toEqual(
      expect.arrayContaining([
        'scan: begins',
        'scan: goes over 2 items',
        'scan[0]/fetch: attempt 1',
        'scan[1]/store: succeeded',
        'both/left: attempt 1',
        'tell/mail: attempt 1',
        'tell: succeeded',
      ]),
    )
    expect(lines.join('\n')).not.toMatch(/iterating|undefined|null/)
  })

  it('assumes one item where nobody gives the items', () => {
    const { states, assumed } = played(nested)
    expect(assumed).toEqual(['scan goes over one item, null, for no --stub gives the items'])
    expect(states).toContain('scan[0]/store succeeded')
    expect(states.filter((state) => state.startsWith('scan[1]'))).toEqual([])
  })

  it('takes outputs by address, those of all iterations or of one', () => {
    const { steps } = played(nested, {
      stub: ['list=[1,2,3]', 'scan/fetch="all"', 'main/scan[1]/fetch="second"', 'tell/mail={"to":"Ada"}'],
    })
    const outputs = steps[1]!.inside!.runs.map(({ steps: inside }) => inside[0]!.output)
    expect(outputs).toEqual(['all', 'second', 'all'])
    expect(steps[3]!.inside!.runs[0]!.steps[0]!.output).toEqual({ to: 'Ada' })
  })

  it('takes faults by address', () => {
    const { states, steps, report } = played(nested, { stub: ['list=[1,2]'], fault: ['scan[1]/fetch=fatal'] })
    expect(report.status).toBe('failed')
    expect(states).toEqual(expect.arrayContaining(['scan[0]/fetch succeeded', 'scan[1]/fetch failed']))
    // A step that never had an actor is told once, too.
    expect(states.filter((state) => state === 'scan[1]/store failed')).toHaveLength(1)
    expect(steps[3]!.status).toBe('failed')
  })

  it('tells again what is done again, and what fails again for its dependencies', () => {
    const block = workflow('outer', [call('x'), call('y', { dependsOn: ['x'] })])
    const { states } = played(
      integration([workflow('s', [control('outer', sideBySide(block), retries(1))])]),
      {
        fault: ['outer/x=fail'],
      },
    )
    expect(states.filter((state) => state.endsWith('/y failed'))).toEqual([
      'outer/y failed',
      'outer[#2]/y failed',
    ])
    expect(states.filter((state) => state === 'outer running')).toHaveLength(2)
  })

  it('tells how long a nested step waited for its slot since its list began', () => {
    const block = workflow('outer', [call('x'), call('y')], { parallel: false, maxConcurrency: 1 })
    const after = control('outer', sideBySide(block), { dependsOn: ['first'] })
    const { timeline } = played(integration([workflow('s', [call('first'), after])]))
    const began = (step: string) =>
      timeline.find((moment) => moment.step === step && moment.state === 'running')!
    expect(began('outer/x').waited_ms).toBe(0)
    expect(began('outer/y').waited_ms).toBe(began('outer/y').at - began('outer').at)
    expect(began('outer/y').waited_ms).toBeGreaterThan(0)
  })

  it('lets no attempt outlive what it is inside of by chance', () => {
    const block = workflow('outer', [call('x'), call('y', { dependsOn: ['x'] })])
    const quick = control('outer', sideBySide(block), { timeoutMs: 60 })
    const beating = call('z', { heartbeatMs: 20 })
    const { report } = played(integration([workflow('s', [quick, beating])]))
    expect(report.status).toBe('completed')
  })

  it('decides branches, loops and filters by stubs, and assumes what they do not say', () => {
    const block = (name: string) => workflow('w', [call(name)])
    const count = computed('steps.n.output > 1', ({ steps }) => Number(steps['n']!.output) > 1)
    const unknown = computed('steps.u.output.x', () => {
      throw new Error('no such field')
    })
    const after = { dependsOn: ['n', 'u'] }
    const loop = (kind: 'while' | 'until', condition: typeof count) =>
      control(
        kind,
        {
          ...{ kind: 'iterative', over: { kind, condition }, block: block('turn'), iterationsMax: 10 },
          ...{ maxConcurrency: 1, tolerate: { count: 0 }, output: null },
        },
        after,
      )
    const branch = (name: string, when: typeof count) =>
      control(
        name,
        {
          kind: 'conditional',
          cases: [{ when, block: block('yes') }],
          otherwise: block('no'),
          output: unknown,
        },
        after,
      )
    const { states, assumed } = played(
      integration([
        workflow('s', [
          call('n'),
          call('u'),
          branch('known', count),
          branch('open', unknown),
          loop('while', unknown),
          loop('until', unknown),
        ]),
      ]),
      { stub: ['n=1'] },
    )
    expect(states).toEqual(expect.arrayContaining(['known/no succeeded', 'open/yes succeeded']))
    expect(states.filter((state) => state.endsWith('turn succeeded'))).toEqual(['until[0]/turn succeeded'])
    expect(assumed.toSorted()).toEqual([
      'open takes a branch, for no --stub decides whether steps.u.output.x',
      'the output of known is null, for no --stub gives it',
      'the output of open is null, for no --stub gives it',
      'until ends, for no --stub decides whether steps.u.output.x',
      'while ends, for no --stub decides whether steps.u.output.x',
    ])
  })

  it('takes outputs from the result of an earlier run, by iteration as far as there were any', () => {
    const stub = ['list=[1,2]', 'scan[0]/fetch="one"', 'scan[1]/fetch="two"', 'tell/mail="sent"']
    const { report } = played(nested, { stub })
    const folder = folderWith({})
    const outputsFrom = join(folder, 'earlier.json')
    writeFileSync(outputsFrom, JSON.stringify(resultDocument(report, [])))
    const { steps } = played(nested, { stub: ['list=[1,2,3]'], outputsFrom })
    const outputs = steps[1]!.inside!.runs.map(({ steps: inside }) => inside[0]!.output)
    expect(outputs).toEqual(['one', 'two', 'one'])
    expect(steps[3]!.inside!.runs[0]!.steps[0]!.output).toBe('sent')
  })
})

const saga = integration([
  workflow(
    'saga',
    [
      call('a', undoneBy('unA')),
      control('outer', sideBySide(workflow('outer', [call('x', undoneBy('unX', retries(1)))])), {
        dependsOn: ['a'],
      }),
      call('z', { dependsOn: ['outer'] }),
    ],
    { onFailure: 'compensate' },
  ),
])

describe('a simulation of undoing', () => {
  it('tells what is undone, the last first, and charts it', () => {
    const { states, lines, report, timeline } = played(saga, { fault: ['z=fatal'] })
    expect(report.scenarios[0]!.status).toBe('compensated')
    expect(states.slice(-6)).toEqual([
      'outer undoingInside',
      'outer/x compensating',
      'outer/x compensated',
      'outer compensated',
      'a compensating',
      'a compensated',
    ])
    expect(lines).toEqual(
      expect.arrayContaining([
        'saga: undoes what it did, the last first',
        'outer: is undone, first what is inside',
        'outer/x: is undone',
        'a: undone',
        'saga: compensated',
      ]),
    )
    expect(ganttLines(timeline, 100, plain).find((line) => line.startsWith('a '))).toMatch(/^a +━+ +◂+↶$/)
  })

  it('lets undoing fail', () => {
    const once = played(saga, { fault: ['z=fatal', 'undo:outer/x=fail:1'] })
    expect(once.lines).toEqual(
      expect.arrayContaining([
        'outer/x: undoing failed: a simulated failure → backs off',
        'outer/x: is undone, attempt 2',
      ]),
    )
    expect(once.report.scenarios[0]!.status).toBe('compensated')
    const always = played(saga, { fault: ['z=fatal', 'undo:saga/outer/x=fatal', 'a=slow:5s'] })
    expect(always.lines).toEqual(
      expect.arrayContaining([
        'outer/x: not undone: a simulated failure',
        'saga: failed, and not everything is undone',
      ]),
    )
    expect(always.report.scenarios[0]!.undone).toEqual(['outer/x'])
    // Time that a step's own fault takes is none of what undoes it.
    expect(
      always.timeline.filter(({ step, target }) => step === 'a' && target === 'compensation'),
    ).toHaveLength(2)
  })
})

const asking = integration([
  workflow('s', [
    control('ask', event('approved', { timeoutMs: 60_000, onTimeout: 'skip' })),
    control('pause', { kind: 'wait', until: { kind: 'timer', delayMs: 90_000 }, output: null }),
    control('outer', sideBySide(workflow('outer', [call('x'), call('y')]))),
  ]),
])

describe('a simulation of what comes from outside', () => {
  it('sends signals at their time', () => {
    const { lines, steps, timeline } = played(asking, { signal: ['approved@5s={"by":"Ada"}'] })
    expect(steps[0]).toMatchObject({ status: 'success', output: { by: 'Ada' } })
    expect(lines).toEqual(
      expect.arrayContaining([
        'ask: waits for approved',
        'pause: waits for 90 s',
        'outside: sends approved',
        'ask: succeeded',
      ]),
    )
    expect(timeline.find(({ state }) => state === 'outside')).toMatchObject({ at: 5_000, detail: 'approved' })
    expect(played(asking).lines).toContain('ask: skipped: No event "approved" came within 60000 ms')
    expect(played(asking, { signal: ['approved@1m'] }).steps[0]!.status).toBe('success')
  })

  it('cancels the run at its time', () => {
    const { lines, report, virtualMs } = played(asking, { cancel: ['7'] })
    expect([report.status, virtualMs]).toEqual(['cancelled', 7_000])
    expect(lines).toEqual(
      expect.arrayContaining(['outside: cancels the run', 'ask: cancelled', 's: cancelled']),
    )
  })

  it('cancels a step, wherever it is', () => {
    const { lines, steps } = played(asking, {
      cancel: ['outer/x@1500ms', 's/pause@2s'],
      fault: ['outer/x=slow:10s'],
      signal: ['approved@1s'],
    })
    expect(lines).toEqual(
      expect.arrayContaining([
        'outside: cancels s/outer/x',
        'outer/x: cancelled',
        'outside: cancels s/pause',
      ]),
    )
    expect(steps[1]!.status).toBe('cancelled')
  })

  it('changes nothing when it comes too late', () => {
    const late = played(saga, { cancel: ['1h'] })
    const { virtualMs, timeline } = played(saga)
    expect(late).toMatchObject({ virtualMs, timeline })
  })
})

describe('a timeline', () => {
  it('tells what operations report', () => {
    const timeline = new Timeline(() => 5, [main])
    const source = 'run/1/main/step/scan[3]/fetch'
    const data = { progress: 0.4, message: '4 of 10' }
    timeline.hear({ ...{ id: '1', type: 'step_progress', at: 5, correlation_id: '1' }, source, data })
    timeline.hear({ ...{ id: '2', type: 'custom', at: 5, correlation_id: '1' }, source, data: null })
    expect(storyline(timeline.moments, 10, plain)).toEqual(['  0:00.005  scan[3]/fetch  40 %: 4 of 10'])
    expect(ganttLines(timeline.moments, 80, plain)).toEqual([])
  })

  it('keeps the end of an address that is too long', () => {
    const long = ['a', 'b', 'c'].map((letter) => letter.repeat(12)).join('/')
    const timeline = new Timeline(() => 0, [main])
    const about = { id: '1', type: 'step_skipped', at: 0, correlation_id: '1', data: {} }
    timeline.hear({ ...about, source: `run/1/main/step/${long}` })
    expect(storyline(timeline.moments, 10, plain)[0]).toContain(`…/${'c'.repeat(12)}  skipped`)
  })
})

describe('a simulation, asked wrongly', () => {
  const two = integration([main, workflow('other', main.steps)])

  it.each<[IntegrationDefinition, Told, string]>([
    [nested, { stub: ['scan/fetsh=1'] }, 'found "scan/fetsh"; did you mean "scan/fetch"?'],
    [nested, { stub: ['main/scan/fetsh=1'] }, 'did you mean "main/scan/fetch"?'],
    [nested, { stub: ['list/fetch=1'] }, '--stub names a step of the document, found "list/fetch"'],
    [nested, { stub: ['list[0]=1'] }, 'found "list[0]"'],
    [nested, { stub: ['both=1'] }, 'a step of type parallel calls no operation; name a step inside of it'],
    [asking, { fault: ['ask=hang'] }, 'a step of type wait calls no operation; give --signal or --cancel'],
    [nested, { fault: ['undo:list=fail'] }, 'nothing undoes "list"; name a step that has compensate'],
    [saga, { fault: ['undo:outr/x=fail'] }, '--fault names a step of the document, found "outr/x"'],
    [nested, { cancel: ['soon'] }, '--cancel takes TIME or STEP@TIME, found "soon"; a time is'],
    [nested, { cancel: ['0'] }, 'found "0"; a time is a time above zero'],
    [nested, { cancel: ['scan@x'] }, 'found "scan@x"'],
    [nested, { cancel: ['scna@5s'] }, 'found "scna"; did you mean "scan"?'],
    [two, { cancel: ['scan[0]/fetch@5s'] }, 'main/scan[0]/fetch, other/scan[0]/fetch; name one of these'],
    [asking, { signal: ['approved'] }, '--signal takes NAME@TIME or NAME@TIME=JSON, found "approved"'],
    [asking, { signal: ['aproved@5s'] }, 'found "aproved"; did you mean "approved"?'],
    [asking, { signal: ['approved@5s=yes'] }, '--signal approved: its data is JSON, found "yes"'],
    [nested, { signal: ['approved@5s'] }, 'found "approved"; the document has no such step'],
  ])('says why', (definition, told, why) => {
    expect(refused(definition, told)).toThrow(why)
  })
})
