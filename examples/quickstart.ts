// The TypeScript quick start of the README: npm exec -- node examples/quickstart.ts
import { run, setup } from 'sagachart'

const people = { livingIn: ({ city }: { city: string }) => (city === 'Oslo' ? ['Ada'] : []) }
const mail = { send: async ({ to }: { to: string[] }) => ({ count: to.length }) }

const greeting = setup({ modules: { people, mail } }).createWorkflow({
  id: 'greeting',
  parallel: true,
  steps: {
    find: { invoke: 'people.livingIn', parameters: { city: 'Oslo' }, retry: { count: 2 }, timeout: '5s' },
    send: {
      invoke: 'mail.send',
      dependsOn: ['find'],
      parameters: ({ steps }) => ({ to: steps.find.output }),
    },
  },
  outputs: { sent: ({ steps }) => steps.send.output },
})

const report = await run(greeting)
console.log(report.status, report.outputs) // completed { sent: { count: 1 } }
