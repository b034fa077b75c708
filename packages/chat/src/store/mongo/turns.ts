/** Runs tasks of one name one after another, in the order of the calls, and those of others beside them. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const turn = before.then(task, task);
    this.#last.set(name, turn);
    const left = () => {
      if (this.#last.get(name) === turn) this.#last.delete(name);
    };
    turn.then(left, left);
    return turn;
  }
}
