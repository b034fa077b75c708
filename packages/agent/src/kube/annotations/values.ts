/** How annotations' values are written: the words of Warren's options, and those of nginx. */
import { cidrProblem, Duration, oneOf, PerSecond, Size, YesNo } from "@warren/host";
import { BackendProtocol, HostPattern, type Rate } from "@warren/wire";
import * as v from "valibot";
import type { Reader, Wishes } from "./wishes.ts";

type Schema<T> = v.GenericSchema<string, T>;

/** Reads by `schema`, and hands what it gives to `take`. */
export function reading<T>(schema: Schema<T>, take: (wishes: Wishes, value: T) => void): Reader {
  return (text, wishes) => {
    const read = v.safeParse(schema, text.trim());
    if (!read.success) return read.issues[0].message;
    take(wishes, read.output);
    return undefined;
  };
}

export { Duration, PerSecond, Size, YesNo, oneOf };

const MOST_LISTED = 256;

function listOf(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

/** Addresses and CIDRs, by commas. An empty list would let everybody in, so it is none. */
export const Cidrs = v.pipe(
  v.string(),
  v.transform(listOf),
  v.minLength(1, "expected at least one address or CIDR"),
  v.maxLength(MOST_LISTED, `expected at most ${MOST_LISTED} addresses`),
  v.rawCheck<string[]>(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const wrong = dataset.value.map(cidrProblem).find((problem) => problem !== undefined);
    if (wrong !== undefined) addIssue({ message: wrong });
  }),
);

/** Names of HTTP fields, by commas (RFC 9110 §5.6.2). */
export const FieldNames = v.pipe(
  v.string(),
  v.transform((text) => listOf(text).map((name) => name.toLowerCase())),
  v.minLength(1, "expected names of HTTP fields"),
  v.everyItem((name) => /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name), "expected names of HTTP fields"),
);

/** Without them there is no request, or another one (RFC 9110 §7.2, §7.6.1; RFC 9112 §6). */
const KEPT: readonly string[] = [
  "host",
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Names of request fields that a service can do without. */
export const SpareFields = v.pipe(
  FieldNames,
  v.rawCheck<string[]>(({ dataset, addIssue }) => {
    const kept = dataset.typed ? dataset.value.find((name) => KEPT.includes(name)) : undefined;
    if (kept !== undefined)
      addIssue({ message: `${kept} is part of how a request is sent and cannot be stripped` });
  }),
);

export const Hosts = v.pipe(
  v.string(),
  v.transform(listOf),
  v.minLength(1, "expected host names"),
  v.maxLength(16, "expected at most 16 host names"),
  v.array(HostPattern),
);

/** Names of namespaces (RFC 1123 labels), or `*`. */
export const Namespaces = v.pipe(
  v.string(),
  v.transform(listOf),
  v.minLength(1, "expected names of namespaces, or *"),
  v.maxLength(64, "expected at most 64 namespaces"),
  v.everyItem(
    (name) => /^(\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$/.test(name),
    "expected names of namespaces, or *",
  ),
);

/** What a client of `100/s 500` may do: the rate, and how many at once; ten times it unless said. */
export const RateAndBurst = v.pipe(
  v.string(),
  v.rawTransform<string, Rate>(({ dataset, addIssue, NEVER }) => {
    const [, rate = "", burst] = /^(\S+)(?:\s+(\d{1,9}))?$/.exec(dataset.value) ?? [];
    const read = v.safeParse(PerSecond, rate);
    if (read.success && burst !== "0")
      return {
        per_second: read.output,
        burst: burst === undefined ? Math.max(1, read.output * 10) : Number(burst),
      };
    addIssue({ message: "expected a rate like 100/s, or with a burst, 100/s 1000" });
    return NEVER;
  }),
);

type Protocol = v.InferOutput<typeof BackendProtocol>;

/** Words of nginx's `backend-protocol` and Warren's own, in any case. */
const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  http: "http",
  https: "https",
  h2c: "h2c",
  h2: "h2",
  grpc: "h2c",
  grpcs: "h2",
};
export const Protocol = v.pipe(
  v.string(),
  v.toLowerCase(),
  v.picklist(Object.keys(PROTOCOLS), "expected HTTP, HTTPS, H2C, H2, GRPC or GRPCS"),
  v.transform((word) => PROTOCOLS[word]!),
);

/** A path that takes the place of another: no query, no fragment, nothing that is filled in. */
export const PlainPath = v.pipe(
  v.string(),
  v.maxLength(1_024),
  v.regex(/^\/[\x21\x22\x24-\x3e\x40-\x7e]*$/, "expected a path without a query"),
);

/** Seconds as nginx's Ingress annotations have them: whole, above 0. In milliseconds here. */
export const Seconds = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d{0,8}s?$/, "expected a number of seconds"),
  v.transform((text) => Number.parseInt(text, 10) * 1_000),
);

export const Count = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d{0,8}$/, "expected a number"),
  v.transform(Number),
);

const UNIT_BYTES: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** nginx's sizes: `8m`, `512k`, `1g`, or bytes; 0 is no limit. */
export const NginxSize = v.pipe(
  v.string(),
  v.regex(/^\d{1,9}[kmg]?$/i, "expected a size like 8m"),
  v.transform((text) => {
    const unit = text.replace(/^\d+/, "").toLowerCase();
    return Number.parseInt(text, 10) * UNIT_BYTES[unit]!;
  }),
);
