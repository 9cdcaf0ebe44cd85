// Pretends to send mail, for the quick start.
export default {
  send: async ({ to, text }: { to: string[]; text: string }, { log }: { log: (message: string) => void }) => {
    for (const name of to) log(`${text}, ${name}!`)
    return { count: to.length }
  },
}
