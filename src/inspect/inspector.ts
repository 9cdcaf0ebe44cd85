// Shows a run to whoever watches: a WebSocket client that speaks the Stately inspector's protocol. What is said is in
// messages.ts. Invariant: a run never waits for those who watch it, and never fails because of them.
import type { InspectionEvent } from 'xstate'
import { SagachartError } from '../errors.ts'
import { look } from '../foreign.ts'
import { Messages } from './messages.ts'

/** Where the relay of `@statelyai/inspect` listens. */
export const INSPECTOR_URL = 'ws://127.0.0.1:8080'

/** Bytes that may wait for a slow watcher. Beyond it no further actor is shown, beyond twice as much nothing is. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024

/** How long a watcher may take to let us in, and to hear us out, in milliseconds. */
const PATIENCE_MS = 5_000

export interface InspectorOptions {
  /** `ws:` or `wss:`. Default `ws://127.0.0.1:8080`, where the relay of `@statelyai/inspect` listens. */
  readonly url?: string
}

/** A connection to someone who watches. */
export interface Inspector {
  /** For XState: `createActor(workflow, { inspect })`, and for `run`. What it is told before `ready` is kept. */
  readonly inspect: (event: InspectionEvent) => void
  /** Inspection events that were not shown, because the watcher was too slow or went away. */
  readonly dropped: number
  /**
   * Resolves once someone listens.
   * @throws INSPECTOR_UNREACHABLE where nobody does within 5 s
   */
  ready(): Promise<void>
  /** Sends what is left, then ends the connection. Never throws. */
  close(): Promise<void>
}

/**
 * Connects to a relay or a viewer of the Stately inspector's protocol.
 * @throws INSPECTOR_UNREACHABLE where the address is none
 */
export function createInspector({ url = INSPECTOR_URL }: InspectorOptions = {}): Inspector {
  return new SocketInspector(url)
}

class SocketInspector implements Inspector {
  dropped = 0
  private readonly socket: WebSocket
  private readonly opened: Promise<void>
  private readonly ended: Promise<void>
  private readonly messages = new Messages()
  private readonly hidden = new WeakSet<object>()
  /** What waits for the connection. */
  private early: string[] = []
  private earlyBytes = 0

  constructor(url: string) {
    const opened = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<void>()
    this.opened = opened.promise
    this.ended = ended.promise
    // Whoever does not ask whether it is ready need not hear that it is not.
    this.opened.catch(() => {})
    this.socket = open(url)
    const refused = () => {
      this.early = []
      opened.reject(unreachable(url, 'nobody listens there'))
      ended.resolve()
    }
    const timer = setTimeout(refused, PATIENCE_MS)
    this.socket.addEventListener('open', () => {
      clearTimeout(timer)
      for (const text of this.early) this.socket.send(text)
      this.early = []
      this.earlyBytes = 0
      opened.resolve()
    })
    this.socket.addEventListener('error', refused)
    this.socket.addEventListener('close', refused)
    void this.ended.then(() => clearTimeout(timer))
  }

  readonly inspect = (event: InspectionEvent): void => {
    const { CONNECTING, OPEN } = WebSocket
    const { readyState } = this.socket
    if (readyState !== OPEN && readyState !== CONNECTING) {
      this.dropped++
      return
    }
    const waiting = this.socket.bufferedAmount + this.earlyBytes
    if (event.type === '@xstate.actor' && waiting > WAITING_BYTES_MAX) this.hidden.add(event.actorRef)
    if (this.hidden.has(event.actorRef) || waiting > 2 * WAITING_BYTES_MAX) {
      this.dropped++
      return
    }
    // An error that a run's own data throw when they are looked at must not reach the run.
    const texts = look(() => this.messages.of(event), null)
    if (texts === null) this.dropped++
    for (const text of texts ?? []) {
      if (readyState === OPEN) this.socket.send(text)
      else {
        this.early.push(text)
        this.earlyBytes += text.length
      }
    }
  }

  ready(): Promise<void> {
    return this.opened
  }

  async close(): Promise<void> {
    await this.opened.catch(() => {})
    this.socket.close()
    const timer = Promise.withResolvers<void>()
    const patience = setTimeout(timer.resolve, PATIENCE_MS)
    await Promise.race([this.ended, timer.promise])
    clearTimeout(patience)
  }
}

function open(url: string): WebSocket {
  try {
    return new WebSocket(url)
  } catch {
    throw unreachable(url, 'that is no address of the form ws://host:port')
  }
}

function unreachable(url: string, reason: string): SagachartError {
  const remedy = `start one, for instance the relay of @statelyai/inspect, or give another address`
  return new SagachartError('INSPECTOR_UNREACHABLE', `Inspector at ${url}: ${reason}; ${remedy}`)
}
