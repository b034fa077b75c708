import { expect, test } from "vitest";
import { Dialer, type Dialling } from "./dialer.ts";

/** Wants `wanted` dials, one after another. */
class Wanting implements Dialling {
  readonly name: string;
  wanted: number;
  readonly #order: string[];
  readonly #dialer: Dialer;
  constructor(name: string, wanted: number, dialer: Dialer, order: string[]) {
    this.name = name;
    this.wanted = wanted;
    this.#dialer = dialer;
    this.#order = order;
  }
  onSlot(): boolean {
    if (this.wanted === 0) return false;
    this.wanted--;
    this.#order.push(this.name);
    if (this.wanted > 0) this.#dialer.ask(this);
    return true;
  }
}

test("targets that wait take turns, and one never has more than half of the slots", () => {
  const dialer = new Dialer(4);
  const order: string[] = [];
  const [busy, quiet] = ["busy", "quiet"].map((name) => new Wanting(name, 5, dialer, order));
  dialer.ask(busy!);
  expect(order).toEqual(["busy", "busy"]);
  dialer.ask(quiet!);
  expect(order).toEqual(["busy", "busy", "quiet", "quiet"]);
  dialer.done(busy!);
  dialer.done(quiet!);
  expect(order.slice(4).toSorted()).toEqual(["busy", "quiet"]);
  expect(dialer.dialling).toBe(4);
});

test("a slot that nobody needs any more goes to the next", () => {
  const dialer = new Dialer(1);
  const order: string[] = [];
  const [first, gone, last] = ["first", "gone", "last"].map(
    (name) => new Wanting(name, 1, dialer, order),
  );
  for (const one of [first!, gone!, last!]) dialer.ask(one);
  gone!.wanted = 0;
  dialer.done(first!);
  expect(order).toEqual(["first", "last"]);
});
