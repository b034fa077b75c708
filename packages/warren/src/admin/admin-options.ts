import { option, secretOption, urlOf, type ConfigOf, type SecretsOf } from "@warren/host";
import { dataOption } from "../cli/options.ts";
import { dataFolder } from "../data/data-folder.ts";
import { findGateway } from "../data/running-gateway.ts";
import { adminClient, adminToken, type AdminClient } from "./admin-client.ts";

const DEFAULT_URL = "http://127.0.0.1:9090";

/** How the commands that ask a running gateway find it. */
export const adminOptions = {
  admin: option({
    value: "<url>",
    schema: urlOf("http", "https"),
    help: `The gateway's admin listener; what runs with this data folder, or ${DEFAULT_URL}, unless set.`,
  }),
  adminToken: secretOption({ help: "Credential for changes to a gateway on another machine." }),
  data: dataOption,
};

export interface AdminCall {
  config: ConfigOf<typeof adminOptions>;
  secrets: SecretsOf<typeof adminOptions>;
  signal: AbortSignal;
}

export async function openAdmin({ config, secrets, signal }: AdminCall): Promise<AdminClient> {
  const folder = dataFolder(config.data);
  const url = config.admin ?? new URL((await findGateway(folder.running))?.admin ?? DEFAULT_URL);
  const token = () => adminToken(secrets.adminToken, folder.adminToken);
  return adminClient({ url, token }, signal);
}
