// Knows people, for the quick start.
const people = [
  { name: 'Ada', city: 'Oslo' },
  { name: 'Edsger', city: 'Austin' },
]

export default {
  living_in: ({ city }: { city: string }) =>
    people.filter((person) => person.city === city).map(({ name }) => name),
}
