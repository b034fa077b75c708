/** As much of a browser's `localStorage` as is used here. */
export type DeviceStore = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** A visitor as this device knows them. */
export interface KnownVisitor {
  /** Undefined before the service was first asked. */
  readonly token: string | undefined;
  /** Epoch milliseconds. */
  readonly expiresAtMs: number;
  /** Under which what was said is kept here, apart from any other visitor's. */
  readonly account: string;
}

/** One who has signed in, and whose conversations are not the user's yet. */
export interface LeavingVisitor extends KnownVisitor {
  /** The user who they turned out to be, as tokens name them. */
  readonly into: string;
}

export interface VisitorsOptions {
  /** Of the chat, without a slash at the end. */
  url: string;
  store: DeviceStore;
  newId: () => string;
}

/**
 * The visitors of a device: one who is here now, and those who signed in and are to become somebody else.
 *
 * 1. What is here is looked up each time: other tabs change it.
 * 2. Who signs in leaves at once, whatever becomes of the call: the next visitor is another one, and sees nothing.
 */
export class Visitors {
  readonly #options: VisitorsOptions;

  constructor(options: VisitorsOptions) {
    this.#options = options;
  }

  get now(): KnownVisitor | undefined {
    const said = this.#read(this.#nowKey) as Partial<KnownVisitor> | undefined;
    const { token, expiresAtMs = 0, account = "guest" } = said ?? {};
    if (said === undefined || Array.isArray(said)) return undefined;
    if (typeof expiresAtMs !== "number" || typeof account !== "string") return undefined;
    return { token: typeof token === "string" ? token : undefined, expiresAtMs, account };
  }

  /** Nobody was here, or nobody who is to become somebody else. */
  get isEmpty(): boolean {
    return this.now === undefined && this.#leaving.length === 0;
  }

  /** Where what is said here belongs, also before the service was asked. */
  get account(): string {
    const known = this.now?.account;
    if (known !== undefined) return known;
    const account = `guest ${this.#options.newId()}`;
    this.#write(this.#nowKey, { account });
    return account;
  }

  keep(given: { token: string; expiresAtMs: number }): void {
    this.#write(this.#nowKey, { ...given, account: this.account });
  }

  /** The visitor turned out to be the user `into`. */
  leave(into: string): void {
    const { now } = this;
    if (now === undefined) return;
    this.#write(this.#leavingKey, [...this.#leaving, { ...now, into }]);
    this.#options.store.removeItem(this.#nowKey);
  }

  /** Those who are to become that user. */
  leavingFor(into: string): readonly LeavingVisitor[] {
    return this.#leaving.filter((one) => one.into === into);
  }

  /** Nothing of them is here any more. */
  gone({ account }: LeavingVisitor): void {
    const left = this.#leaving.filter((one) => one.account !== account);
    if (left.length > 0) this.#write(this.#leavingKey, left);
    else this.#options.store.removeItem(this.#leavingKey);
  }

  get #leaving(): readonly LeavingVisitor[] {
    const said = this.#read(this.#leavingKey);
    return Array.isArray(said) ? (said as LeavingVisitor[]) : [];
  }
  get #nowKey(): string {
    return `warren-chat guest ${this.#options.url}`;
  }
  get #leavingKey(): string {
    return `warren-chat leaving ${this.#options.url}`;
  }

  #read(key: string): unknown {
    try {
      return JSON.parse(this.#options.store.getItem(key) ?? "") ?? undefined;
    } catch {
      return undefined;
    }
  }

  #write(key: string, value: unknown): void {
    this.#options.store.setItem(key, JSON.stringify(value));
  }
}
