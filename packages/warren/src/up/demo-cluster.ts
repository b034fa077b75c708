import { readState, replaceFile, writeState } from "@warren/host";
import { randomUUID } from "node:crypto";
import * as v from "valibot";
import type { DataFolder } from "../data/data-folder.ts";
import { mintLocalToken } from "../data/local-token.ts";

export const DEMO_HOST = "hello.localhost";
export const CHAT_HOST = "chat.localhost";

const Demo = v.object({ cluster_uuid: v.string() });

/** Makes the demo's token, afresh at each start, for the cluster that it always was. */
export async function prepareDemo(folder: DataFolder): Promise<void> {
  const known = await readState(folder.demo, Demo);
  const uuid = known?.cluster_uuid ?? randomUUID();
  if (known === undefined) await writeState(folder.demo, { cluster_uuid: uuid });
  const cluster = { uuid, name: "demo", hosts: [DEMO_HOST, CHAT_HOST], tcp: false };
  const token = await mintLocalToken(folder, cluster);
  await replaceFile(folder.demoToken, `${token}\n`);
}
