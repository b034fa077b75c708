import { MongoClient, type MongoClientOptions, type WriteConcernSettings } from "mongodb";
import { MongoAddressError } from "./address-error.ts";

/** On disk at a majority: what is acknowledged outlives any one server. */
export const WRITE_CONCERN: WriteConcernSettings = { w: "majority", journal: true };
/** As the driver's collections take it. */
export const DURABLE = { level: "majority" } as const;

/** How long a call waits for a server or a connection before it is refused as retryable. */
const SELECTION_MS = 2_000;
/** As long as the guard waits for one attempt; then the connection is not used again. */
const ANSWER_MS = 10_000;

/** What the address may not weaken. */
export const CLIENT_OPTIONS: MongoClientOptions = {
  appName: "warren-chat",
  writeConcern: WRITE_CONCERN,
  readConcern: { level: "local" },
  readPreference: "primary",
  serverSelectionTimeoutMS: SELECTION_MS,
  connectTimeoutMS: SELECTION_MS,
  waitQueueTimeoutMS: SELECTION_MS,
  socketTimeoutMS: ANSWER_MS,
};

/** Throws a MongoAddressError. */
export function clientOf(uri: string): MongoClient {
  const client = opened(uri);
  // Heard, or a driver that loses a server would end the process.
  client.on("error", () => {});
  return client;
}

function opened(uri: string): MongoClient {
  try {
    return new MongoClient(uri, CLIENT_OPTIONS);
  } catch {
    throw new MongoAddressError();
  }
}

/**
 * Connects when first called, once for all who wait. A client of driver 7 whose first connect failed keeps
 * a closed topology and never serves again: it is closed, and the next call connects anew.
 */
export function connecting(client: MongoClient): () => Promise<void> {
  let connected: Promise<void> | undefined;
  const connect = async () => {
    try {
      await client.connect();
    } catch (error) {
      await client.close();
      connected = undefined;
      throw error;
    }
  };
  return () => (connected ??= connect());
}
