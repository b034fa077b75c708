import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { decode, encode, type Answer } from "dns-packet";
import { afterEach, expect, test } from "vitest";
import { dnsNames } from "./names.ts";

let server: Socket | undefined;
afterEach(() => server?.close());

/** A DNS server on 127.0.0.1 that knows these names; others do not exist. */
async function serve(known: Record<string, Partial<Record<"A" | "AAAA", string[]>>>) {
  server = createSocket("udp4");
  server.on("message", (packet, { port, address }) => {
    const { id, questions = [] } = decode(packet);
    const { name, type } = questions[0]!;
    const records = known[name];
    const data = type === "A" || type === "AAAA" ? (records?.[type] ?? []) : [];
    const answers = data.map((one) => ({ type, name, ttl: 1, data: one }) as Answer);
    const flags = records === undefined ? 3 : 0;
    server!.send(encode({ type: "response", id, flags, questions, answers }), port, address);
  });
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  return dnsNames([`127.0.0.1:${server.address().port}`]);
}

test("a name's addresses are those that DNS says, of both families", async () => {
  const resolve = await serve({
    "both.test": { A: ["198.51.100.7"], AAAA: ["2001:db8::7"] },
    "old.test": { A: ["198.51.100.8"] },
    "new.test": { AAAA: ["2001:db8::8"] },
  });
  expect(await resolve("both.test")).toEqual(["198.51.100.7", "2001:db8::7"]);
  expect(await resolve("old.test")).toEqual(["198.51.100.8"]);
  expect(await resolve("new.test")).toEqual(["2001:db8::8"]);
});

test("a name without addresses, and one that is not there, has none", async () => {
  const resolve = await serve({ "empty.test": {} });
  await expect(resolve("empty.test")).rejects.toThrow("the name has no address");
  await expect(resolve("gone.test")).rejects.toThrow("the name has no address");
});
