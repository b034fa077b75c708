import * as v from "valibot";

/** CloudEvents 1.0 with JSON data, and its HTTP binding 1.0.2 in both content modes. */
export interface CloudEvent {
  id: string;
  source: string;
  type: string;
  subject: string | undefined;
  /** RFC 3339. */
  time: string | undefined;
  data: unknown;
}

export type ContentMode = "binary" | "structured";

/** A message as HTTP carries it; field names are asked for in lower case. */
export interface EventMessage {
  header: (name: string) => string | undefined;
  body: string;
}

/** What is wrong with an event that came, in words that its sender may read. */
export class CloudEventError extends Error {
  override readonly name = "CloudEventError";
}

const STRUCTURED = "application/cloudevents+json";
const ATTRIBUTES = ["id", "source", "type", "subject", "time"] as const;
const MOST_ATTRIBUTE_CHARS = 2048;

export function writeCloudEvent(event: CloudEvent, mode: ContentMode) {
  return mode === "binary" ? binary(event) : structured(event);
}

function structured({ data, ...attributes }: CloudEvent) {
  const json = { specversion: "1.0", ...attributes, datacontenttype: "application/json", data };
  return {
    headers: { "content-type": `${STRUCTURED}; charset=utf-8` },
    body: JSON.stringify(json),
  };
}

function binary(event: CloudEvent) {
  const headers: Record<string, string> = {
    "ce-specversion": "1.0",
    "content-type": "application/json",
  };
  for (const name of ATTRIBUTES) {
    const value = event[name];
    if (value !== undefined) headers[`ce-${name}`] = encodeHeader(value);
  }
  return { headers, body: JSON.stringify(event.data) };
}

/** HTTP binding §3.1.3.2: what is no printable ASCII, space, `"` and `%` go as percent-encoded UTF-8. */
function encodeHeader(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\u0021\u0023\u0024\u0026-\u007e]+/gu, (part) =>
      [...Buffer.from(part)]
        .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
        .join(""),
    );
}

/** The event in a message of either mode. Throws a CloudEventError that says what is wrong. */
export function readCloudEvent(message: EventMessage): CloudEvent {
  const type = (message.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === STRUCTURED) return readStructured(message.body);
  if (type.startsWith("application/cloudevents")) {
    throw new CloudEventError(
      `content-type ${STRUCTURED} is the only one of its kind that is read`,
    );
  }
  if (message.header("ce-specversion") === undefined) {
    throw new CloudEventError(`neither ce-specversion nor content-type ${STRUCTURED} is there`);
  }
  return readBinary(message, type);
}

const Attribute = v.pipe(v.string(), v.nonEmpty(), v.maxLength(MOST_ATTRIBUTE_CHARS));
const Attributes = v.looseObject({
  specversion: v.literal("1.0"),
  id: Attribute,
  source: Attribute,
  type: Attribute,
  subject: v.optional(Attribute),
  time: v.optional(v.pipe(v.string(), v.isoTimestamp())),
});

function readStructured(body: string): CloudEvent {
  const json = parse(body);
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new CloudEventError("a structured event is one JSON object");
  }
  const { data, data_base64, datacontenttype } = json as Record<string, unknown>;
  if (data !== undefined && data_base64 !== undefined) {
    throw new CloudEventError("data and data_base64 exclude each other");
  }
  const type = typeof datacontenttype === "string" ? datacontenttype : "application/json";
  expectJson(type.split(";")[0]?.trim().toLowerCase() ?? "");
  const decoded =
    typeof data_base64 === "string" ? parse(Buffer.from(data_base64, "base64").toString()) : data;
  return eventOf(json, decoded);
}

function readBinary({ header, body }: EventMessage, type: string): CloudEvent {
  expectJson(type);
  const attributes = ["specversion", ...ATTRIBUTES].flatMap((name) => {
    const value = header(`ce-${name}`);
    return value === undefined ? [] : [[name, decodeHeader(value)]];
  });
  return eventOf(Object.fromEntries(attributes) as object, parse(body));
}

function decodeHeader(text: string): string {
  try {
    // In Node a header's bytes are characters of latin1; the binding says percent-encoded UTF-8.
    return decodeURIComponent(text);
  } catch {
    throw new CloudEventError("an attribute is not percent-encoded UTF-8");
  }
}

function expectJson(type: string): void {
  if (type === "application/json" || type.endsWith("+json")) return;
  throw new CloudEventError("the data of an event is JSON: datacontenttype application/json");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CloudEventError("the body is no JSON");
  }
}

function eventOf(attributes: object, data: unknown): CloudEvent {
  const read = v.safeParse(Attributes, attributes);
  if (!read.success) {
    const names = [...new Set(read.issues.map((issue) => v.getDotPath(issue)))];
    throw new CloudEventError(`missing or malformed: ${names.join(", ")}`);
  }
  const { id, source, type, subject, time } = read.output;
  return { id, source, type, subject, time, data };
}
