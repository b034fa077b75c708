import { randomId } from "@warren/host";
import { SessionDesk } from "./api/session-desk.ts";
import type { ChatDeps } from "./chat-deps.ts";
import type { ChatConfig } from "./config.ts";
import type { Conversations } from "./conversations.ts";
import { FileEvents } from "./files/events.ts";
import { FileDesk } from "./files/file-desk.ts";
import { FileLinks } from "./files/file-links.ts";
import type { Files, FileUpkeep } from "./files/ports.ts";
import { storedQuota, type Quota } from "./files/quota.ts";
import { UPLOADS, Uploads } from "./files/uploads.ts";
import { KeyRotation } from "./keys/key-rotation.ts";
import { Eraser } from "./privacy/eraser.ts";
import type { Leaving } from "./privacy/ports.ts";
import { PrivacyEvents } from "./privacy/events.ts";
import { Exporter } from "./privacy/export.ts";
import { startRetention } from "./privacy/retention.ts";
import type { Seals } from "./seals.ts";
import { ShareEvents } from "./shares/events.ts";
import { SHARE_USE, ShareDesk } from "./shares/share-desk.ts";
import type { Store } from "./store/store.ts";

export interface ContentOptions {
  config: Pick<ChatConfig, "files" | "shares" | "retention">;
  deps: ChatDeps;
  store: Store;
  fileStore: Files & FileUpkeep;
  seals: Seals;
  links: FileLinks;
  conversations: Conversations;
}

/** An owner's space is counted anew after this long, and for so many owners it is remembered. */
const QUOTA = { believedMs: 60_000, mostOwners: 10_000 };

/** The parts that have to do with what sessions hold: files, links to them, export, erasure, their keys. */
export class Content {
  readonly files: FileDesk;
  readonly links: FileLinks;
  readonly shares: ShareDesk;
  readonly exporter: Exporter;
  readonly eraser: Eraser;
  readonly rotation: KeyRotation;
  readonly #options: ContentOptions;
  readonly #store: Files & FileUpkeep;
  readonly #quota: Quota;
  readonly #events: { files: FileEvents; shares: ShareEvents; privacy: PrivacyEvents };

  constructor(options: ContentOptions) {
    this.#options = options;
    const { config, deps, store, fileStore, seals, links, conversations } = options;
    const { log, metrics, clock, wallClock } = deps;
    this.links = links;
    this.#events = {
      files: new FileEvents(log, metrics),
      shares: new ShareEvents(log, metrics),
      privacy: new PrivacyEvents(log, metrics),
    };
    this.#store = fileStore;
    const quota = { ...QUOTA, mostBytes: config.files.quotaBytes };
    this.#quota = storedQuota(this.#store, quota, () => clock.now());
    this.shares = new ShareDesk({
      ...config.shares,
      links: store.shareLinks,
      masters: seals.masters,
      wallClock,
      randomHex: (bytes) => randomId(bytes, "hex"),
      events: this.#events.shares,
    });
    this.files = this.#fileDesk();
    const desk = new SessionDesk({
      ...conversations.forDesk,
      tokensOf: (sessionIds) => this.shares.tokens(sessionIds),
      wallClock,
    });
    this.exporter = new Exporter({
      sessions: store.sessions,
      journal: conversations.journal,
      desk,
      shares: this.shares,
      files: this.#store,
      wallClock,
      events: this.#events.privacy,
    });
    this.eraser = this.#eraser();
    const values = [{ values: store.shareLinks, use: SHARE_USE }];
    this.rotation = new KeyRotation({ store: store.keys, values, masters: seals.masters, log });
  }

  /** What becomes of the files of a guest who turns out to be a user. */
  get forGuests() {
    const { conversations } = this.#options;
    const leave = (who: Leaving) => conversations.leave(who);
    return { files: this.#store, quota: this.#quota, leave };
  }

  /** What the HTTP interface has of it. */
  get forApi() {
    const { files, links, shares, exporter, eraser, rotation } = this;
    return { files, links, shares, exporter, eraser, rotation };
  }

  /** Goes on with erasures, and removes what is older than it is kept. */
  startRetention(): AsyncDisposable {
    const { config, deps, store } = this.#options;
    const { clock, wallClock } = deps;
    return startRetention({
      policy: config.retention,
      eraser: this.eraser,
      sessions: store.sessions,
      shareLinks: store.shareLinks,
      files: this.#store,
      clock,
      wallClock,
      events: this.#events.privacy,
      shareEvents: this.#events.shares,
      fileEvents: this.#events.files,
    });
  }

  #fileDesk(): FileDesk {
    const { config, deps, conversations } = this.#options;
    const { mostBytes, allowForeign, store } = config.files;
    const files = this.#store;
    const quota = this.#quota;
    const uploads = new Uploads(
      { ...UPLOADS, mostBytes },
      { files, quota, clock: deps.clock, events: this.#events.files },
    );
    const direct = store.kind === "s3" && store.isDirect ? files.direct : undefined;
    const stands = async (scope: string) => {
      const [, kind, id = ""] = /^(session|share):(.+)$/.exec(scope) ?? [];
      if (kind === "share") return this.shares.stands(id);
      return kind === "session" && (await conversations.folding.owner(id)) !== undefined;
    };
    const { links } = this;
    return new FileDesk({ files, uploads, quota, links, mostBytes, direct, allowForeign, stands });
  }

  #eraser(): Eraser {
    const { deps, store, seals, conversations } = this.#options;
    const { folding, runs } = conversations;
    const { log, logErasure, erasures, shareLinks, sessions, leases } = store;
    return new Eraser({
      log,
      logErasure,
      erasures,
      shareLinks,
      sessions,
      folding,
      runs,
      leases,
      keys: seals.keys,
      files: this.#store,
      quota: this.#quota,
      fileEvents: this.#events.files,
      events: this.#events.privacy,
      wallClock: deps.wallClock,
      leave: (who) => conversations.leave(who),
    });
  }
}
