import { virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { clockVoice } from "../voice.ts";
import { LeaseVoice, type Lead } from "./lease-voice.ts";

/** A Lease that a test hands around. */
class HandedLead implements Lead {
  isLeading = false;
  transitions = 0;
  hasLease = true;
  notes: Record<string, string> = {};
  raises: { to: number; done: () => void; fail: () => void }[] = [];
  readonly #heard = new Set<(leading: boolean) => void>();

  onChange(heard: (leading: boolean) => void): () => void {
    this.#heard.add(heard);
    return () => this.#heard.delete(heard);
  }
  annotation(name: string): string | undefined {
    return this.notes[name];
  }
  hand(leading: boolean, transitions = this.transitions): void {
    this.isLeading = leading;
    this.transitions = transitions;
    for (const heard of this.#heard) heard(leading);
  }
  raise(to: number): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.transitions = to;
        resolve(true);
      };
      this.raises.push({ to, done, fail: () => resolve(false) });
    });
  }
}

function following() {
  const lead = new HandedLead();
  const clock = virtualClock();
  const voice = new LeaseVoice(clock);
  const told: boolean[] = [];
  voice.onChange((speaks) => told.push(speaks));
  voice.follow(lead);
  return { lead, clock, voice, told };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("a voice that leads by a Lease", () => {
  test("speaks while it holds the Lease, and is silent at once when it does not", () => {
    const { lead, voice, told } = following();
    expect(voice.speaks).toBe(false);
    lead.hand(true, 4);
    expect(voice.speaks).toBe(true);
    lead.hand(false);
    expect(voice.speaks).toBe(false);
    expect(told).toEqual([true, false]);
  });

  test("beats all that an earlier term has said, and what agents without Kubernetes say", () => {
    const [one, other] = [following(), following()];
    one.lead.hand(true, 4);
    for (let n = 0; n < 1_000; n++) one.voice.next();
    other.lead.hand(true, 5);
    expect(other.voice.revision).toBeGreaterThan(one.voice.revision);
    const lastYear = clockVoice(() => Date.UTC(2108, 0, 1));
    one.lead.hand(true, 0);
    expect(one.voice.revision).toBeGreaterThan(lastYear.revision);
    expect(Number.isSafeInteger(other.voice.revision)).toBe(true);
  });

  test("counts on when nobody led between", () => {
    const { lead, voice } = following();
    lead.hand(true, 4);
    const before = voice.next();
    lead.hand(false);
    lead.hand(true, 4);
    expect(voice.next()).toBeGreaterThan(before);
  });

  test("goes past a revision of its own term by counting", () => {
    const { lead, voice } = following();
    lead.hand(true, 4);
    const known = voice.revision + 70;
    expect(voice.surpass(known)).toBe(true);
    expect(voice.revision).toBe(known + 1);
    expect(lead.raises).toEqual([]);
  });

  test("outrun by a later term, writes a later one still before it says more", async () => {
    const { lead, voice, told } = following();
    lead.hand(true, 0);
    const gone = following();
    gone.lead.hand(true, 9);
    expect(voice.surpass(gone.voice.next())).toBe(false);
    expect(voice.speaks).toBe(false);
    expect(lead.raises.map(({ to }) => to)).toEqual([10]);
    lead.raises[0]!.done();
    await settled();
    expect(voice.speaks).toBe(true);
    expect(voice.revision).toBeGreaterThan(gone.voice.revision);
    expect(told).toEqual([true, true]);
  });

  test("tries to write it again while it holds the Lease", async () => {
    const { lead, voice, clock } = following();
    lead.hand(true, 0);
    voice.surpass((1_024 + 9) * 2 ** 32);
    lead.raises[0]!.fail();
    await settled();
    expect(voice.speaks).toBe(false);
    clock.advance(2_000);
    lead.raises[1]!.done();
    await settled();
    expect(voice.speaks).toBe(true);
  });

  test("stays silent when the Lease was lost meanwhile", async () => {
    const { lead, voice, clock } = following();
    lead.hand(true, 0);
    voice.surpass((1_024 + 9) * 2 ** 32);
    lead.hand(false);
    lead.raises[0]!.fail();
    await settled();
    clock.advance(60_000);
    expect(lead.raises.length).toBe(1);
    expect(voice.speaks).toBe(false);
  });

  test("is raised past no number that a revision can carry", () => {
    const { lead, voice } = following();
    lead.hand(true, 0);
    expect(voice.surpass(Number.MAX_SAFE_INTEGER)).toBe(false);
    expect(lead.raises).toEqual([]);
    expect(voice.speaks).toBe(true);
  });

  test("lets those that stand in know how far it came, and knows it of itself when it is silent", () => {
    const [one, other] = [following(), following()];
    one.lead.hand(true, 4);
    one.voice.next();
    expect(one.voice.known).toBeUndefined();
    other.lead.transitions = 4;
    other.lead.notes = one.voice.annotations();
    expect(other.voice.known).toBe(one.voice.revision);
    const last = one.voice.next();
    one.lead.hand(false);
    expect(one.voice.annotations()).toEqual({});
    // A table that changes meanwhile has not been said.
    one.voice.next();
    expect(one.voice.known).toBe(last);
  });

  test.each([
    { name: "is no number", noted: "soon" },
    { name: "is no revision", noted: "1e300" },
    { name: "is of a term that never was", noted: String((1_024 + 5) * 2 ** 32) },
  ])("believes no note that $name", ({ noted }) => {
    const { lead, voice } = following();
    lead.transitions = 4;
    lead.notes = { "warren.dev/revision": noted };
    expect(voice.known).toBe((1_024 + 4) * 2 ** 32);
  });

  test("knows nothing before it has seen the Lease", () => {
    const { lead, voice } = following();
    lead.hasLease = false;
    expect(voice.known).toBeUndefined();
  });

  test("forgets nothing when the Lease is deleted, or comes back from a backup", () => {
    const { lead, voice } = following();
    const known = (1_024 + 4) * 2 ** 32 + 7;
    lead.transitions = 4;
    lead.notes = { "warren.dev/revision": String(known) };
    expect(voice.known).toBe(known);
    lead.transitions = 0;
    lead.notes = {};
    expect(voice.known).toBe(known);
    lead.notes = { "warren.dev/revision": String(1_024 * 2 ** 32 + 900) };
    expect(voice.known).toBe(known);
  });
});
