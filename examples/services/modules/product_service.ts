// Knows the products, and sets some aside: a reservation of the same key is made once, however often it is asked for.
import { readFile } from 'node:fs/promises'
import { Service } from '../service.ts'

type Products = Record<string, { title: string; price: number; stock: number }>

export default class ProductService {
  #products: Products = {}
  readonly #reserved = new Set<string>()
  readonly #service = new Service('product_service', {
    'POST /products/:sku/reservations': ({ parts: [sku = ''], body }) => {
      const { quantity, key } = body as { quantity: number; key: string }
      const product = Object.hasOwn(this.#products, sku) ? this.#products[sku] : undefined
      if (!product) return { status: 404, body: { error: `no product ${sku}` } }
      if (!this.#reserved.has(key)) {
        if (product.stock < quantity) {
          return {
            status: 409,
            body: { error: `${product.stock} of ${sku} are left, ${quantity} were asked for` },
          }
        }
        product.stock -= quantity
        this.#reserved.add(key)
      }
      return { status: 201, body: { title: product.title, price: product.price, left: product.stock } }
    },
  })

  start_service() {
    return this.#service.start(async () => {
      const text = await readFile(new URL('../data/products.json', import.meta.url), 'utf8')
      this.#products = JSON.parse(text) as Products
    })
  }

  cleanup() {
    return this.#service.stop()
  }
}
