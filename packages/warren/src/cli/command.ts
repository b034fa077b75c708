import {
  configFile,
  configOption,
  ExitError,
  loadConfig,
  type ConfigOf,
  type Environment,
  type Exit,
  type Loaded,
  type Options,
  type Running,
  type SecretsOf,
} from "@warren/host";
import { readFileSync } from "node:fs";
import { plainError, type Named } from "./plain-error.ts";
import type { Terminal } from "./terminal.ts";

export interface Example {
  run: string;
  why: string;
}

/** What help and documentation say of a command. */
export interface CommandText {
  /** `token create`. */
  name: string;
  /** What follows the name, without options: `<port> --host <name>`. */
  usage: string;
  /** One line for the list of commands. */
  summary: string;
  /** A paragraph or two for its own help. */
  about: string;
  examples: readonly Example[];
}

/** The process itself, as far as a command has to do with it. */
export interface Self {
  pid: number;
  /** What to start for another `warren`: the Node that runs, with its own flags and the script. */
  node: string;
  nodeWords: readonly string[];
  /** Resolves when nothing more will come on standard input. */
  stdinEnded: () => Promise<void>;
}

/** What the process gives a command. */
export interface Stage extends Running {
  env: Environment;
  terminal: Terminal;
  self: Self;
  /** Options of every command: names that another one knows are no mistake. */
  all: readonly Options[];
}

/** A command that was called: its options, read and checked. */
export interface Call<O extends Options> extends Stage {
  config: ConfigOf<O>;
  secrets: SecretsOf<O>;
  positionals: readonly string[];
  said(key: keyof O & string): string;
  /**
   * Options of a room that this command runs too, from the same environment and file; `flags` take
   * the place of what was typed, which is for the command itself. Ends it where they are wrong.
   */
  also<M extends Options>(options: M, flags: readonly string[]): Also<M>;
  /** What the log should say of the configuration once there is a log. */
  warnings: readonly string[];
}

export interface Also<O extends Options> {
  config: ConfigOf<O>;
  secrets: SecretsOf<O>;
}

export interface Command extends CommandText {
  readonly options: Options;
  run(words: readonly string[], stage: Stage): Promise<Exit | void>;
}

interface CommandWords {
  /** How many words may follow that are no flags. */
  words: { least: number; most: number };
}

export interface CommandDeclaration<O extends Options> extends CommandText, CommandWords {
  options: O;
  run(call: Call<O & typeof everywhere>): Promise<Exit | void>;
  /**
   * What else is wrong where something already is: with what could be read, and the rest as if nobody had said
   * it. Where it cannot tell it rejects, and nothing more is said.
   */
  alsoWrong?(call: Stage & Also<O & typeof everywhere>): Promise<readonly string[]>;
}

const everywhere = { config: configOption };

/** Declares a command. Its options are read before it runs; all problems are told at once. */
export function command<O extends Options>(declared: CommandDeclaration<O>): Command {
  const options = { ...declared.options, ...everywhere };
  return {
    ...declared,
    options,
    async run(words, stage) {
      const file = textOf(configFile(words, stage.env));
      const loaded = load(options, words, { ...stage, file });
      if (!loaded.ok) {
        const more = declared.alsoWrong?.({ ...stage, ...loaded.rest }).catch(() => []);
        throw usage(declared.name, [...loaded.problems, ...((await more) ?? [])]);
      }
      const problems = countProblem(loaded.positionals, declared);
      if (problems.length > 0) throw usage(declared.name, problems);
      const { config } = loaded;
      const named = { options, config, said: (key: string) => loaded.said(key) };
      const also = <M extends Options>(more: M, flags: readonly string[]) =>
        orUsage(declared.name, load(more, flags, { ...stage, file }));
      return unlessStopped(stage.signal, declared.run({ ...stage, ...loaded, also }), named);
    },
  };
}

/** Being told to stop while still starting is no failure. */
async function unlessStopped(
  signal: AbortSignal,
  running: Promise<Exit | void>,
  named: Named,
): Promise<Exit | void> {
  try {
    return await running;
  } catch (error) {
    const stopped = error === signal.reason || (error as Error).name === "AbortError";
    if (signal.aborted && stopped) return "ok";
    throw plainError(error, named);
  }
}

type File = { name: string; text: string } | undefined;

function load<O extends Options>(
  options: O,
  argv: readonly string[],
  { env, all, file }: Pick<Stage, "env" | "all"> & { file: File },
): Loaded<O> {
  return loadConfig(options, { argv, env, file, all });
}

function orUsage<O extends Options>(name: string, loaded: Loaded<O>): Also<O> {
  if (!loaded.ok) throw usage(name, loaded.problems);
  return loaded;
}

function textOf(name: string | undefined): File {
  return name === undefined ? undefined : { name, text: readText(name) };
}

function readText(name: string): string {
  try {
    return readFileSync(name, "utf8");
  } catch (cause) {
    const { code = "error" } = cause as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "there is no such file" : `cannot be read (${code})`;
    throw new ExitError("usage", `--config ${name}: ${why}`, { cause });
  }
}

function countProblem(
  positionals: readonly string[],
  { name, usage: form, words }: { name: string; usage: string } & CommandWords,
): string[] {
  const { least, most } = words;
  if (positionals.length < least) return [`something is missing: warren ${name} ${form}`];
  const extra = positionals.slice(most);
  return extra.length > 0 ? [`not expected here: ${extra.join(" ")}`] : [];
}

/** The end of a command that was called wrongly: every problem on a line of its own. */
export function usage(name: string, problems: readonly string[]): ExitError {
  const [first = "", ...more] = problems;
  const list = more.length === 0 ? first : `\n${problems.map((line) => `  ${line}`).join("\n")}`;
  return new ExitError("usage", `${list}\n\`warren ${name} --help\` explains.`);
}

/** Options that belong to one command: `WARREN_EXPOSE_HOST`, `expose.host`. */
export function scoped<O extends Options>(scope: string, options: O): O {
  const words = scope.replaceAll(" ", "_");
  const named = Object.entries(options).map(([key, option]) => {
    const word = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const env = `WARREN_${words.toUpperCase()}_${word.toUpperCase()}`;
    const toml = `${words}.${word}`;
    return [key, { ...option, names: { env, toml, ...option.names } }];
  });
  return Object.fromEntries(named) as O;
}
