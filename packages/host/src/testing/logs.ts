import { redacted, type Fields, type Level, type Log } from "../log.ts";

export interface Line {
  level: Exclude<Level, "silent">;
  msg: string;
  fields: Fields;
}

export interface RecordingLog extends Log {
  /** What was logged, here and through `with`, in order. */
  readonly lines: Line[];
  /** Resolves with the first line, old or new, that `wanted` accepts. */
  line(wanted: (line: Line) => boolean): Promise<Line>;
}

/** A log that keeps its lines for a test to look at. */
export function recordingLog(): RecordingLog {
  const lines: Line[] = [];
  const waiting = new Set<(line: Line) => void>();
  const write = (line: Line) => {
    lines.push(line);
    for (const heard of waiting) heard(line);
  };
  const line = (wanted: (line: Line) => boolean) => {
    const old = lines.find(wanted);
    if (old !== undefined) return Promise.resolve(old);
    return new Promise<Line>((resolve) => {
      const heard = (fresh: Line) => {
        if (!wanted(fresh)) return;
        waiting.delete(heard);
        resolve(fresh);
      };
      waiting.add(heard);
    });
  };
  return Object.assign(logInto(write, {}), { lines, line });
}

const quiet = () => {};

/** A log that drops everything. */
export function silentLog(): Log {
  const log: Log = {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: quiet,
    with: () => log,
    enabled: () => false,
  };
  return log;
}

function logInto(write: (line: Line) => void, bound: Fields): Log {
  const at = (level: Line["level"]) => (msg: string, fields?: Fields) =>
    write({ level, msg, fields: { ...bound, ...redacted(fields) } });
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => logInto(write, { ...bound, ...redacted(fields) }),
    enabled: () => true,
  };
}
