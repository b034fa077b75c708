import { run } from "@warren/host";
import { dispatch } from "./cli/dispatch.ts";
import { terminal } from "./cli/terminal.ts";
import { commands } from "./commands.ts";
import { VERSION } from "./version.ts";

/** The process `warren`: the only place that reads its words and its environment. */
await run((running) => {
  const { argv, env, execArgv, execPath, pid, stdin, stdout, stderr } = process;
  const spoken = terminal(stdout, stderr, Boolean(env["NO_COLOR"]));
  const stdinEnded = () =>
    new Promise<void>((resolve) => {
      stdin.once("end", resolve).once("close", resolve).once("error", resolve).resume();
    });
  const self = { pid, node: execPath, nodeWords: [...execArgv, argv[1] ?? ""], stdinEnded };
  const stage = { ...running, env, terminal: spoken, self };
  return dispatch({ version: VERSION, commands }, argv.slice(2), stage);
});
