/** How values are written by people, as schemas from text. Each says what it expected. */
import * as v from "valibot";

/** A schema from text by a function that gives undefined for what it cannot read. */
export function fromText<T>(expected: string, read: (text: string) => T | undefined) {
  return v.pipe(
    v.string(),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const value = read(dataset.value);
      if (value !== undefined) return value;
      addIssue({ message: `expected ${expected}` });
      return NEVER;
    }),
  );
}

export const Text = fromText("text", (text) => text);

/** 0 asks the system for any free port. */
export const Port = fromText("a port from 0 to 65535", readPort);

export const WholeNumber = fromText("a whole number from 0 on", (text) =>
  /^\d{1,15}$/.test(text) ? Number(text) : undefined,
);

export const YesNo = fromText("true or false", (text) =>
  text === "true" ? true : text === "false" ? false : undefined,
);

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds. `30s`, `5m`, `1h30m`, `250ms`, `90d`; `0` needs no unit. */
export const Duration = fromText("a duration like 250ms, 30s, 5m, 12h or 90d", (text) => {
  if (text === "0") return 0;
  if (!/^(\d{1,9}(\.\d{1,3})?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/([\d.]+)(ms|s|m|h|d)/g)) {
    sum += Number(count) * (UNIT_MS[unit ?? ""] ?? 0);
  }
  return sum;
});

const UNIT_BYTES: Record<string, number> = {
  "": 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Bytes. `64KiB`, `1MiB`, `2GB`, `512`. */
export const Size = fromText("a size like 512, 64KiB, 1MiB or 2GB", (text) => {
  const [, count, unit] = /^(\d{1,9}) ?(B|kB|MB|GB|KiB|MiB|GiB)?$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * (UNIT_BYTES[unit ?? ""] ?? 0);
});

const PER_SECOND: Record<string, number> = { s: 1, m: 60, h: 3600 };

/** Per second. `100/s`, `90/m`, `10/h`. */
export const PerSecond = fromText("a rate like 100/s or 90/m", (text) => {
  const [, count, unit = "s"] = /^(\d{1,9}(?:\.\d{1,3})?)\/([smh])$/.exec(text) ?? [];
  const rate = Number(count) / (PER_SECOND[unit] ?? 1);
  return rate > 0 ? rate : undefined;
});

export interface HostPort {
  /** Without brackets. */
  host: string;
  port: number;
}

/** `name:port`, `1.2.3.4:port`, `[::1]:port`. */
export const HostPort = fromText("host:port", readHostPort);

/** First and last, both in it. `30000-30099`, or one port. */
export const PortRange = fromText("a port or a range of ports like 30000-30099", (text) => {
  const [first, last = first, ...more] = text.split("-").map(readPort);
  if (more.length > 0 || first === undefined || last === undefined) return undefined;
  return first > 0 && first <= last ? { first, last } : undefined;
});

/** An absolute URL of one of these schemes, without a path unless it says otherwise. */
export function urlOf(...schemes: readonly string[]) {
  return fromText(
    `a URL that starts with ${schemes.map((s) => `${s}://`).join(" or ")}`,
    (text) => {
      const url = URL.canParse(text) ? new URL(text) : undefined;
      return url !== undefined && schemes.includes(url.protocol.slice(0, -1)) ? url : undefined;
    },
  );
}

/** Where a gateway listens, as text without a path. `https` is taken for `wss`, `http` for `ws`. */
export const GatewayUrl = fromText("a URL like wss://gateway.example.com", (text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme =
    url && { "ws:": "ws", "wss:": "wss", "http:": "ws", "https:": "wss" }[url.protocol];
  if (url === undefined || scheme === undefined) return undefined;
  const bare = url.pathname === "/" && `${url.search}${url.hash}${url.username}` === "";
  return bare ? `${scheme}://${url.host}` : undefined;
});

export function oneOf<const W extends string>(...words: readonly W[]) {
  return fromText(words.join(", "), (text) => words.find((word) => word === text));
}

function readPort(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}

function readHostPort(text: string): HostPort | undefined {
  const [, inBrackets, bare, digits = ""] =
    /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d+)$/.exec(text) ?? [];
  const port = readPort(digits);
  const host = inBrackets ?? bare;
  return host === undefined || port === undefined ? undefined : { host, port };
}
