import type { ServerResponse } from "node:http";

/** A refusal, as `metav1.Status` says it. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: number;
  readonly reason: string;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: number, reason: string, message: string, details?: Record<string, unknown>) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  get body(): object {
    const { code, reason, message, details } = this;
    return { ...FAILURE, message, reason, ...(details === undefined ? {} : { details }), code };
  }
}

const FAILURE = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" };

export const badRequest = (message: string) => new Refusal(400, "BadRequest", message);

export const expired = (message = "The resourceVersion for the provided watch is too old.") =>
  new Refusal(410, "Expired", message);

export function notFound(resource: string, name: string): Refusal {
  return new Refusal(404, "NotFound", `${resource} "${name}" not found`, { name, kind: resource });
}

/** What one gets for a resource that is not served: no Status of an object, but of the server. */
export const unknownPath = () =>
  new Refusal(404, "NotFound", "the server could not find the requested resource", {});

export function conflict(resource: string, name: string, why: string): Refusal {
  const message = `Operation cannot be fulfilled on ${resource} "${name}": ${why}`;
  return new Refusal(409, "Conflict", message, { name, kind: resource });
}

export interface Cause {
  field: string;
  message: string;
}

export function invalid(kind: string, name: string, causes: readonly Cause[]): Refusal {
  const said = causes.map(({ field, message }) => `${field}: ${message}`);
  const why = said.length === 1 ? said[0] : `[${said.join(", ")}]`;
  return new Refusal(422, "Invalid", `${kind} "${name}" is invalid: ${why}`, {
    name,
    kind,
    causes: causes.map(({ field, message }) => ({ reason: "FieldValueInvalid", message, field })),
  });
}

export function unsupported(known: readonly string[]): Refusal {
  const why = `the body of the request was in an unknown format - accepted media types include: ${known.join(", ")}`;
  return new Refusal(415, "UnsupportedMediaType", why);
}

export function say(response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent) return void response.destroy();
  const seconds = refusal.details?.["retryAfterSeconds"];
  const headers = typeof seconds === "number" ? { "retry-after": String(seconds) } : {};
  json(response, refusal.code, refusal.body, headers);
}

export function json(
  response: ServerResponse,
  code: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}
