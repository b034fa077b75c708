import { ExitError, type Secret } from "@warren/host";
import { existsSync } from "node:fs";
import type { AgentSlot } from "../data/agent-slot.ts";
import type { DataFolder } from "../data/data-folder.ts";
import { mintLocalToken } from "../data/local-token.ts";
import { findGateway } from "../data/running-gateway.ts";

export interface WayIn {
  gateways: readonly string[];
  token: () => Promise<string>;
}

export interface Asked {
  /** What was said; empty looks for a gateway beside us. */
  gateways: readonly string[];
  token: Secret | undefined;
  hosts: readonly string[];
  tcp: boolean;
}

/**
 * Which gateway to dial and with which credential: what was said, else what runs with the data folder
 * and a token made with its key. Each slot is a cluster of its own, because a cluster's routes are
 * replaced as a whole: two processes with one token would each undo the other's.
 */
export async function wayIn(folder: DataFolder, slot: AgentSlot, asked: Asked): Promise<WayIn> {
  const gateways = asked.gateways.length > 0 ? asked.gateways : [await beside(folder)];
  const { token: given } = asked;
  if (given !== undefined) return { gateways, token: () => given.read() };
  if (!existsSync(folder.signingKey)) {
    const text = `--token-file: needed, since ${folder.path} has no key to make a token with`;
    throw new ExitError("usage", text);
  }
  const { hosts, tcp } = asked;
  // One for the life of the process: a tunnel is bound to its token, and resumes with it alone.
  const cluster = { uuid: slot.clusterUuid, name: "expose", hosts, tcp };
  const token = await mintLocalToken(folder, cluster);
  return { gateways, token: () => Promise.resolve(token) };
}

async function beside(folder: DataFolder): Promise<string> {
  const running = await findGateway(folder.running);
  if (running !== undefined) return running.gateway;
  const text = `no gateway runs with ${folder.path}: start one with \`warren up\`, or say --gateway`;
  throw new ExitError("unavailable", text);
}
