/**
 * The token of whoever is at this page. It comes in the address's fragment, which no server is told, from the page
 * that frames this one, from another tab, or typed; and it is kept for as long as the tab is there.
 */

/** As the pages before these called it: what puts it there goes on to work. */
const KEY = "jwt_token";
const CHANNEL = "warren-account";
/** A page that frames this one, or a tab beside it, answers within this or has nothing to say. */
const ANSWER_MS = 400;

type Said = { type: "ask" } | { type: "token"; token: string } | { type: "forget" };

export class TokenKeeper {
  readonly #channel = new BroadcastChannel(CHANNEL);
  #token: string | undefined;

  /** `forgotten`: somebody signed out in another tab. */
  constructor(forgotten: () => void) {
    this.#channel.addEventListener("message", ({ data }: MessageEvent<Said>) => {
      if (data.type === "ask" && this.#token !== undefined)
        this.#say({ type: "token", token: this.#token });
      if (data.type !== "forget" || this.#token === undefined) return;
      this.#drop();
      forgotten();
    });
  }

  get token(): string | undefined {
    return this.#token;
  }

  /** The first that there is. Resolves to undefined where nobody has one. */
  async find(): Promise<string | undefined> {
    const found =
      fromAddress() ?? stored() ?? (await this.fromParent()) ?? (await this.#fromTabs());
    if (found !== undefined) this.keep(found);
    return found;
  }

  /** A fresh one of the page that frames this one; undefined where none does. */
  fromParent(): Promise<string | undefined> {
    if (window.parent === window) return Promise.resolve(undefined);
    // Who may frame this page is said by its policy: whoever is asked has been let in.
    return answered((heard) => {
      const listen = ({ source, data }: MessageEvent<unknown>) => {
        if (source === window.parent) heard(tokenIn(data));
      };
      window.addEventListener("message", listen);
      window.parent.postMessage({ type: "request_token" }, "*");
      return () => window.removeEventListener("message", listen);
    });
  }

  keep(token: string): void {
    this.#token = token;
    // Some browsers refuse storage to framed pages: then it lasts as long as the page.
    attempt(() => sessionStorage.setItem(KEY, token));
  }

  /** Here and in the other tabs. */
  forget(): void {
    this.#drop();
    this.#say({ type: "forget" });
  }

  /** Here alone: the service does not take it. */
  #drop(): void {
    this.#token = undefined;
    attempt(() => sessionStorage.removeItem(KEY));
  }

  #fromTabs(): Promise<string | undefined> {
    return answered((heard) => {
      const listen = ({ data }: MessageEvent<Said>) => heard(tokenIn(data));
      this.#channel.addEventListener("message", listen);
      this.#say({ type: "ask" });
      return () => this.#channel.removeEventListener("message", listen);
    });
  }

  #say(said: Said): void {
    this.#channel.postMessage(said);
  }
}

export function hasToken(fragment: string): boolean {
  return new URLSearchParams(fragment.slice(1)).has("token");
}

/** `#token=...`; it does not stay in the address, where it would be copied and kept in the history. */
function fromAddress(): string | undefined {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("token");
  if (token === null) return undefined;
  fragment.delete("token");
  const rest = fragment.toString();
  const { pathname, search } = location;
  history.replaceState(history.state, "", `${pathname}${search}${rest && `#${rest}`}`);
  return token === "" ? undefined : token;
}

function stored(): string | undefined {
  return attempt(() => sessionStorage.getItem(KEY)) ?? undefined;
}

function attempt<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch {
    return undefined;
  }
}

function tokenIn(data: unknown): string | undefined {
  const { type, token } = (data ?? {}) as Record<string, unknown>;
  return type === "token" && typeof token === "string" && token !== "" ? token : undefined;
}

/** What is heard first, or undefined after a moment. `listen` returns its end. */
function answered(
  listen: (heard: (token: string | undefined) => void) => () => void,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const done = (token: string | undefined) => {
      clearTimeout(timer);
      end();
      resolve(token);
    };
    const timer = setTimeout(() => done(undefined), ANSWER_MS);
    const end = listen((token) => {
      if (token !== undefined) done(token);
    });
  });
}
