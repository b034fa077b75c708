import { ExitError, nearest, type Exit } from "@warren/host";
import type { Command, Stage } from "./command.ts";
import { commandHelp, overview, subcommands } from "./help.ts";

export interface Program {
  version: string;
  commands: readonly Command[];
}

/** Runs what `argv` (the words behind `warren`) asks for. */
export async function dispatch(
  { version, commands }: Program,
  argv: readonly string[],
  stage: Omit<Stage, "all">,
): Promise<Exit | void> {
  const { out, note, paintOut, paintNote } = stage.terminal;
  const words = argv[0] === "help" ? [...argv.slice(1), "--help"] : argv;
  if (words.length === 0) {
    note(overview(commands, paintNote));
    return "usage";
  }
  if (words[0] === "--version" || words[0] === "-v") return out(version);
  const found = findCommand(commands, words);
  const help = wantsHelp(words);
  if (found !== undefined && !help) {
    const all = commands.map(({ options }) => options);
    return found.command.run(found.rest, { ...stage, all });
  }
  if (found !== undefined) return out(commandHelp(found.command, paintOut));
  const family = commands.filter(({ name }) => name.startsWith(`${words[0]} `));
  if (help && family.length > 0) return out(subcommands(family, paintOut));
  if (help && words[0]?.startsWith("-")) return out(overview(commands, paintOut));
  throw unknown(commands, words, family);
}

function wantsHelp(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  return words
    .slice(0, end === -1 ? undefined : end)
    .some((word) => word === "--help" || word === "-h");
}

/** Of more words before of fewer: `token create` is no argument of `token`. */
function findCommand(
  commands: readonly Command[],
  words: readonly string[],
): { command: Command; rest: readonly string[] } | undefined {
  for (const count of [3, 2, 1]) {
    const name = words.slice(0, count).join(" ");
    const command = commands.find((one) => one.name === name);
    if (command !== undefined) return { command, rest: words.slice(count) };
  }
  return undefined;
}

function unknown(
  commands: readonly Command[],
  words: readonly string[],
  family: readonly Command[],
): ExitError {
  const [first = "", second] = words;
  if (family.length > 0 && (second === undefined || second.startsWith("-"))) {
    const names = family.map(({ name }) => `warren ${name}`).join(", ");
    return new ExitError("usage", `${first}: which of ${names}?`);
  }
  const said = family.length > 0 ? `${first} ${second}` : first;
  const what = first.startsWith("-") ? "a command comes first" : "unknown command";
  const names = commands.flatMap(({ name }) => [name, name.split(" ")[0] ?? name]);
  const hint = nearest(said, names);
  return new ExitError("usage", `${said}: ${what}${hint}\n\`warren --help\` lists all.`);
}
