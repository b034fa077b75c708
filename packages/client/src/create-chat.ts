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
import { Becoming } from "./visitor/becoming.ts";
import { GuestToken } from "./visitor/guest-token.ts";
import { Visitors } from "./visitor/visitors.ts";

export interface CreateChatOptions {
  /** Of the socket: `wss://host/chat/ws`; in a page also `/chat/ws`. */
  url: string;
  /**
   * Asked before every try, and again before a token ends: return one that lasts. `guest`: a visitor, known on
   * this device by a token of its own. Once there is a user, what the visitor said here becomes the user's.
   */
  token: "guest" | (() => Promise<string>);
  /** Keeps users of one device apart; a page with several accounts says whose this is. */
  account?: string;
  /** `admin` in the sessions of others. */
  role?: "user" | "admin";
  /** IndexedDB where there is one, else memory. What a visitor had not sent is kept in neither of yours. */
  storage?: ClientStorage;
  /** Parts of the world that are another than the platform's: for tests, and for unusual places. */
  platform?: Partial<Platform>;
}

/** A client of the chat at `url`. It does nothing by itself until `connect`, but to show what was kept. */
export function createChat(options: CreateChatOptions): ChatClient {
  const platform: Platform = { ...thisPlatform(), ...options.platform };
  const { role = "user" } = options;
  const url = socketUrl(options.url, platform.baseUrl);
  const { wallClock, randomBytes } = platform;
  const newId = uuids(wallClock, randomBytes);
  const visitors = visitorsOf(url, platform);
  const isGuest = options.token === "guest";
  const account = isGuest ? visitors.account : (options.account ?? "");
  const nameOf = (of: string) => `warren-chat ${url} ${of}`;
  const events = new Emitter<ClientEvents>();
  const forgiving = (storage: ClientStorage) =>
    forgivingStorage(storage, (reason) => events.emit("problem", { what: "storage", reason }));
  const storageOf = (of: string) => forgiving(storageNamed(platform, nameOf(of)));
  const storage = options.storage === undefined ? storageOf(account) : forgiving(options.storage);
  const own = { ...platform, url: httpUrl(url), visitors };
  const guest = new GuestToken(own);
  const token = options.token === "guest" ? () => guest.token() : options.token;
  const failed = (reason: unknown) => events.emit("problem", { what: "token", reason });
  const openLine = (deviceId: string, listener: LineListener): Line => {
    const direct = (heard: LineListener) =>
      new DirectLine({ ...platform, url, token, deviceId, failed, listener: heard });
    const { tabs } = platform;
    const line =
      tabs === undefined
        ? direct(listener)
        : new SharedLine({ ...tabs, name: nameOf(account), direct, listener });
    return woken(line, platform.wakes);
  };
  const isUser = !isGuest && role === "user";
  const becoming = isUser ? new Becoming({ ...own, token, storageOf, storage }) : undefined;
  const { clock, random } = platform;
  const deps = { storage, clock, wallClock, random, newId };
  const chat = new Chat({ deps, role, openLine, events, becoming });
  if (isGuest) letIn(chat, guest);
  return chat;
}

/** Tokens of the visitor of this device, for pages that ask the service themselves. `url`: of the socket. */
export function guestToken(url: string): () => Promise<string> {
  const platform = thisPlatform();
  const socket = socketUrl(url, platform.baseUrl);
  const visitors = visitorsOf(socket, platform);
  const guest = new GuestToken({ ...platform, url: httpUrl(socket), visitors });
  return () => guest.token();
}

function visitorsOf(url: string, { wallClock, randomBytes, device }: Platform): Visitors {
  const newId = uuids(wallClock, randomBytes);
  return new Visitors({ url: httpUrl(url), store: device, newId });
}

/** A visitor whom the service refuses is a new one, once. */
function letIn(chat: ChatClient, guest: GuestToken): void {
  let isSecondTry = false;
  chat.on("connection", (state) => {
    if (state.name === "open") isSecondTry = false;
    if (state.name === "waiting" || state.name === "closed") guest.doubt();
    if (state.name !== "closed" || state.code === CLOSED_HERE || isSecondTry) return;
    isSecondTry = true;
    chat.connect();
  });
}

const CLOSED_HERE = 1_000;

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

function storageNamed({ databases }: Platform, name: string): ClientStorage {
  return databases === undefined ? memoryStorage() : indexedStorage(databases, name);
}

function socketUrl(given: string, base: string | undefined): string {
  const url = new URL(given, base);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

/** Of the service whose socket is at `{url}/ws`. */
function httpUrl(socket: string): string {
  const url = new URL(socket.replace(/\/ws\/?$/, ""));
  url.protocol = url.protocol.replace("ws", "http");
  return url.href.replace(/\/+$/, "");
}
