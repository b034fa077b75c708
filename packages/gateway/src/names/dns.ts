import { Resolver } from "node:dns/promises";

/** Questions to DNS. Each is answered, or fails, within some seconds. */
export interface Dns {
  /** Texts of the TXT records; none where there are none. Rejects when nobody could say. */
  txt(name: string): Promise<string[]>;
  /** Where a CNAME leads; undefined for none. */
  cname(name: string): Promise<string | undefined>;
  /** A and AAAA. */
  addresses(name: string): Promise<string[]>;
}

const TRY_MS = 2_000;
const TRIES = 2;
/** There is no such name, no such record, or it is no name at all. */
const ABSENT = new Set(["ENOTFOUND", "ENODATA", "EBADNAME"]);

/** `servers`: addresses, with ports where they are others than 53; the system's when empty. */
export function openDns(servers: readonly string[]): Dns {
  const resolver = new Resolver({ timeout: TRY_MS, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  return {
    txt: async (name) => (await found(resolver.resolveTxt(name))).map((parts) => parts.join("")),
    cname: async (name) => (await found(resolver.resolveCname(name)))[0]?.toLowerCase(),
    async addresses(name) {
      const both = [found(resolver.resolve4(name)), found(resolver.resolve6(name))];
      return (await Promise.all(both)).flat();
    },
  };
}

async function found<T>(asked: Promise<T[]>): Promise<T[]> {
  try {
    return await asked;
  } catch (reason) {
    if (ABSENT.has((reason as NodeJS.ErrnoException).code ?? "")) return [];
    throw reason;
  }
}
