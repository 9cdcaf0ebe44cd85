// Signs users in: a token is the user's name with a seal, which only this service can make and check.
import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { Service } from '../service.ts'

export default class AuthService {
  #key: Buffer = Buffer.alloc(0)
  readonly #service = new Service('auth_service', {
    'POST /tokens': ({ body }) => {
      const { user } = body as { user: string }
      return { status: 201, body: { token: `${user}.${this.#seal(user)}` } }
    },
    'GET /tokens/:token': ({ parts: [token = ''] }) => {
      const [user = '', seal = ''] = token.split('.')
      const [given, own] = [Buffer.from(seal), Buffer.from(this.#seal(user))]
      const isGood = given.length === own.length && timingSafeEqual(given, own)
      return isGood
        ? { status: 200, body: { user } }
        : { status: 401, body: { error: 'the token is not ours' } }
    },
  })

  start_service() {
    return this.#service.start(async () => {
      this.#key = (await promisify(scrypt)(randomBytes(16), randomBytes(16), 32)) as Buffer
    })
  }

  cleanup() {
    return this.#service.stop()
  }

  #seal(user: string): string {
    return createHmac('sha256', this.#key).update(user).digest('hex')
  }
}
