import { EXITS, helpText } from "@warren/host";
import type { Command } from "./command.ts";
import type { Paint } from "./terminal.ts";

const INTRO = `Warren makes services in private clusters reachable under public names, over a
tunnel that a private side dials, and that survives a connection that does not.`;

const GROUPS: readonly { title: string; names: readonly string[] }[] = [
  { title: "Start here", names: ["up", "expose"] },
  { title: "Run", names: ["gateway", "agent", "chat"] },
  { title: "Let in", names: ["token create", "token revoke", "token keygen", "chat token"] },
  { title: "See", names: ["status", "routes", "why", "agent doctor"] },
  { title: "Change", names: ["claims release", "drain", "chat keys rotate", "agent leave"] },
];

/** `warren --help`. */
export function overview(commands: readonly Command[], paint: Paint): string {
  const groups = GROUPS.map(({ title, names }) => {
    const lines = commands
      .filter(({ name }) => names.includes(name))
      .map(({ name, summary }) => `  ${name.padEnd(18)}${summary}`);
    return [paint("bold", title), ...lines].join("\n");
  });
  const ways = `Every option can be a flag, a variable (WARREN_...) or a key of a TOML file (--config).`;
  return [
    INTRO,
    `${paint("bold", "Usage")}\n  warren <command> [options]`,
    ...groups,
    `\`warren <command> --help\` shows examples and options. ${ways}`,
    exits(paint),
  ].join("\n\n");
}

/** `warren token --help`: the commands that begin with a word. */
export function subcommands(commands: readonly Command[], paint: Paint): string {
  const lines = commands.map(({ name, summary }) => `  warren ${name.padEnd(18)}${summary}`);
  return [paint("bold", "Commands"), ...lines].join("\n");
}

/** `warren expose --help`. */
export function commandHelp(command: Command, paint: Paint): string {
  const { name, usage, about, examples, options } = command;
  const shown = examples.map(({ run, why }) => `  ${paint("dim", `# ${why}`)}\n  ${run}`);
  return [
    about,
    `${paint("bold", "Usage")}\n  ${`warren ${name} ${usage}`.trimEnd()}`,
    `${paint("bold", "Examples")}\n${shown.join("\n")}`,
    `${paint("bold", "Options")}\n${helpText(options)}`,
    exits(paint),
  ].join("\n\n");
}

function exits(paint: Paint): string {
  const lines = Object.values(EXITS).map(({ code, help }) => `  ${code}  ${help}`);
  return [paint("bold", "Exit codes"), ...lines].join("\n");
}
