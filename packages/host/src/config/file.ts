import type { Environment } from "./environment.ts";
import { parseFlags } from "./flags.ts";
import { namesOf, option } from "./option.ts";
import { Text } from "./values.ts";

/** Every command has it: the TOML file that the others may be said in. */
export const configOption = option({
  value: "<file>",
  schema: Text,
  help: "TOML file with options of any command.",
  names: { toml: false },
});

/** Which file to read before `loadConfig`; undefined for none. Flag before environment. */
export function configFile(argv: readonly string[], env: Environment): string | undefined {
  const { flag = "", env: variable = "" } = namesOf("config", configOption);
  const [path] = parseFlags({ config: configOption }, argv).said.get(flag) ?? [];
  return path || env[variable] || undefined;
}
