// Workflows in React's strict mode, with the real @xstate/react: it stops what it mounts and starts it again. Nothing that had not
// begun runs twice, and what was under way runs again under its idempotency key.
import { setTimeout as sleep } from 'node:timers/promises'
import { mount } from './dom.ts'
import { createActorContext, useActor, useActorRef, useMachine, useSelector } from '@xstate/react'
import { Activity, Component, type ReactNode } from 'react'
import { describe, expect, it } from 'vitest'
import { setup as machineSetup } from 'xstate'
import { memoryHost, setup, withHost, type ModuleContext, type OperationContext } from '../../src/index.ts'

interface Order {
  /** How long paying takes, in milliseconds. */
  readonly payMs?: number
  readonly version?: string
  readonly isDeclined?: boolean
  readonly onIncomplete?: 'report' | 'reject'
}

/** An order, and what was called for it. */
function orderOf(
  { payMs = 1, version, isDeclined = false, onIncomplete = 'report' }: Order = {},
  calls: string[] = [],
) {
  const host = memoryHost()
  const shop = {
    init: ({ resumed }: ModuleContext) => void calls.push(resumed ? 'init again' : 'init'),
    cleanup: () => void calls.push('cleanup'),
    operations: {
      reserve: ({ item }: { item: string }, { idempotencyKey }: OperationContext) => {
        calls.push(idempotencyKey)
        return `a ${item}`
      },
      pay: async (_: object, { idempotencyKey, signal }: OperationContext) => {
        calls.push(idempotencyKey)
        await sleep(payMs, null, { signal }).catch((error: unknown) => {
          calls.push('aborted')
          throw error
        })
        if (isDeclined) throw new Error('declined')
        return 'paid'
      },
    },
  }
  const order = setup({ modules: { shop }, host }).createWorkflow({
    id: 'order',
    ...(version !== undefined && { version }),
    onIncomplete,
    inputs: { item: { type: 'string' } },
    steps: {
      reserve: { invoke: 'shop.reserve', parameters: ({ inputs }) => inputs },
      pay: { invoke: 'shop.pay', dependsOn: ['reserve'] },
    },
    outputs: { text: ({ steps }) => `${steps.reserve.output}, ${steps.pay.output}` },
  })
  return { order, calls, host }
}

type OrderLogic = ReturnType<typeof orderOf>['order']

const input = { runId: 'r', inputs: { item: 'kettle' } }
const ONCE = ['init', 'run/r/step/reserve', 'run/r/step/pay', 'cleanup']
const PAID = 'completed: a kettle, paid'

function ByActor({ order }: { order: OrderLogic }) {
  const [snapshot] = useActor(order, { input })
  const { output } = snapshot
  return output ? `${output.status}: ${output.outputs?.text}` : snapshot.status
}

function ByRef({ order }: { order: OrderLogic }) {
  const actor = useActorRef(order, { input })
  const text = useSelector(actor, ({ output }) => output && `${output.status}: ${output.outputs?.text}`)
  return text ?? 'active'
}

const machines = new WeakMap<OrderLogic, ReturnType<typeof machineOf>>()

const machineOf = (order: OrderLogic) =>
  machineSetup({ types: {} as { context: { text: string } }, actors: { order } }).createMachine({
    context: { text: '' },
    initial: 'ordering',
    states: {
      ordering: {
        invoke: {
          src: 'order',
          input,
          onDone: {
            target: 'done',
            actions: ({ context, event }) => {
              context.text = `${event.output.status}: ${event.output.outputs?.text}`
            },
          },
          onError: 'failed',
        },
      },
      done: {},
      failed: {},
    },
  })

function ByMachine({ order }: { order: OrderLogic }) {
  const machine = machines.get(order) ?? machineOf(order)
  machines.set(order, machine)
  const [snapshot] = useMachine(machine)
  return snapshot.matches('done') ? snapshot.context.text : 'active'
}

/** Shows the error that something below it ends in. */
class Caught extends Component<{ children: ReactNode }> {
  override state = { text: '' }
  static getDerivedStateFromError(error: { code: string; message: string }) {
    return { text: error.code }
  }
  override render() {
    return this.state.text || this.props.children
  }
}

const HOOKS = [
  ['useActor', ByActor],
  ['useActorRef and useSelector', ByRef],
  ['useMachine, of a machine that invokes it', ByMachine],
] as const

describe.each(HOOKS)('a workflow in %s', (_, Shown) => {
  it('runs once, though it is mounted twice', async () => {
    const { order, calls, host } = orderOf()
    const page = mount(<Shown order={order} />)
    await page.shows('active')
    await page.shows(PAID)
    await host.idle()
    expect(calls).toEqual(ONCE)
    expect(page.warnings).toEqual([])
  })

  it('is stopped where it is unmounted, and begins anew where it is mounted again', async () => {
    const { order, calls, host } = orderOf({ payMs: 60_000 })
    const page = mount(<Shown order={order} />)
    await until(() => calls.includes('run/r/step/pay'))
    page.show(null)
    await page.shows('')
    await host.idle()
    const stopped = [...ONCE.slice(0, 3), 'aborted', 'cleanup']
    expect(calls).toEqual(stopped)
    page.show(<Shown order={order} />)
    await until(() => calls.filter((call) => call === 'run/r/step/pay').length === 2)
    page.unmount()
    await host.idle()
    expect(calls).toEqual([...stopped, ...stopped])
    expect(page.warnings).toEqual([])
  })

  it('goes on where it was hidden, with what was under way under the same key', async () => {
    const { order, calls, host } = orderOf({ payMs: 60 })
    const shown = (mode: 'visible' | 'hidden') => (
      <Activity mode={mode}>
        <Shown order={order} />
      </Activity>
    )
    const page = mount(shown('visible'))
    await until(() => calls.includes('run/r/step/pay'))
    page.show(shown('hidden'))
    await until(() => calls.includes('cleanup'))
    await sleep(80)
    // React hides the text, and the run stands still.
    expect([page.text, calls.at(-1)]).toEqual(['', 'cleanup'])
    page.show(shown('visible'))
    await page.shows(PAID)
    await host.idle()
    const again = ['aborted', 'cleanup', 'init again', 'run/r/step/pay', 'cleanup']
    expect(calls).toEqual([...ONCE.slice(0, 3), ...again])
    expect(page.warnings).toEqual([])
  })
})

describe('a workflow in React', () => {
  it('goes on where its file is loaded anew, and is refused where that changes its definition', async () => {
    const first = orderOf({ payMs: 60_000 })
    const page = mount(
      <Caught>
        <ByActor order={first.order} />
      </Caught>,
    )
    await until(() => first.calls.includes('run/r/step/pay'))
    const second = orderOf({ payMs: 60_000 })
    page.show(
      <Caught>
        <ByActor order={second.order} />
      </Caught>,
    )
    await until(() => second.calls.includes('run/r/step/pay'))
    await first.host.idle()
    expect(first.calls).toEqual([...ONCE.slice(0, 3), 'aborted', 'cleanup'])
    expect(second.calls).toEqual(['init again', 'run/r/step/pay'])
    expect(page.warnings).toEqual([])
    page.show(
      <Caught>
        <ByActor order={orderOf({ version: '2' }).order} />
      </Caught>,
    )
    await page.shows('RUN_NOT_RESUMABLE')
    await second.host.idle()
    expect(second.calls).toEqual(['init again', 'run/r/step/pay', 'aborted', 'cleanup'])
  })

  it('keeps its actor and the methods of that where its host is given at each render', async () => {
    const { order, calls, host } = orderOf({ payMs: 30 })
    const sends = new Set<unknown>()
    const actors = new Set<unknown>()
    function Inline({ count }: { count: number }) {
      const [snapshot, send, actor] = useActor(withHost(order, host), { input })
      sends.add(send)
      actors.add(actor.sessionId)
      return `${count} ${snapshot.output?.status ?? 'active'}`
    }
    const page = mount(<Inline count={1} />)
    await page.shows('1 active')
    page.show(<Inline count={2} />)
    await page.shows('2 active')
    await page.shows('2 completed')
    await host.idle()
    expect(calls).toEqual(ONCE)
    expect([sends.size, actors.size]).toEqual([1, 1])
    expect(page.warnings).toEqual([])
  })

  it('is cancelled, and shows it', async () => {
    const { order, calls } = orderOf({ payMs: 60_000 })
    let cancel = () => {}
    function Cancellable() {
      const [snapshot, send] = useActor(order, { input })
      cancel = () => send({ type: 'run.cancel' })
      return snapshot.output?.status ?? 'active'
    }
    const page = mount(<Cancellable />)
    await until(() => calls.includes('run/r/step/pay'))
    cancel()
    await page.shows('cancelled')
    expect(calls).toEqual([...ONCE.slice(0, 3), 'aborted', 'cleanup'])
    expect(page.warnings).toEqual([])
  })

  it('ends in an error that a boundary catches, where it is to reject', async () => {
    const { order, calls } = orderOf({ isDeclined: true, onIncomplete: 'reject' })
    const page = mount(
      <Caught>
        <ByActor order={order} />
      </Caught>,
    )
    await page.shows('RUN_NOT_COMPLETED')
    expect(calls).toEqual(ONCE)
  })

  it('is shared by a context', async () => {
    const { order, calls } = orderOf()
    const Context = createActorContext(order, { input })
    const Status = () => Context.useSelector(({ output }) => output?.status ?? 'active')
    const page = mount(
      <Context.Provider>
        <Status />, <Status />
      </Context.Provider>,
    )
    await page.shows('completed, completed')
    expect(calls).toEqual(ONCE)
    expect(page.warnings).toEqual([])
  })
})

/** Waits for something that other timers bring about. */
async function until(holds: () => boolean): Promise<void> {
  const ends = performance.now() + 5_000
  while (!holds()) {
    if (performance.now() > ends) throw new Error('expected it within five seconds')
    await sleep(1)
  }
}
