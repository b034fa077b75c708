import { isatty } from "node:tty";
import pino, { type DestinationStream } from "pino";
import { prettyFactory } from "pino-pretty";

export const LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type Level = (typeof LEVELS)[number];
export const LOG_FORMATS = ["auto", "json", "pretty"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Names as in the seed: snake_case, `duration_ms`. An `Error` goes under `error`. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Where a part of the program tells its story. Passed in, never global. error wakes someone, warn
 * is read tomorrow, info tells the story, debug is off. Values under names of credentials
 * (`authorization`, `cookie`, `x-auth-token`...) are written as `[redacted]`, at any depth.
 */
export interface Log {
  debug(msg: string, fields?: Fields): void;
  info(msg: string, fields?: Fields): void;
  warn(msg: string, fields?: Fields): void;
  error(msg: string, fields?: Fields): void;
  /** A log whose every line carries `fields` too. */
  with(fields: Fields): Log;
  /** False when a line of that level would be dropped: spares building its fields. */
  enabled(level: Exclude<Level, "silent">): boolean;
}

export interface LogOptions {
  level: Level;
  /** `auto` is `pretty` on a terminal and `json` elsewhere. */
  format: LogFormat;
  /** A file descriptor, or a stream for tests. Commands keep 1 for their output and log to 2. */
  to: 1 | 2 | DestinationStream;
  /** Whether pretty lines have colours on a terminal: not where NO_COLOR (no-color.org) is set. */
  colours: boolean;
}

/** A reader of the log that stalls must not fill the memory: lines beyond this are dropped. */
const MOST_WAITING_BYTES = 8 * 1_048_576;

/** JSON lines `{"level":"info","time":"2026-...Z","msg":...}` through pino, or pretty for people. */
export function pinoLog(options: LogOptions): Log {
  const settings: pino.LoggerOptions = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (word) => ({ level: word }) },
    serializers: { error: pino.stdSerializers.errWithCause },
  };
  return logOver(pino(settings, destination(options)));
}

function destination({ format, to, colours }: LogOptions): DestinationStream {
  // Written as the kernel takes it, flushed on exit by pino itself.
  const raw =
    typeof to === "number"
      ? pino.destination({ dest: to, sync: false, maxLength: MOST_WAITING_BYTES })
      : to;
  const terminal = typeof to === "number" && isatty(to);
  if (format === "json" || (format === "auto" && !terminal)) return raw;
  const readable = prettyFactory({
    colorize: terminal && colours,
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
  });
  return { write: (line) => raw.write(readable(line)) };
}

function logOver(logger: pino.Logger): Log {
  return {
    debug: (msg, fields) => logger.isLevelEnabled("debug") && logger.debug(redacted(fields), msg),
    info: (msg, fields) => logger.isLevelEnabled("info") && logger.info(redacted(fields), msg),
    warn: (msg, fields) => logger.isLevelEnabled("warn") && logger.warn(redacted(fields), msg),
    error: (msg, fields) => logger.isLevelEnabled("error") && logger.error(redacted(fields), msg),
    with: (fields) => logOver(logger.child(redacted(fields))),
    enabled: (level) => logger.isLevelEnabled(level),
  };
}

const SECRET_NAMES = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "x-auth-token",
  "token",
  "password",
  "secret",
  "private_key",
]);
export const REDACTED = "[redacted]";
const NO_FIELDS: Fields = {};
const DEEPEST = 6;

/** `fields` with every value under a credential's name replaced; the same object if none is there. */
export function redacted(fields: Fields | undefined): Fields {
  return fields === undefined ? NO_FIELDS : (clean(fields, 0) as Fields);
}

function clean(value: object, depth: number): object {
  if (depth > DEEPEST) return { dropped: "too deep" };
  let copy: Record<string, unknown> | undefined;
  for (const key in value) {
    const held = (value as Record<string, unknown>)[key];
    const shown = SECRET_NAMES.has(key.toLowerCase()) ? REDACTED : cleanValue(held, depth);
    if (shown === held) continue;
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
    copy[key] = shown;
  }
  return copy ?? value;
}

function cleanValue(value: unknown, depth: number): unknown {
  return isPlain(value) ? clean(value, depth + 1) : value;
}

/** Anything else (an Error, a URL, a socket) has its own way of becoming text. */
function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}
