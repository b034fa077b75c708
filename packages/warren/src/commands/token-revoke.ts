import { adminOptions, openAdmin } from "../admin/admin-options.ts";
import { command, usage } from "../cli/command.ts";
import { jsonOption } from "../cli/options.ts";

/** A token is three words with dots between; it should not travel, and its id is enough. */
const NOT_THE_TOKEN = "expected the token's id, not the token itself";

export const tokenRevoke = command({
  name: "token revoke",
  usage: "<token id>",
  summary: "end a token and the tunnels that came in with it",
  about: `A revoked token lets nobody in any more, at any gateway that shares the registry, and what came
in with it is closed within five seconds. There is no way back: make a new one.`,
  examples: [
    { run: "warren token revoke m3Hqn00FRkYDRJFX", why: "the id is what `token create` said" },
    {
      run: "warren token revoke m3Hqn00FRkYDRJFX --admin http://10.0.0.1:9090 --admin-token-file admin-token",
      why: "at a gateway on another machine",
    },
  ],
  options: { ...adminOptions, json: jsonOption },
  words: { least: 1, most: 1 },
  async run(call) {
    const [id = ""] = call.positionals;
    if (id.includes(".")) throw usage("token revoke", [NOT_THE_TOKEN]);
    const admin = await openAdmin(call);
    const done = await admin.change("POST", "/revocations", { token_id: id });
    if (call.config.json) call.terminal.out(JSON.stringify(done));
    else call.terminal.note(`token ${id} is revoked`);
  },
});
