import type { Presence } from "../../ports.ts";
import { KEYS } from "./keys.ts";
import type { RegistryLink } from "./registry-link.ts";
import { ALIVE, KEEP_ALIVE } from "./scripts.ts";
import type { Change, VersionWatch } from "./version-watch.ts";

export interface PresencesOptions {
  link: RegistryLink;
  watch: VersionWatch;
  gatewayId: string;
  /** How long a gateway's word counts without its renewal. */
  ttlMs: number;
  writeMs: number;
  wallClock: () => number;
}

/** What one gateway says of one cluster. */
interface Word {
  online: boolean;
  since: number;
  /** Undefined where its agents have not said, or the gateway is of a release that does not pass it on. */
  isPublic?: boolean | undefined;
}

/** Which clusters are online, and which are public: each gateway's own word, shared, renewed, and believed while it lives. */
export class Presences {
  readonly #options: PresencesOptions;
  readonly #own = new Map<string, Word>();
  /** By cluster, then by gateway. */
  readonly #words = new Map<string, Map<string, Word>>();
  readonly #known = new Map<string, Presence>();

  constructor(options: PresencesOptions) {
    this.#options = options;
  }

  get(clusterUuid: string): Presence | undefined {
    return this.#known.get(clusterUuid);
  }

  /** Here at once, on other gateways as soon as they hear. */
  async set(clusterUuid: string, online: boolean, isPublic?: boolean): Promise<void> {
    const { gatewayId, wallClock, link, watch } = this.#options;
    const before = this.#own.get(clusterUuid);
    const isSame = before?.online === online;
    const word: Word = {
      online,
      since: isSame ? before.since : wallClock(),
      isPublic: isPublic ?? before?.isPublic,
    };
    if (isSame && before.isPublic === word.isPublic) return;
    this.#own.set(clusterUuid, word);
    this.hear({ clusterUuid, gatewayId, ...word });
    if (!link.healthy) return;
    try {
      await this.#write([[clusterUuid, word]]);
      await watch.announce({ online: { clusterUuid, gatewayId, ...word } });
    } catch {
      // The next renewal says it.
    }
  }

  hear({ clusterUuid, gatewayId, ...word }: NonNullable<Change["online"]>): void {
    const words = this.#words.get(clusterUuid) ?? new Map<string, Word>();
    this.#words.set(clusterUuid, words);
    words.set(gatewayId, word);
    this.#sum(clusterUuid, words);
  }

  /** Renews what this gateway says, and reads what the others say. Rejects while Redis is away. */
  async renew(): Promise<void> {
    const { link, writeMs, watch, gatewayId } = this.#options;
    await this.#write([...this.#own]);
    const flat = (await link.run(ALIVE, KEYS.online, [], writeMs)) as string[];
    // After a flush others are about to say again what they said: what is known stays meanwhile.
    if (!watch.isRecovering) this.#words.clear();
    for (let at = 0; at < flat.length; at += 2) {
      const [clusterUuid, gateway] = flat[at]!.split(" ") as [string, string];
      if (gateway === gatewayId) continue;
      this.hear({ clusterUuid, gatewayId: gateway, ...readWord(flat[at + 1]!) });
    }
    for (const [clusterUuid, word] of this.#own) this.hear({ clusterUuid, gatewayId, ...word });
    for (const uuid of this.#known.keys()) if (!this.#words.has(uuid)) this.#known.delete(uuid);
  }

  async #write(words: [clusterUuid: string, word: Word][]): Promise<void> {
    const { link, writeMs, ttlMs, gatewayId } = this.#options;
    for (let at = 0; at < words.length; at += 500) {
      const fields = words
        .slice(at, at + 500)
        .flatMap(([uuid, word]) => [`${uuid} ${gatewayId}`, writtenWord(word)]);
      await link.run(KEEP_ALIVE, KEYS.online, [String(ttlMs), ...fields], writeMs);
    }
  }

  #sum(clusterUuid: string, words: Map<string, Word>): void {
    const all = [...words.values()];
    const online = all.some((word) => word.online);
    // Of an online cluster those count that see it: another's word may be of long ago.
    const said = all.filter((word) => word.online === online);
    const known = this.#known.get(clusterUuid);
    const since =
      known?.online === online ? known.since : Math.max(...said.map((one) => one.since));
    const isPublic = said.some((word) => word.isPublic === true)
      ? true
      : said.find((word) => word.isPublic !== undefined)?.isPublic;
    if (known?.online === online && known.isPublic === isPublic) return;
    this.#known.set(clusterUuid, { online, since, isPublic });
  }
}

/** `online since public`; the third is left out where nobody has said, and by releases before it. */
function writtenWord({ online, since, isPublic }: Word): string {
  const third = isPublic === undefined ? "" : ` ${Number(isPublic)}`;
  return `${Number(online)} ${since}${third}`;
}

function readWord(text: string): Word {
  const [online, since = 0, isPublic] = text.split(" ").map(Number);
  return {
    online: online === 1,
    since,
    isPublic: isPublic === undefined ? isPublic : isPublic === 1,
  };
}
