import type { ChatErrorCode } from "@warren/wire";
import type * as v from "valibot";

/** Who may ask. `network`: the direct peers of some networks. */
export type Audience = "everybody" | "user" | "admin" | "network";

export interface Parameter {
  readonly in: "query" | "header";
  readonly description: string;
  readonly schema: v.GenericSchema;
}

/** A body: JSON that a schema takes, or something else, as its media type says. */
export type Body =
  | { readonly json: v.GenericSchema }
  | { readonly media: string; readonly description: string };

/** What one route takes and gives. */
export interface Operation {
  readonly summary: string;
  readonly audience: Audience;
  /** By name; those of the path are known from it. */
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly body: Body | undefined;
  /** Undefined: no body. */
  readonly answers: Readonly<Record<number, { description: string; body: Body | undefined }>>;
  /** What it refuses with, beside what everybody in `audience` may be told. */
  readonly errors: readonly ChatErrorCode[];
}

/** By method and path, as it is routed under the prefix: `GET /sessions/:id`. */
export type Operations = Readonly<Record<`${Method} /${string}`, Operation>>;
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD";

/** An answer of JSON with status 200. */
export function ok(description: string, json: v.GenericSchema): Operation["answers"] {
  return { 200: { description, body: { json } } };
}
