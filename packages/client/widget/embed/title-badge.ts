/** How many unread messages there are, before the title of a page that nobody looks at. */
export class TitleBadge implements Disposable {
  readonly #document: Document;
  readonly #look = () => this.#draw();
  #count = 0;

  constructor(document: Document) {
    this.#document = document;
    document.addEventListener("visibilitychange", this.#look);
  }

  show(count: number): void {
    this.#count = count;
    this.#draw();
  }

  [Symbol.dispose](): void {
    this.#document.removeEventListener("visibilitychange", this.#look);
    this.show(0);
  }

  #draw(): void {
    const { title, visibilityState } = this.#document;
    // Whatever the page itself has made of its title meanwhile stays.
    const bare = title.replace(/^\(\d+\) /, "");
    const isAway = visibilityState === "hidden" && this.#count > 0;
    const wanted = isAway ? `(${this.#count}) ${bare}` : bare;
    if (wanted !== title) this.#document.title = wanted;
  }
}
