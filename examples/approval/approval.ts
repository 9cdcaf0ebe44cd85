// The approval of approval.yaml, from TypeScript: npm exec -- node examples/approval/approval.ts [approve|reject|silence]
// Here the desk is no module: its decisions are sent to the run from outside.
import { createActor, toPromise } from 'xstate'
import { setup, signal } from 'sagachart'
import { Desk, type Answer, type Decision } from './desk.ts'
import ledger from './modules/ledger.ts'

const desk = new Desk()
const asking = { ask: ({ answer }: { answer: Answer }) => desk.ask(answer) }
const at = setup({ modules: { asking, ledger } })

const payOnApproval = at.createWorkflow({
  id: 'pay_on_approval',
  inputs: { amount: { type: 'integer', default: 250 }, answer: { type: 'string', default: 'approve' } },
  steps: {
    request: { invoke: 'asking.ask', parameters: ({ inputs }) => ({ answer: inputs.answer as Answer }) },
    decision: {
      waitForEvent: 'decided',
      filter: ({ event, steps }) => (event.data as Decision).request === steps.request.output.id,
      timeout: '1s',
      onTimeout: 'continue',
      dependsOn: ['request'],
    },
    settle: {
      dependsOn: ['decision'],
      cases: [
        {
          when: ({ steps }) => steps.decision.output === null,
          steps: {
            escalate: {
              invoke: 'ledger.write',
              parameters: ({ inputs }) => ({ to: 'the board', about: `nobody decided on ${inputs.amount}` }),
            },
          },
        },
        {
          when: ({ steps }) => (steps.decision.output as Decision).approved,
          steps: { pay: { invoke: 'ledger.pay', parameters: ({ inputs }) => ({ amount: inputs.amount }) } },
        },
      ],
      default: {
        refuse: {
          invoke: 'ledger.write',
          parameters: ({ steps }) => ({
            to: 'whoever asked',
            about: `${(steps.decision.output as Decision).by} says no`,
          }),
        },
      },
    },
  },
  outputs: { settled: ({ steps }) => steps.settle.output },
})

await desk.open()
const answer = process.argv[2] ?? 'approve'
const actor = createActor(payOnApproval, { input: { inputs: { answer } } })
desk.onDecision = (data) => signal(actor, 'decided', data)
const report = await toPromise(actor.start())
await desk.close()
console.log(report.status, JSON.stringify(report.outputs))
