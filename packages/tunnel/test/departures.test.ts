import { WireError, type ErrorCode } from "@warren/wire";
import { expect, test } from "vitest";
import { House, Recorder } from "../src/testing/index.ts";

const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

test("a stream that never left is given back when its transport is lost; one that left waits", async () => {
  const house = new House();
  const { dialler } = house.dialler("a1");
  dialler.start();
  await house.pass(100);
  const { tunnel } = [...house.acceptor.associations()][0]!;
  const [left, never] = [new Recorder(), new Recorder()];
  tunnel.open(bytes("left"), false, left);
  await house.settle();
  house.accepted[0]!.stream.owner = new Recorder();
  tunnel.open(bytes("never"), false, never); // the end of this turn does not come
  house.door = "shut";
  house.cutAll();
  expect(never.error?.code).toBe("refused");
  expect(left.error).toBeUndefined();
  house.door = "open";
  await house.pass(10_000);
  expect(house.accepted.map(({ opening }) => opening)).toEqual(["left"]);
  expect(left.error).toBeUndefined();
});

const ended = (code: ErrorCode) => (house: House) =>
  [...house.acceptor.associations()][0]!.end(new WireError(code, "enough"));

test.each([
  { name: "by a farewell", end: (house: House) => [...house.pipes][0]!.right.onClose(1000, "") },
  { name: "by a takeover", end: ended("replaced") },
  { name: "as its token was revoked", end: ended("token_revoked") },
  { name: "as its token expired", end: ended("token_expired") },
])("a tunnel that ends $name gives back what never left; what left is lost", async ({ end }) => {
  const house = new House();
  house.dialler("a1").dialler.start();
  await house.pass(100);
  const { tunnel } = [...house.acceptor.associations()][0]!;
  const [left, never] = [new Recorder(), new Recorder()];
  tunnel.open(bytes("left"), false, left);
  await house.settle();
  tunnel.open(bytes("never"), false, never);
  end(house);
  expect([left.error?.code, never.error?.code]).toEqual(["tunnel_lost", "refused"]);
});

test("a newer transport of the same tunnel takes along what has not left", async () => {
  const house = new House();
  const { dialler } = house.dialler("a1");
  dialler.start();
  await house.pass(100);
  const { tunnel } = [...house.acceptor.associations()][0]!;
  const [pipe] = house.pipes;
  pipe!.left.onClose(1006, "only the agent has noticed");
  const client = new Recorder();
  tunnel.open(bytes("x"), false, client);
  await house.pass(1_000);
  expect(client.error).toBeUndefined();
  expect(house.accepted).toHaveLength(1);
});

test("a second tunnel of the same run is no takeover, nor is one beside a tunnel asked to leave", async () => {
  const house = new House();
  const first = house.dialler("a1", {}, "run-1");
  const second = house.dialler("a1", {}, "run-1");
  first.dialler.start();
  await house.pass(100);
  second.dialler.start();
  await house.pass(100);
  expect([...house.acceptor.associations()]).toHaveLength(2);
  for (const one of house.acceptor.associations()) one.retiring = true;
  const third = house.dialler("a1", {}, "run-2");
  third.dialler.start();
  await house.pass(100);
  expect([...house.acceptor.associations()]).toHaveLength(3);
  expect([first, second, third].flatMap(({ heard }) => heard)).not.toContain("replaced");
});

test("another gateway is asked for a resume in turn with the own one, and for nothing else", async () => {
  const house = new House();
  house.others = ["ws://other"];
  const { dialler, heard, gone } = house.dialler("a1");
  dialler.start();
  await house.pass(100);
  house.acceptor = house.newAcceptor(); // the owner is gone
  house.door = "shut";
  house.cutAll();
  await house.pass(5_000);
  const dialled = () => heard.filter((word) => word.startsWith("dial"));
  expect(dialled().slice(1, 5)).toEqual([
    "dial ws://g1",
    "dial ws://two",
    "dial ws://g1",
    "dial ws://other",
  ]);
  expect(gone).toEqual([]);
  while (dialled().at(-1) !== "dial ws://g1") await house.pass(100);
  const before = dialled().length;
  house.doors = (url) => (url === "ws://other" ? "open" : "shut");
  while (gone.length === 0) await house.pass(100);
  expect(gone[0]!.error.code).toBe("tunnel_lost");
  expect(dialled().slice(before)).toContain("dial ws://other");
  expect([...house.acceptor.associations()]).toEqual([]);
  heard.length = 0;
  await house.pass(60_000, 500);
  expect(dialled()).not.toContain("dial ws://other");
});

test.each(["token_revoked", "token_expired", "draining"] as const)(
  "a tunnel that the gateway ends with %s is over at once on the agent's side too",
  async (code) => {
    const house = new House();
    const { dialler, gone } = house.dialler("a1");
    dialler.start();
    await house.pass(100);
    house.door = "shut";
    [...house.acceptor.associations()][0]!.end(new WireError(code, "enough"));
    await house.settle();
    expect(gone[0]?.error.code).toBe(code);
  },
);
