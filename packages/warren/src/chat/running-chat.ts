import { rm } from "node:fs/promises";
import { readState, writeState } from "@warren/host";
import * as v from "valibot";

/** What a chat leaves in its data folder, so that commands beside it find it. */
const RunningChatFile = v.object({
  pid: v.number(),
  /** Its origin and prefix: `http://127.0.0.1:8085/chat`. */
  url: v.string(),
});
type RunningChatFile = v.InferOutput<typeof RunningChatFile>;

/** Says that it runs; what comes back says that it no longer does. */
export async function announceChat(file: string, chat: RunningChatFile): Promise<AsyncDisposable> {
  await writeState(file, chat);
  return {
    async [Symbol.asyncDispose]() {
      const said = await findChat(file).catch(() => undefined);
      // A successor may have announced itself meanwhile.
      if (said === undefined || said.pid === chat.pid) await rm(file, { force: true });
    },
  };
}

/** Undefined when none was announced. One that was killed may be: ask it to be sure. */
export function findChat(file: string): Promise<RunningChatFile | undefined> {
  return readState(file, RunningChatFile);
}
