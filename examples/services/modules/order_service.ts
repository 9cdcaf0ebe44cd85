// Takes orders. It works with the three other services alone, over HTTP: who asks, where it goes, whether there is enough.
import { ask, Refused, Service } from '../service.ts'

interface Others {
  readonly auth: string
  readonly users: string
  readonly products: string
}

export default class OrderService {
  #others: Others = { auth: '', users: '', products: '' }
  #orders = 0
  readonly #service = new Service('order_service', {
    'POST /orders': async ({ token, body }) => {
      const { sku, quantity, key } = body as { sku: string; quantity: number; key: string }
      try {
        const { user } = await ask(`${this.#others.auth}/tokens/${encodeURIComponent(token)}`)
        const { name, address } = await ask(`${this.#others.users}/users/${encodeURIComponent(String(user))}`)
        const reservations = `${this.#others.products}/products/${encodeURIComponent(sku)}/reservations`
        const { title, price, left } = await ask(reservations, { body: { quantity, key } })
        const order = {
          id: ++this.#orders,
          name,
          address,
          title,
          quantity,
          total: Number(price) * quantity,
          left,
        }
        return { status: 201, body: order }
      } catch (error) {
        if (error instanceof Refused) return { status: 422, body: { error: error.message } }
        throw error
      }
    },
  })

  start_service(others: Others) {
    this.#others = others
    return this.#service.start(() => Promise.resolve())
  }

  cleanup() {
    return this.#service.stop()
  }
}
