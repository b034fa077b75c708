import { expect } from "vitest";
import type { SessionKey } from "../src/log/entry.ts";
import type { MessageLog } from "../src/log/ports.ts";
import type { Behind } from "../src/sessions/behind.ts";
import type { Sessions } from "../src/sessions/ports.ts";
import { Folding } from "../src/sessions/folding.ts";
import { draft, stored } from "./_log-facts.ts";
import { idOf } from "./_session-kit.ts";

export interface BehindWorld {
  readonly log: MessageLog;
  readonly sessions: Sessions;
  readonly behind: Behind;
  /** Lets so much time pass that what was stored has a position that is given out. */
  readonly settle: () => void;
}

export interface BehindFact {
  readonly name: string;
  readonly holds: (world: BehindWorld) => Promise<void>;
}

/** Begins a session, of which there is no row yet. */
async function begin({ log }: BehindWorld, number: number): Promise<SessionKey> {
  const key = { userId: "alice", sessionId: idOf(number) };
  const body = "{}";
  await stored(log, draft({ id: "opened", kind: "opened", body, ...key }));
  return key;
}

function failed(cause: unknown): void {
  throw cause;
}

async function fold({ log, sessions }: BehindWorld, key: SessionKey): Promise<void> {
  await new Folding({ log, sessions, failed }).upToDate(key);
}

/** All pages up to now. */
async function lacking({ behind, settle }: BehindWorld, limit: number): Promise<SessionKey[]> {
  settle();
  const upTo = await behind.last();
  const all: SessionKey[] = [];
  for (let at = 0; at < upTo;) {
    const { sessions, reached } = await behind.among(at, upTo, limit);
    expect(reached).toBeGreaterThan(at);
    all.push(...sessions);
    at = reached;
  }
  return all;
}

/** What every `Behind` does. There is nothing when a fact begins. */
export const BEHIND_FACTS: readonly BehindFact[] = [
  {
    name: "a session without a row is behind until it is folded",
    async holds(world) {
      const key = await begin(world, 1);
      expect(await lacking(world, 10)).toEqual([key]);
      await fold(world, key);
      expect(await lacking(world, 10)).toEqual([]);
    },
  },
  {
    name: "a row that lacks the last of its log is behind, others are not",
    async holds(world) {
      const [one, other] = [await begin(world, 1), await begin(world, 2)];
      await fold(world, one);
      await fold(world, other);
      await stored(world.log, draft({ id: "more", ...one }));
      expect(await lacking(world, 10)).toEqual([one]);
    },
  },
  {
    name: "pages have them all, each once, also where many were stored at one time",
    async holds(world) {
      const keys: SessionKey[] = [];
      for (let number = 1; number <= 7; number += 1) {
        keys.push(await begin(world, number));
        if (number === 4) world.settle();
      }
      const found = await lacking(world, 2);
      expect(found.map(({ sessionId }) => sessionId).toSorted()).toEqual(
        keys.map(({ sessionId }) => sessionId),
      );
    },
  },
  {
    name: "the mark is 0 at first, and then where it was set",
    async holds({ behind, settle }) {
      expect(await behind.foldedTo()).toBe(0);
      settle();
      await behind.setFoldedTo(7);
      expect(await behind.foldedTo()).toBe(7);
      await behind.setFoldedTo(9);
      expect(await behind.foldedTo()).toBe(9);
    },
  },
];
