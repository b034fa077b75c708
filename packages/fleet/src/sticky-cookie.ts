/**
 * The value of the affinity cookie: a tag of the cluster, a dot, a tag of the agent. Tags are keyed
 * hashes, so a client learns no name and cannot make one up; nothing is decoded, a tag is looked for
 * among those that live. Gateways that share the key understand each other's cookies.
 */
export class StickyCookie {
  readonly #tag: (text: string) => string;
  readonly #known = new Map<string, string>();

  /** `tag` is a keyed hash as URL-safe text without dots (HMAC-SHA-256, 96 bits of it or more). */
  constructor(tag: (text: string) => string) {
    this.#tag = tag;
  }

  valueOf(clusterUuid: string, agentId: string): string {
    return `${this.#tagOf(clusterUuid)}.${this.#tagOf(`${clusterUuid}/${agentId}`)}`;
  }

  /** True when a cookie names the cluster, also if its agent has gone. */
  namesCluster(value: string, clusterUuid: string): boolean {
    const tag = this.#tagOf(clusterUuid);
    return value.startsWith(tag) && value[tag.length] === ".";
  }

  namesAgent(value: string, clusterUuid: string, agentId: string): boolean {
    return value === this.valueOf(clusterUuid, agentId);
  }

  #tagOf(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    // Only names of live clusters and agents come here; old ones are swept out with the rest.
    if (this.#known.size >= 10_000) this.#known.clear();
    const tag = this.#tag(text);
    this.#known.set(text, tag);
    return tag;
  }
}
