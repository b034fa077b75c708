import { adminOptions, openAdmin } from "../admin/admin-options.ts";
import { command } from "../cli/command.ts";
import { jsonOption } from "../cli/options.ts";

export const drain = command({
  name: "drain",
  usage: "",
  summary: "let a gateway finish what it has, and end",
  about: `The gateway turns not ready, goes on accepting until balancers have seen that, sends its agents
elsewhere, finishes what is open until its deadline, and ends. The same as SIGTERM.`,
  examples: [
    { run: "warren drain", why: "the gateway of this data folder" },
    { run: "warren drain --admin http://127.0.0.1:9091", why: "another one on this machine" },
  ],
  options: { ...adminOptions, json: jsonOption },
  words: { least: 0, most: 0 },
  async run(call) {
    const done = await (await openAdmin(call)).change("POST", "/drain");
    if (call.config.json) call.terminal.out(JSON.stringify(done));
    else call.terminal.note("draining");
  },
});
