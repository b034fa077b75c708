import type { Collection, Document } from "mongodb";
import { isSameLease, type Lease, type LeaseMark, type LeaseName } from "../../leases/ports.ts";
import type { LeaseKind, Leases } from "../../leases/ports.ts";
import type { MongoCalls } from "./calls.ts";
import { isInserted } from "./inserts.ts";

export interface LeaseDocument extends Document {
  kind: LeaseKind;
  user_id: string;
  name: string;
  holder: string;
  term: number;
  beat: number;
  note: string;
}

export interface MongoLeasesOptions {
  /** As the primary has it now: what is put there is put upon that. */
  latest: Collection<LeaseDocument>;
  calls: MongoCalls;
  /** Resolves once the unique index is there. */
  ready: () => Promise<void>;
}

/** Leases in MongoDB: an insert under the unique key takes one, an update of what was read moves it. */
export class MongoLeases implements Leases {
  readonly #options: MongoLeasesOptions;

  constructor(options: MongoLeasesOptions) {
    this.#options = options;
  }

  get(name: LeaseName): Promise<Lease | undefined> {
    const { calls } = this.#options;
    return calls.read(() => this.#find(name));
  }

  put(name: LeaseName, was: Lease | undefined, next: Lease | undefined): Promise<boolean> {
    const { calls, ready } = this.#options;
    let isRepeated = false;
    return calls.write(async () => {
      await ready();
      const isAgain = isRepeated;
      isRepeated = true;
      if (await this.#isPut(name, was, next)) return true;
      if (!isAgain) return false;
      // It may have been this very call, whose answer was lost on an earlier try.
      const there = await this.#find(name);
      if (next === undefined) return was !== undefined && there === undefined;
      return there !== undefined && isSameLease(there, next) && there.note === next.note;
    });
  }

  list(kind: LeaseKind, holder: string | undefined, limit: number): Promise<Lease[]> {
    const { calls, latest } = this.#options;
    const filter = { kind, ...(holder !== undefined && { holder }) };
    return calls.read(async () => {
      const documents = await latest.find(filter).limit(limit).toArray();
      return documents.map(leaseOf);
    });
  }

  holders(kind: LeaseKind): Promise<string[]> {
    const { calls, latest } = this.#options;
    return calls.read(() => latest.distinct("holder", { kind }));
  }

  marks(kind: LeaseKind, notOf: string): Promise<LeaseMark[]> {
    const { calls, latest } = this.#options;
    return calls.read(async () => {
      const found = latest.find({ kind, holder: { $ne: notOf } });
      const documents = await found.project<LeaseDocument>({ note: 0 }).toArray();
      return documents.map(markOf);
    });
  }

  async #find(name: LeaseName): Promise<Lease | undefined> {
    const found = await this.#options.latest.findOne(keyOf(name));
    return found === null ? undefined : leaseOf(found);
  }

  async #isPut(name: LeaseName, was: Lease | undefined, next: Lease | undefined): Promise<boolean> {
    const { latest } = this.#options;
    if (was === undefined) {
      if (next === undefined) return (await latest.findOne(keyOf(name))) === null;
      return isInserted(latest, documentOf(next));
    }
    const there = { ...keyOf(name), holder: was.holder, term: was.term, beat: was.beat };
    if (next === undefined) return (await latest.deleteOne(there)).deletedCount === 1;
    const { holder, term, beat, note } = next;
    const moved = await latest.updateOne(there, { $set: { holder, term, beat, note } });
    return moved.matchedCount === 1;
  }
}

function keyOf({ kind, userId, name }: LeaseName) {
  return { user_id: userId, kind, name };
}

function documentOf(lease: Lease): LeaseDocument {
  const { holder, term, beat, note } = lease;
  return { ...keyOf(lease), holder, term, beat, note };
}

function markOf({ kind, user_id: userId, name, holder, term, beat }: LeaseDocument): LeaseMark {
  return { kind, userId, name, holder, term, beat };
}

function leaseOf(document: LeaseDocument): Lease {
  return { ...markOf(document), note: document.note };
}
