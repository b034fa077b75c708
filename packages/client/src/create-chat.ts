import { Chat, type ChatClient, type ClientEvents } from "./chat-client.ts";
import { Emitter } from "./emitter.ts";
import { uuids } from "./ids.ts";
import { DirectLine } from "./line/direct-line.ts";
import type { Line, LineListener } from "./line/line.ts";
import { SharedLine } from "./line/shared-line.ts";
import { thisPlatform, type Platform } from "./platform.ts";
import { forgivingStorage } from "./storage/forgiving-storage.ts";
import { indexedStorage } from "./storage/indexed-storage.ts";
import { memoryStorage } from "./storage/memory-storage.ts";
import type { ClientStorage } from "./storage/storage.ts";

export interface CreateChatOptions {
  /** Of the socket: `wss://host/chat/ws`; in a page also `/chat/ws`. */
  url: string;
  /** Asked before every try, and again before a token ends: return one that lasts. */
  token: () => Promise<string>;
  /** Keeps users of one device apart; a page with several accounts says whose this is. */
  account?: string;
  /** `admin` in the sessions of others. */
  role?: "user" | "admin";
  /** IndexedDB where there is one, else memory. */
  storage?: ClientStorage;
  /** Parts of the world that are another than the platform's: for tests, and for unusual places. */
  platform?: Partial<Platform>;
}

/** A client of the chat at `url`. It does nothing by itself until `connect`, but to show what was kept. */
export function createChat(options: CreateChatOptions): ChatClient {
  const platform: Platform = { ...thisPlatform(), ...options.platform };
  const { account = "", role = "user" } = options;
  const url = socketUrl(options.url, platform.baseUrl);
  const name = `warren-chat ${url} ${account}`;
  const events = new Emitter<ClientEvents>();
  const storage = forgivingStorage(options.storage ?? storageOf(platform, name), (reason) =>
    events.emit("problem", { what: "storage", reason }),
  );
  const token = options.token;
  const { clock, wallClock, random, randomBytes } = platform;
  const openLine = (deviceId: string, listener: LineListener): Line => {
    const direct = (heard: LineListener) =>
      new DirectLine({
        ...platform,
        url,
        token,
        deviceId,
        failed: (reason) => events.emit("problem", { what: "token", reason }),
        listener: heard,
      });
    const { tabs } = platform;
    const line =
      tabs === undefined ? direct(listener) : new SharedLine({ ...tabs, name, direct, listener });
    return woken(line, platform.wakes);
  };
  const newId = uuids(wallClock, randomBytes);
  return new Chat({ deps: { storage, clock, wallClock, random, newId }, role, openLine, events });
}

/** A line that looks after itself at every moment at which it may have been cut unseen. */
function woken(line: Line & { wake(): void }, wakes: Platform["wakes"]): Line {
  let end: (() => void) | undefined;
  return {
    get state() {
      return line.state;
    },
    connect() {
      end ??= wakes(() => line.wake());
      line.connect();
    },
    send: (frame) => line.send(frame),
    close() {
      end?.();
      end = undefined;
      line.close();
    },
  };
}

function storageOf({ databases }: Platform, name: string): ClientStorage {
  return databases === undefined ? memoryStorage() : indexedStorage(databases, name);
}

function socketUrl(given: string, base: string | undefined): string {
  const url = new URL(given, base);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}
