/** Runs `work` when all work that came before under this name is done. Nothing is kept for a name that nobody waits on. */
export function takeTurn<T>(turns: Map<string, Promise<unknown>>, name: string, work: () => Promise<T>): Promise<T> {
  const mine = (turns.get(name) ?? Promise.resolve()).then(work)
  const done = mine.then(ignore, ignore).then(() => {
    if (turns.get(name) === done) turns.delete(name)
  })
  turns.set(name, done)
  return mine
}

function ignore(): void {}
