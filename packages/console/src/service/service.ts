/** The service as a page of it asks: relative to where the page is, in the name of a token. */
import type { ChatErrorCode } from "@warren/wire";

/** An answer that is no success, in the service's words. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  /** `OFFLINE`: there was no answer at all; `UNKNOWN`: it was not the service's. */
  readonly code: ChatErrorCode | "OFFLINE" | "UNKNOWN";
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  constructor({ code, status, message, retryAfterMs }: Refusal) {
    super(message);
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

interface Refusal {
  code: ServiceError["code"];
  status: number;
  message: string;
  retryAfterMs: number | undefined;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface AskOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
}

/** Where the service is: the folder that the page is in, such as `/chat`; `` at the root. */
export function serviceBase(page: string): string {
  return new URL(".", page).pathname.replace(/\/$/, "");
}

export class Service {
  readonly base: string;
  readonly #token: () => string | undefined;

  constructor(base: string, token: () => string | undefined) {
    this.base = base;
    this.#token = token;
  }

  /** Rejects with a `ServiceError`, or with the signal's reason. */
  async ask<T>(path: string, options: AskOptions = {}): Promise<T> {
    const { method = "GET", query = {}, body, signal } = options;
    const headers: Record<string, string> = { Accept: "application/json" };
    const token = this.#token();
    if (token !== undefined) headers["Authorization"] = `Bearer ${token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const response = await fetch(`${this.base}${path}${queryText(query)}`, {
      method,
      headers,
      credentials: "same-origin",
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    }).catch((reason: unknown) => {
      signal?.throwIfAborted();
      throw unreachable(reason);
    });
    if (!response.ok) throw await refusalOf(response);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }
}

/** What is undefined or empty is left out: the service takes each as "all". */
function queryText(query: Query): string {
  const said = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  if (said.length === 0) return "";
  return `?${new URLSearchParams(said.map(([name, value]) => [name, String(value)])).toString()}`;
}

function unreachable(cause: unknown): ServiceError {
  const message = navigator.onLine ? "The service does not answer." : "You are offline.";
  const error = new ServiceError({ code: "OFFLINE", status: 0, message, retryAfterMs: undefined });
  error.cause = cause;
  return error;
}

async function refusalOf(response: Response): Promise<ServiceError> {
  const said = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const { code, message, error, retry_after_ms: retryAfterMs } = said;
  const words = [message, error].find((one) => typeof one === "string" && one !== "");
  return new ServiceError({
    code: typeof code === "string" ? (code as ChatErrorCode) : "UNKNOWN",
    status: response.status,
    message: typeof words === "string" ? words : `The service answered ${response.status}.`,
    retryAfterMs: typeof retryAfterMs === "number" ? retryAfterMs : undefined,
  });
}
