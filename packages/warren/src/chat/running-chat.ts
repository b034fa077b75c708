import { readState } from "@warren/host";
import * as v from "valibot";
import { announce } from "../data/announced.ts";

/** What a chat leaves in its data folder, so that commands beside it find it. */
const RunningChatFile = v.object({
  pid: v.number(),
  /** Its origin and prefix: `http://127.0.0.1:8085/chat`. */
  url: v.string(),
});
type RunningChatFile = v.InferOutput<typeof RunningChatFile>;

/** Says that it runs; what comes back says that it no longer does. */
export function announceChat(file: string, chat: RunningChatFile): Promise<AsyncDisposable> {
  return announce(file, chat, RunningChatFile);
}

/** Undefined when none was announced. One that was killed may be: ask it to be sure. */
export function findChat(file: string): Promise<RunningChatFile | undefined> {
  return readState(file, RunningChatFile);
}
