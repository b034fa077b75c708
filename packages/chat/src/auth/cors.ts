import { isListed, readOrigins, type OriginList } from "./origins.ts";

export interface CorsOptions {
  /** What CORS_ALLOWED_ORIGINS lists; empty for no CORS. */
  allowed: readonly string[];
  /** Pages of this machine are let in too. */
  isDevelopment: boolean;
}

export interface CorsRequest {
  method: string;
  origin: string | undefined;
  /** Access-Control-Request-Method: with OPTIONS it makes a preflight (Fetch standard, CORS protocol). */
  requestMethod: string | undefined;
}

export type CorsDecision =
  /** Answer at once, before anything asks for a token: 204, or 403 to a page that is not let in. */
  | { kind: "answer"; status: 204 | 403; headers: CorsHeaders }
  /** Go on, and put these on the answer. */
  | { kind: "headers"; headers: CorsHeaders };
export type CorsHeaders = readonly (readonly [name: string, value: string])[];

const NAME = "CORS_ALLOWED_ORIGINS";
const NONE: CorsDecision = { kind: "headers", headers: [] };
const VARY = ["Vary", "Origin"] as const;
const PREFLIGHT: CorsHeaders = [
  ["Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS"],
  ["Access-Control-Allow-Headers", "Origin, Content-Type, Accept, Authorization"],
  ["Access-Control-Max-Age", "43200"],
  ["Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"],
];
const EXPOSED = ["Access-Control-Expose-Headers", "Content-Length, Retry-After"] as const;

/**
 * Which other sites' pages may read HTTP answers. A page that is not listed gets an answer without
 * CORS headers, which its browser keeps from it; the request itself is judged by its token as any, for
 * browsers put an Origin on requests of the service's own pages too.
 */
export class Cors {
  readonly #list: OriginList;
  readonly #isDevelopment: boolean;

  constructor({ allowed, isDevelopment }: CorsOptions) {
    this.#list = readOrigins(NAME, allowed);
    this.#isDevelopment = isDevelopment;
  }

  /** What keeps the service from starting. `*` cannot be meant where credentials are sent along. */
  get problems(): readonly string[] {
    const { any, problems } = this.#list;
    return any ? [...problems, `${NAME}: * is not taken; list each origin`] : problems;
  }

  /** For the line `CORS middleware configured`. */
  get origins(): readonly string[] {
    return [...this.#list.origins];
  }

  get isOn(): boolean {
    return this.#list.origins.size > 0 || this.#isDevelopment;
  }

  decide({ method, origin, requestMethod }: CorsRequest): CorsDecision {
    if (!this.isOn) return NONE;
    const isPreflight = method === "OPTIONS" && origin !== undefined && requestMethod !== undefined;
    if (origin === undefined || !isListed(this.#list, origin, this.#isDevelopment))
      return isPreflight
        ? { kind: "answer", status: 403, headers: [VARY] }
        : { kind: "headers", headers: [VARY] };
    const allowed: CorsHeaders = [
      ["Access-Control-Allow-Origin", origin],
      ["Access-Control-Allow-Credentials", "true"],
    ];
    return isPreflight
      ? { kind: "answer", status: 204, headers: [...allowed, ...PREFLIGHT] }
      : { kind: "headers", headers: [...allowed, EXPOSED, VARY] };
  }
}
