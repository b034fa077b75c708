/**
 * The token of one tunnel's dials. It is read anew for each new tunnel, so that it can be renewed;
 * a resume shows the one that its tunnel began with, since a gateway knows the tunnel by that one
 * only (docs/decisions/0095-the-credential-of-a-resume.md).
 */
export class Credential {
  readonly #read: () => Promise<string>;
  #shown = "";
  #began: string | undefined;

  constructor(read: () => Promise<string>) {
    this.#read = read;
  }

  /** What to show next. Rejects when the token cannot be read. */
  async show(resuming: boolean): Promise<string> {
    return (this.#shown = (resuming ? this.#began : undefined) ?? (await this.#read()));
  }

  /** The token shown last began a tunnel. */
  began(): void {
    this.#began = this.#shown;
  }

  /** The token shown last was refused. True when there is another one to show by now. */
  async refused(): Promise<boolean> {
    this.#began = undefined;
    return (await this.#read()) !== this.#shown;
  }
}
