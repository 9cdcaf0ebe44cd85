// The trip of travel.yaml, from TypeScript: npm exec -- node examples/travel/travel.ts [a service that declines]
import { run, setup } from 'sagachart'
import Cars from './modules/cars.ts'
import Flights from './modules/flights.ts'
import Hotels from './modules/hotels.ts'
import Payments from './modules/payments.ts'

const at = setup({ modules: { flights: Flights, hotels: Hotels, cars: Cars, payments: Payments } })
const retry = { count: 3, initial: '20ms', nonRetryable: ['Declined'] } as const
/** What a service is asked for. */
const wish =
  (what: string, price: number) =>
  ({
    inputs,
  }: {
    readonly inputs: { readonly travellers: readonly unknown[]; readonly declined: readonly unknown[] }
  }) => ({ traveller: String(inputs.travellers[0]), what, price, declined: inputs.declined.map(String) })

const bookTrip = at.createWorkflow({
  id: 'book_trip',
  parallel: true,
  onFailure: 'compensate',
  compensationTimeout: '30s',
  inputs: {
    travellers: { type: 'list', default: ['Ada', 'Grace'] },
    declined: { type: 'list', default: [] },
  },
  steps: {
    flight: {
      invoke: 'flights.book',
      parameters: wish('flight', 300),
      retry,
      compensate: { invoke: 'flights.cancel', parameters: ({ output }) => ({ id: output.id }), retry },
    },
    hotel: {
      invoke: 'hotels.book',
      parameters: wish('hotel', 200),
      retry,
      compensate: { invoke: 'hotels.cancel', parameters: ({ output }) => ({ id: output.id }), retry },
    },
    car: {
      invoke: 'cars.book',
      dependsOn: ['flight'],
      parameters: wish('car', 100),
      retry,
      compensate: { invoke: 'cars.cancel', parameters: ({ output }) => ({ id: output.id }), retry },
    },
    seats: {
      forEach: ({ inputs }) => inputs.travellers,
      dependsOn: ['flight'],
      steps: {
        reserve: {
          invoke: 'flights.book',
          parameters: ({ item, index }) => ({
            traveller: String(item),
            what: `seat ${index + 1}`,
            price: 10,
            declined: [],
          }),
          compensate: { invoke: 'flights.cancel', parameters: ({ output }) => ({ id: output.id }) },
        },
      },
    },
    payment: {
      invoke: 'payments.book',
      dependsOn: ['flight', 'hotel', 'car', 'seats'],
      parameters: ({ steps, inputs }) => wish('payment', 600 + 10 * steps.seats.output.length)({ inputs }),
      retry,
      compensate: { invoke: 'payments.cancel', parameters: ({ output }) => ({ id: output.id }) },
    },
  },
  outputs: {
    flight: ({ steps }) => steps.flight.output.id,
    seats: ({ steps }) => steps.seats.output.length,
    paid: ({ steps }) => steps.payment.output.price,
  },
})

const declined = process.argv.slice(2)
const report = await run(bookTrip, { inputs: { declined } })
console.log(report.status, JSON.stringify(report.outputs), report.error?.message ?? '')
