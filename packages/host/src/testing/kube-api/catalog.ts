import type { Resource } from "../../kube/object.ts";
import { BUILT_IN_KINDS, customKind, kindKey, type Kind } from "./kinds.ts";
import type { Store, Stored } from "./store.ts";

/** What is served now: the built-in kinds, and those of CustomResourceDefinitions while they are there. */
export class Catalog {
  readonly #kinds = new Map<string, Kind>(BUILT_IN_KINDS.map((kind) => [kindKey(kind), kind]));
  readonly #gone: (kind: Kind) => void;

  /** `gone` hears of each kind that is not served any more. */
  constructor(store: Store, gone: (kind: Kind) => void) {
    this.#gone = gone;
    store.onChange(({ kind, before, after }) => {
      if (kind.kind !== "CustomResourceDefinition") return;
      if (after !== undefined) this.serve(definedBy(after));
      else if (before !== undefined) this.withdraw(definedBy(before));
    });
  }

  find(group: string, version: string, plural: string): Kind | undefined {
    const kind = this.#kinds.get(kindKey({ group, plural }));
    return kind?.versions.includes(version) === true ? { ...kind, version } : undefined;
  }

  /** By what an object says of itself. */
  ofObject({ apiVersion, kind }: { apiVersion: string; kind: string }): Kind | undefined {
    const [version = "", group = ""] = apiVersion.split("/").toReversed();
    const found = [...this.#kinds.values()].find(
      (one) => one.kind === kind && one.group === group && one.versions.includes(version),
    );
    return found === undefined ? undefined : { ...found, version };
  }

  serve(kind: Kind): void {
    this.#kinds.set(kindKey(kind), kind);
  }
  withdraw(kind: Pick<Resource, "group" | "plural">): void {
    const known = this.#kinds.get(kindKey(kind));
    if (known === undefined) return;
    this.#kinds.delete(kindKey(kind));
    this.#gone(known);
  }

  *[Symbol.iterator](): IterableIterator<Kind> {
    yield* this.#kinds.values();
  }
}

interface Definition {
  group: string;
  scope: string;
  names: { plural: string; kind: string; singular?: string; shortNames?: string[] };
  versions: {
    name: string;
    served: boolean;
    storage: boolean;
    subresources?: { status?: object };
  }[];
}

function definedBy(object: Stored): Kind {
  const { group, scope, names, versions } = object["spec"] as Definition;
  const served = versions.filter((version) => version.served);
  const stored = versions.find((version) => version.storage) ?? versions[0];
  const { plural, kind, singular = kind.toLowerCase(), shortNames = [] } = names;
  const namespaced = scope === "Namespaced";
  return customKind(
    { group, version: stored?.name ?? "v1", plural, kind, namespaced },
    {
      versions: served.map(({ name }) => name),
      singular,
      shortNames,
      hasStatus: stored?.subresources?.status !== undefined,
    },
  );
}
