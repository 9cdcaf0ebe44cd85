// A customer: signs in and orders. The key is the same in every attempt, so that a retry orders nothing twice.
import type { OperationContext } from 'sagachart'
import { ask } from '../service.ts'

interface Wish {
  readonly auth: string
  readonly orders: string
  readonly user: string
  readonly sku: string
  readonly quantity: number
}

export default {
  async order(
    { auth, orders, user, sku, quantity }: Wish,
    { signal, idempotencyKey, log }: OperationContext,
  ) {
    const { token } = await ask(`${auth}/tokens`, { body: { user }, signal })
    const body = { sku, quantity, key: idempotencyKey }
    const order = await ask(`${orders}/orders`, { body, token: String(token), signal })
    log(`ordered ${quantity} × ${String(order['title'])} for ${String(order['name'])}`)
    return order
  },
}
