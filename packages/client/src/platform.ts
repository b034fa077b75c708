import type { Clock } from "./clock.ts";
import type { RandomBytes } from "./ids.ts";
import type { OpenSocket } from "./line/line.ts";
import type { Channel, Locks } from "./line/shared-line.ts";
import type { IndexedDatabases } from "./storage/indexed-storage.ts";
import { deviceStore } from "./visitor/device-store.ts";
import type { DeviceStore } from "./visitor/visitors.ts";

/** What the client needs of the world. The one place that knows where it runs. */
export interface Platform {
  readonly clock: Clock;
  /** Epoch milliseconds. */
  readonly wallClock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly randomBytes: RandomBytes;
  readonly openSocket: OpenSocket;
  /** What addresses without a host are relative to; undefined: there is nothing such. */
  readonly baseUrl: string | undefined;
  readonly isOnline: () => boolean;
  /** Calls at every moment at which the connection may have changed unseen. Returns its end. */
  readonly wakes: (wake: () => void) => () => void;
  /** Undefined: tabs do not share here. */
  readonly tabs: { locks: Locks; openChannel: (name: string) => Channel } | undefined;
  /** Undefined: nothing outlives the page. */
  readonly databases: IndexedDatabases | undefined;
  /** Who the visitor of this device is. */
  readonly device: DeviceStore;
  readonly fetch: typeof fetch;
}

/** Of a browser's window, as much as is used; in Node most of it is not there. */
interface Window {
  readonly document?: EventTarget & { readonly visibilityState: string };
  readonly location?: { readonly href: string };
  readonly indexedDB?: IndexedDatabases;
  readonly localStorage?: DeviceStore;
  readonly navigator?: { readonly onLine?: boolean; readonly locks?: Locks };
  readonly BroadcastChannel?: new (name: string) => Channel;
  addEventListener?: EventTarget["addEventListener"];
  removeEventListener?: EventTarget["removeEventListener"];
}

/** The browser's, or Node's. */
export function thisPlatform(): Platform {
  const window = globalThis as unknown as Window;
  return {
    clock: {
      now: () => performance.now(),
      after,
    },
    wallClock: () => Date.now(),
    random: () => Math.random(),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    openSocket: openWebSocket,
    baseUrl: window.document === undefined ? undefined : window.location?.href,
    isOnline: () => window.navigator?.onLine !== false,
    wakes: (wake) => wakesOf(window, wake),
    tabs: tabsOf(window),
    databases: window.indexedDB,
    device: DEVICE,
    fetch: (...asked) => fetch(...asked),
  };
}

/** One for the whole page, which remembers what the browser does not. */
const DEVICE = deviceStore(ownStore(globalThis));

/** Undefined where the browser refuses even to look at it; Node's warns of itself when it is looked at. */
function ownStore(window: Window): DeviceStore | undefined {
  try {
    return window.document === undefined ? undefined : window.localStorage;
  } catch {
    return undefined;
  }
}

/** setTimeout fires at once for anything longer: what is due later waits in stretches. */
const LONGEST_TIMER_MS = 2_147_483_647;

function after(ms: number, task: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (leftMs: number) => {
    const stretchMs = Math.min(leftMs, LONGEST_TIMER_MS);
    timer = setTimeout(() => {
      if (stretchMs < leftMs) wait(leftMs - stretchMs);
      else task();
    }, stretchMs);
  };
  wait(Math.ceil(ms));
  return () => clearTimeout(timer);
}

const openWebSocket: OpenSocket = (url, listener) => {
  const socket = new WebSocket(url);
  socket.addEventListener("open", () => listener.opened());
  socket.addEventListener("message", ({ data }) => listener.message(data));
  socket.addEventListener("close", ({ code, reason }) => listener.closed(code, reason));
  return {
    send: (text) => {
      // While it closes, what is sent is lost without a word: it is said again after the next resume.
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: (code) => socket.close(code),
  };
};

function wakesOf(window: Window, wake: () => void): () => void {
  const { document } = window;
  const look = () => {
    if (document?.visibilityState === "visible") wake();
  };
  if (document === undefined) return () => undefined;
  window.addEventListener?.("online", wake);
  // Its socket may stay silent for long: it is asked at once.
  window.addEventListener?.("offline", wake);
  window.addEventListener?.("pageshow", wake);
  document.addEventListener("visibilitychange", look);
  return () => {
    window.removeEventListener?.("online", wake);
    window.removeEventListener?.("offline", wake);
    window.removeEventListener?.("pageshow", wake);
    document.removeEventListener("visibilitychange", look);
  };
}

/** Node has both as well, and there every client is one of its own. */
function tabsOf({ document, navigator, BroadcastChannel }: Window): Platform["tabs"] {
  const locks = navigator?.locks;
  if (document === undefined || locks === undefined || BroadcastChannel === undefined) return;
  return { locks, openChannel: (name) => new BroadcastChannel(name) };
}
