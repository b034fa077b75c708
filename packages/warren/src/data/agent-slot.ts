import { processLock, randomId, readState, writeState } from "@warren/host";
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import * as v from "valibot";

const Identity = v.object({ agent_id: v.string(), cluster_uuid: v.string() });

/** One process's name among agents, kept over restarts and held while the process lives. */
export interface AgentSlot extends Disposable {
  agentId: string;
  /** Of the cluster that this slot is when it makes its own token. */
  clusterUuid: string;
}

/** More processes of one command beside each other than anybody starts. */
const MOST = 1000;

/** Takes the first free slot of a command: `<folder>/expose-1`, then `expose-2`... */
export async function openAgentSlot(folder: string, command: string): Promise<AgentSlot> {
  for (let number = 1; number <= MOST; number++) {
    const place = join(folder, `${command}-${number}`);
    const lock = processLock(`${place}.lock`);
    if (!lock.held) continue;
    const known = await readState(`${place}.json`, Identity);
    const identity = known ?? mint(command);
    if (known === undefined) await writeState(`${place}.json`, identity);
    return {
      agentId: identity.agent_id,
      clusterUuid: identity.cluster_uuid,
      [Symbol.dispose]: () => lock[Symbol.dispose](),
    };
  }
  throw new Error(`${folder}: all ${MOST} slots of ${command} are taken`);
}

function mint(command: string): v.InferOutput<typeof Identity> {
  const agent_id = `${hostname().slice(0, 60)}-${command}-${randomId(6, "hex")}`;
  return { agent_id, cluster_uuid: randomUUID() };
}
