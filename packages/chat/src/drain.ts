import { wait, type Clock, type Listener } from "@warren/host";
import type { Door } from "./connections/door.ts";
import type { Conversations } from "./conversations.ts";
import type { FileDesk } from "./files/file-desk.ts";
import type { ChatEvents } from "./events.ts";

export interface DrainOptions {
  delayMs: number;
  spreadMs: number;
  runsMs: number;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  door: Door;
  listener: Listener;
  events: ChatEvents;
  conversations: Conversations;
  files: Pick<FileDesk, "drain">;
}

/** What a client has sent by its notice may take this long to be stored and acknowledged. */
const LAST_MS = 10_000;
/** A refusal is on its way for this long before its connection is cut. */
const ANSWER_MS = 1_000;

/**
 * Ends without losing anything. Before this the readiness probe has been turned off. 1. Goes on accepting
 * until balancers have seen that. 2. Accepts no more. 3. Tells each client to come back elsewhere, at
 * moments of chance, and closes its socket then, once all that it sent has been handled; until then its
 * questions are answered. 4. Lets answers that run and uploads that are under way end; at their deadline what is
 * left of answers is stored as it is, and uploads are refused, to be tried again. 5. Lets rows catch up.
 */
export async function drain(options: DrainOptions): Promise<void> {
  const { delayMs, runsMs, clock, door, listener, events, conversations } = options;
  const never = new AbortController().signal;
  events.stopping(door.size, conversations.runs.size);
  await wait(clock, delayMs, never);
  door.shut();
  listener.stop();
  const uploading = drainUploads(options);
  await moveAll(options);
  await conversations.talk.idle();
  await conversations.runs.drain(runsMs);
  await uploading;
  await conversations.folding.idle();
}

async function drainUploads({ files, runsMs, clock }: DrainOptions): Promise<void> {
  if (await files.drain(runsMs)) await wait(clock, ANSWER_MS, new AbortController().signal);
}

async function moveAll({ door, clock, random, spreadMs }: DrainOptions): Promise<void> {
  const never = new AbortController().signal;
  const moves = [...door.connections()].map(async (connection) => {
    const afterMs = Math.round(random() * spreadMs);
    connection.migrate(afterMs);
    await wait(clock, afterMs, never);
    await Promise.race([connection.idle(), wait(clock, LAST_MS, never)]);
    connection.close("DRAINING");
  });
  await Promise.all(moves);
}
