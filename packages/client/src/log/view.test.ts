import type { WireEntry } from "@warren/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { entry } from "../../test/_kit.ts";
import { view } from "./view.ts";

const said = entry("message", { number: 1, message_id: "m", content: "first" });
const edit = (number: number, content: string, given: object = {}) =>
  entry("edit", { number, target_id: "m", content, ...given });
const remove = (number: number, given: object = {}) =>
  entry("delete", { number, target_id: "m", ...given });
const react = (number: number, on: boolean, author = "alice") =>
  entry("reaction", { number, target_id: "m", emoji: "+", on, author_id: author });
const control = (number: number, mode: "bot" | "person", epoch: number, given: object = {}) =>
  entry("control", { number, mode, control_epoch: epoch, why: "takeover", ...given });

const reactions = (...entries: WireEntry[]) =>
  [...view([said, ...entries]).messages[0]!.reactions].map(([emoji, who]) => [
    emoji,
    who.map(({ authorId }) => authorId),
  ]);

describe("the view of a session", () => {
  test.each([
    { name: "the last edit counts", entries: [edit(2, "b"), edit(3, "c")], content: "c" },
    {
      name: "an edit by another does not",
      entries: [edit(2, "b", { author_id: "eve" })],
      content: "first",
    },
    { name: "a deletion wins over a later edit", entries: [remove(2), edit(3, "c")], content: "" },
    {
      name: "a deletion by another user does not count",
      entries: [remove(2, { author_id: "eve" })],
      content: "first",
    },
    {
      name: "an admin may delete",
      entries: [remove(2, { sender: "admin", author_id: "bob" })],
      content: "",
    },
    {
      name: "a change may come before what it changes",
      entries: [edit(0, "b", { origin: "x:1", hlc: 1 })],
      content: "b",
    },
  ])("$name", ({ entries, content }) => {
    expect(view([said, ...entries]).messages).toMatchObject([{ content }]);
  });

  test("has each reaction once, as long as it is on", () => {
    expect(reactions(react(2, true), react(3, true), react(4, true, "bob"))).toEqual([
      ["+", ["alice", "bob"]],
    ]);
    expect(reactions(react(2, true), react(3, false))).toEqual([]);
  });

  test("shows twins of two clusters once, at the earlier place", () => {
    const twin = { ...said, origin: "edge:1", number: 7, hlc: said.hlc + 5 };
    expect(view([twin, said]).messages).toMatchObject([{ origin: "home:1", number: 1 }]);
  });

  test.each([
    {
      name: "the greater epoch",
      entries: [control(1, "person", 2), control(2, "bot", 1)],
      mode: "person",
    },
    {
      name: "a person where two begin one",
      entries: [control(1, "person", 1), control(2, "bot", 1)],
      mode: "person",
    },
    {
      name: "the hand-back",
      entries: [control(1, "person", 1), control(2, "bot", 2)],
      mode: "bot",
    },
  ])("gives control to $name", ({ entries, mode }) => {
    expect(view(entries).control.mode).toBe(mode);
  });

  test("a call for help is answered by whoever takes the session, also once they have left", () => {
    const called = [entry("help", { number: 1, open: true })];
    const taken = [...called, control(2, "person", 1)];
    const left = [...taken, control(3, "bot", 2)];
    expect([called, taken, left].map((entries) => view(entries).isHelpOpen)).toEqual([
      true,
      false,
      false,
    ]);
    expect(view([...left, entry("help", { number: 4, open: true })]).isHelpOpen).toBe(true);
  });

  test("is the same whatever the order in which entries came", () => {
    const all = [
      said,
      edit(2, "b"),
      edit(3, "c"),
      react(4, true),
      react(5, false),
      react(6, true, "bob"),
      control(7, "person", 1),
      control(8, "bot", 2),
      entry("receipt", { number: 9, device_id: "d", delivered: { "home:1": 3 } }),
      entry("receipt", { number: 10, device_id: "d", read: { "home:1": 2 } }),
      entry("named", { number: 11, name: "n" }),
      { ...said, origin: "x:1", number: 4, hlc: 9_999 },
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
        expect(view(shuffled)).toEqual(view(all));
      }),
    );
  });
});
