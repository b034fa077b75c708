import { run } from "@warren/host";
import { dispatch } from "./cli/dispatch.ts";
import { terminal } from "./cli/terminal.ts";
import { commands } from "./commands.ts";
import { VERSION } from "./version.ts";

/** The process `warren`: the only place that reads its words and its environment. */
await run((running) => {
  const { argv, env, stdout, stderr } = process;
  const spoken = terminal(stdout, stderr, Boolean(env["NO_COLOR"]));
  const stage = { ...running, env, terminal: spoken };
  return dispatch({ version: VERSION, commands }, argv.slice(2), stage);
});
