// Money goes out, or a letter does.
export default {
  pay: ({ amount }: { readonly amount: number }): { paid: number } => ({ paid: amount }),
  write: ({ to, about }: { readonly to: string; readonly about: string }): { letter: string } => ({
    letter: `${to}: ${about}`,
  }),
}
