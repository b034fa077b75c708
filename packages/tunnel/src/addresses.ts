export interface Address {
  url: string;
  /** Another gateway: it is asked for a resume and for nothing else. */
  guest: boolean;
}

/** Which address of a gateway is dialled next. */
export class Addresses {
  readonly #urls: readonly string[];
  readonly #others: () => readonly string[];
  #resumes = 0;
  #turn = 0;

  /** `urls`: the gateway's; `others`: those of gateways that may know whose a tunnel is. */
  constructor(urls: readonly string[], others: () => readonly string[]) {
    this.#urls = urls;
    this.#others = others;
  }

  /** The last dial led somewhere: the next resume begins at the owner again. */
  reached(): void {
    this.#resumes = 0;
  }

  /** For a new tunnel: each in turn. */
  next(): Address {
    return { url: this.#urls[this.#turn++ % this.#urls.length]!, guest: false };
  }

  /** For a resume: the owner's own address, then by turns the rest and that again. */
  resume(own: string): Address {
    if (own === "") return this.next();
    const rest = [...new Set([...this.#urls, ...this.#others()])].filter((url) => url !== own);
    if (this.#resumes++ % 2 === 0 || rest.length === 0) return { url: own, guest: false };
    const url = rest[this.#turn++ % rest.length]!;
    return { url, guest: !this.#urls.includes(url) };
  }
}
