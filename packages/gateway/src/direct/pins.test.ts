import { CidrList } from "@warren/host";
import { virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { Pins } from "./pins.ts";

const PUBLIC = "9.9.9.9";

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

function kit(answers: Record<string, readonly string[]>, allow: string[] = []) {
  const clock = virtualClock();
  const asked: string[] = [];
  const rebound: string[] = [];
  const pins = new Pins({
    resolve: async (host) => {
      asked.push(host);
      const found = answers[host];
      if (found === undefined) throw new Error("no such name");
      return found;
    },
    allow: new CidrList(allow),
    isOwn: (place) => place === "9.9.9.8" || place === "gw.test",
    clock,
    onRebound: (host) => rebound.push(host),
  });
  const pass = async (ms: number) => {
    clock.advance(ms);
    await settle();
  };
  return { pins, asked, rebound, answers, pass };
}

describe("an endpoint that is not dialled", () => {
  test.each([
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.200",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::1",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.2.1",
    "203.0.113.1",
    "2001:db8::1",
    "3fff::1",
  ])("%s, said or resolved", async (address) => {
    const { pins, asked } = kit({ "a.test": [address], "mixed.test": [PUBLIC, address] });
    const refused = { problem: expect.stringContaining("not public") };
    expect(await pins.pin(address)).toMatchObject(refused);
    expect(asked).toEqual([]);
    expect(await pins.pin("a.test")).toMatchObject(refused);
    expect(await pins.pin("mixed.test")).toMatchObject(refused);
  });

  test.each([
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "127.1",
    "0177.0.0.1",
    "127.0.0.1.",
    "1.2.3.4.5",
    "::1%lo",
    "fe80::1:",
  ])("%s, which some read as an address", async (host) => {
    const { pins, asked } = kit({});
    expect(await pins.pin(host)).toMatchObject({ problem: expect.any(String), passing: false });
    expect(asked).toEqual([]);
  });

  test("a name that nobody knows may be known in a moment, and is not asked for by each request", async () => {
    const { pins, asked, answers, pass } = kit({});
    for (let i = 0; i < 3; i++) expect(await pins.pin("a.test")).toMatchObject({ passing: true });
    expect(asked).toEqual(["a.test"]);
    answers["a.test"] = [PUBLIC];
    await pass(6_000);
    expect(await pins.pin("a.test")).toEqual({ addresses: [PUBLIC] });
  });
});

test("networks that the operator allows are dialled, and no others", async () => {
  const { pins } = kit({ "a.test": ["10.1.2.3"] }, ["10.1.0.0/16", "::1"]);
  expect(await pins.pin("a.test")).toEqual({ addresses: ["10.1.2.3"] });
  expect(await pins.pin("::1")).toEqual({ addresses: ["::1"] });
  expect(await pins.pin("10.2.0.1")).toHaveProperty("problem");
});

test("a name is asked for once, however many want it at a time", async () => {
  const { pins, asked } = kit({ "a.test": [PUBLIC] });
  await Promise.all([pins.pin("a.test"), pins.pin("a.test"), pins.pin("a.test")]);
  expect(asked).toEqual(["a.test"]);
});

test("a pin follows its name to public addresses, and to no others", async () => {
  const { pins, answers, rebound, pass } = kit({ "a.test": [PUBLIC] });
  await pins.pin("a.test");
  answers["a.test"] = ["127.0.0.1"];
  await pass(60_000);
  expect(pins.known("a.test")).toEqual({ addresses: [PUBLIC] });
  expect(rebound).toEqual(["a.test"]);
  answers["a.test"] = ["9.9.9.10", "169.254.169.254"];
  await pass(60_000);
  expect(pins.known("a.test")).toEqual({ addresses: [PUBLIC] });
  answers["a.test"] = ["9.9.9.10"];
  await pass(60_000);
  expect(pins.known("a.test")).toEqual({ addresses: ["9.9.9.10"] });
});

test("a pin stays while nobody answers for its name", async () => {
  const { pins, answers, rebound, pass } = kit({ "a.test": [PUBLIC] });
  await pins.pin("a.test");
  delete answers["a.test"];
  await pass(60_000);
  expect(pins.known("a.test")).toEqual({ addresses: [PUBLIC] });
  expect(rebound).toEqual([]);
});

test("a name that nobody wants any more is forgotten", async () => {
  const { pins, asked, pass } = kit({ "a.test": [PUBLIC] });
  await pins.pin("a.test");
  for (let minute = 0; minute < 12; minute++) await pass(60_000);
  const before = asked.length;
  await pass(60_000);
  expect(asked.length).toBe(before);
  expect(pins.known("a.test")).toBeUndefined();
});

test.each(["9.9.9.8", "gw.test", "alias.test"])(
  "an endpoint that is the gateway itself is refused: %s",
  async (host) => {
    const { pins } = kit({ "gw.test": [PUBLIC], "alias.test": [PUBLIC, "9.9.9.8"] });
    expect(await pins.pin(host)).toEqual({
      problem: "the endpoint is this gateway itself",
      passing: false,
    });
    const { pins: allowed } = kit({}, ["9.9.9.8/32"]);
    expect(await allowed.pin("9.9.9.8")).toEqual({ addresses: ["9.9.9.8"] });
  },
);
