import { join } from "node:path";
import { makeFolder, processLock } from "@warren/host";
import type { ChatDeps } from "../chat-deps.ts";
import type { ChatEvents } from "../events.ts";
import { openWithOrigin } from "./sqlite/open-with-origin.ts";
import { openSqliteKeyStore } from "./sqlite/sqlite-key-store.ts";
import type { Store } from "./store.ts";

export interface FolderOptions {
  folder: string;
  /** Name of the cluster; undefined: one of chance, kept in the folder. */
  cluster: string | undefined;
  events: ChatEvents;
  deps: Pick<ChatDeps, "clock" | "wallClock" | "fatal">;
}

/** The folder is another process's. The message is for the operator. */
export class FolderInUseError extends Error {
  override readonly name = "FolderInUseError";
  constructor(folder: string, pid: number | undefined) {
    const who = pid === undefined ? "another process" : `process ${pid}`;
    super(`${folder}: ${who} runs a chat here already; stop it, or name another folder`);
  }
}

/** The databases of one folder, which is this process's alone. Rejects with a FolderInUseError. */
export async function openFolder({ folder, cluster, events, deps }: FolderOptions): Promise<Store> {
  await using opened = new AsyncDisposableStack();
  makeFolder(folder, 0o700);
  const lock = processLock(join(folder, "chat.lock"));
  if (!lock.held) throw new FolderInUseError(folder, lock.pid);
  opened.use(lock);
  const { clock, wallClock, fatal } = deps;
  const content = opened.use(
    await openWithOrigin({
      database: join(folder, "chat.db"),
      originFile: join(folder, "chat-origin.json"),
      cluster,
      clock,
      wallClock,
      lost: fatal,
      failed: (cause) => events.broke("the mark of the chat's log could not be written", cause),
      restored: (epoch) => events.restored(epoch),
    }),
  );
  const keys = opened.use(await openSqliteKeyStore(join(folder, "chat-keys.db"), fatal));
  const owned = opened.move();
  return {
    name: "store",
    log: content.log,
    sessions: content.sessions,
    replies: content.replies,
    keys,
    leases: content.leases,
    isShared: false,
    limiter: undefined,
    logErasure: content.logErasure,
    shareLinks: content.shareLinks,
    erasures: content.erasures,
    legacy: undefined,
    check: () => content.check(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
