import { openSigningKey } from "@warren/gateway";
import { join } from "node:path";
import { command } from "../cli/command.ts";
import { dataOption, jsonOption } from "../cli/options.ts";
import { dataFolder } from "../data/data-folder.ts";

export const tokenKeygen = command({
  name: "token keygen",
  usage: "",
  summary: "make the key that tokens are signed with, and say where it is",
  about: `Makes the pair of keys in the data folder where there is none, as \`token create\` would. Copy the
public one into the keys folder of each gateway; the private one stays where tokens are made.`,
  examples: [
    { run: "warren token keygen --data ./issuer", why: "keep the private key away from gateways" },
    {
      run: "cp issuer/keys/*.pem /etc/warren/keys/",
      why: "what a gateway needs, with --keys /etc/warren/keys",
    },
  ],
  options: { data: dataOption, json: jsonOption },
  words: { least: 0, most: 0 },
  async run({ config, terminal }) {
    const folder = dataFolder(config.data);
    const files = { privateFile: folder.signingKey, publicFolder: folder.keys };
    const { kid } = await openSigningKey(files);
    const publicFile = join(folder.keys, `${kid}.pem`);
    if (config.json) {
      const shown = { kid, public_file: publicFile, private_file: folder.signingKey };
      return terminal.out(JSON.stringify(shown, undefined, 2));
    }
    terminal.note(`private  ${folder.signingKey}`);
    terminal.out(publicFile);
  },
});
