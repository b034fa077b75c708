import { isListed, readOrigins, type OriginList } from "./origins.ts";

export interface SocketOriginsOptions {
  /** What WS_ALLOWED_ORIGINS lists. */
  allowed: readonly string[];
  /** Pages of this machine are let in too, and the list may be empty. */
  isDevelopment: boolean;
}

const NAME = "WS_ALLOWED_ORIGINS";

/** Which pages may open a WebSocket. CORS has no say in it. */
export class SocketOrigins {
  readonly #list: OriginList;
  readonly #isDevelopment: boolean;

  constructor({ allowed, isDevelopment }: SocketOriginsOptions) {
    this.#list = readOrigins(NAME, allowed);
    this.#isDevelopment = isDevelopment;
  }

  /** What keeps the service from starting. */
  get problems(): readonly string[] {
    const { origins, any, problems } = this.#list;
    const isEmpty = origins.size === 0 && !any && problems.length === 0;
    if (!isEmpty || this.#isDevelopment) return problems;
    return [
      `${NAME}: not set; list the pages' origins, like https://app.example.com, or * for all`,
    ];
  }

  /** What should be read in the log. */
  get warnings(): readonly string[] {
    return this.#list.any
      ? [`${NAME} is *: any site may open sockets in its visitors' browsers`]
      : [];
  }

  /** `origin` is the Origin field. Without one no browser asks, and the token decides alone. */
  allows(origin: string | undefined): boolean {
    if (origin === undefined || this.#list.any) return true;
    return isListed(this.#list, origin, this.#isDevelopment);
  }
}
