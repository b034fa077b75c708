import { adminOptions, openAdmin } from "../admin/admin-options.ts";
import { command } from "../cli/command.ts";
import { jsonOption } from "../cli/options.ts";

export const claimsRelease = command({
  name: "claims release",
  usage: "<host>",
  summary: "give a host up, for another group to claim",
  about: `A host belongs to the group that published it first, also after its routes are gone. Releasing it
lets the next group that publishes it have it. \`warren routes --claims\` lists who has what.`,
  examples: [{ run: "warren claims release app.example.com", why: "it moves to another cluster" }],
  options: { ...adminOptions, json: jsonOption },
  words: { least: 1, most: 1 },
  async run(call) {
    const [host = ""] = call.positionals;
    const admin = await openAdmin(call);
    const done = await admin.change("DELETE", `/claims/${encodeURIComponent(host)}`);
    if (call.config.json) call.terminal.out(JSON.stringify(done));
    else call.terminal.note(`${host} is free`);
  },
});
