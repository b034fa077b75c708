import { option, Text } from "@warren/host";
import { adminOptions, openAdmin } from "../admin/admin-options.ts";
import { command, scoped } from "../cli/command.ts";
import { jsonOption } from "../cli/options.ts";
import { outline } from "../cli/outline.ts";

export const why = command({
  name: "why",
  usage: "<url>",
  summary: "which route, cluster, gateway, agent and policy would serve a URL",
  about: `Asks a running gateway what it would do with a request for a URL, and why: which route matches,
which cluster and agent would be chosen, and what stands in the way.`,
  examples: [
    { run: "warren why http://hello.localhost:8080/", why: "the demo of `warren up`" },
    { run: "warren why https://app.example.com/api/users --method POST", why: "another method" },
  ],
  options: {
    ...adminOptions,
    ...scoped("why", {
      method: option({ value: "<method>", schema: Text, default: "GET", help: "Of the request." }),
    }),
    json: jsonOption,
  },
  words: { least: 1, most: 1 },
  async run(call) {
    const [said = ""] = call.positionals;
    const url = said.includes("://") ? said : `http://${said}`;
    const admin = await openAdmin(call);
    const query = new URLSearchParams({ url, method: call.config.method });
    const answer = await admin.get(`/why?${query.toString()}`);
    const { out } = call.terminal;
    out(call.config.json ? JSON.stringify(answer, undefined, 2) : outline(answer));
  },
});
