import {
  LEVELS,
  LOG_FORMATS,
  oneOf,
  option,
  pinoLog,
  switchOption,
  Text,
  type Log,
} from "@warren/host";
import type { ConfigOf, Environment, Option, Running } from "@warren/host";

export const dataOption = option({
  value: "<folder>",
  schema: Text,
  default: "./data",
  help: "Where keys, tokens and state are kept.",
});

export const logOptions = {
  logLevel: option({
    value: "<level>",
    schema: oneOf(...LEVELS),
    default: "info",
    help: `The least that is told: ${LEVELS.join(", ")}.`,
  }),
  logFormat: option({
    value: "<format>",
    schema: oneOf(...LOG_FORMATS),
    default: "auto",
    help: `${LOG_FORMATS.join(", ")}; auto is pretty on a terminal.`,
  }),
};

export const jsonOption = switchOption({ help: "Print JSON, for programs." });

/** The log of a long-lived command, on standard error; it says first what was odd in the options. */
export function openLog(
  { logLevel, logFormat }: ConfigOf<typeof logOptions>,
  {
    logTo,
    warnings,
    env,
  }: Pick<Running, "logTo"> & { warnings: readonly string[]; env: Environment },
): Log {
  const colours = !env["NO_COLOR"];
  const log = pinoLog({ level: logLevel, format: logFormat, to: 2, colours });
  logTo(log);
  for (const warning of warnings) log.warn(warning);
  return log;
}

/** The same option with another default. */
export function withDefault<T>(option: Option<T>, text: string): Option<NonNullable<T>> {
  const read = option.read([text]);
  if ("problem" in read) throw new TypeError(`the default of "${option.help}": ${read.problem}`);
  return { ...option, default: text, unset: read.value } as Option<NonNullable<T>>;
}
