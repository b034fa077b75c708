/** Callbacks that hear of one kind of event, in the order in which they came. */
export class Listeners<T> {
  readonly #heard = new Set<(event: T) => void>();

  /** Returns a function that ends it. */
  add(heard: (event: T) => void): () => void {
    const own = (event: T) => heard(event);
    this.#heard.add(own);
    return () => void this.#heard.delete(own);
  }

  tell(event: T): void {
    for (const heard of this.#heard) heard(event);
  }
}
