// A viewer for tests: a server on loopback that keeps what an inspector tells it. No test here waits for a clock: a
// viewer has heard everything once the connection is closed.
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

/** A message of the protocol, as far as tests look into it. */
export interface Told {
  readonly type: '@xstate.actor' | '@xstate.event' | '@xstate.snapshot'
  readonly sessionId: string
  readonly name?: string
  readonly parentId?: string
  readonly rootId?: string
  readonly sourceId?: string
  readonly definition?: string
  readonly event?: { readonly type: string; readonly [key: string]: unknown }
  readonly snapshot?: { readonly status: string; readonly value?: unknown; readonly context?: unknown }
}

/** Someone who watches. */
export interface Viewer {
  readonly url: string
  readonly texts: readonly string[]
  /** Everything, once the one who tells has closed. */
  all(): Promise<Told[]>
  /** Throws everybody out. */
  close(): Promise<void>
}

/** A viewer on a port of the system's choice. */
export async function openViewer(): Promise<Viewer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  const { promise: listening, resolve } = Promise.withResolvers<void>()
  server.on('listening', resolve)
  await listening
  const texts: string[] = []
  const gone = Promise.withResolvers<void>()
  server.on('connection', (socket) => {
    socket.on('message', (data) => texts.push((data as Buffer).toString()))
    socket.on('close', () => gone.resolve())
  })
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    texts,
    async all() {
      await gone.promise
      return texts.map((text) => JSON.parse(text) as Told)
    },
    async close() {
      const closed = Promise.withResolvers<void>()
      for (const client of server.clients) client.terminate()
      server.close(() => closed.resolve())
      await closed.promise
    },
  }
}
