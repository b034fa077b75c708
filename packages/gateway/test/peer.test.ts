import { TrustedProxies } from "@warren/host";
import { parseRequestHead, Refusal, type RequestHead } from "@warren/http";
import { expect, test } from "vitest";
import { clientPrefix } from "../src/limits/client-prefix.ts";
import { Peer } from "../src/front/peer.ts";

function head(fields: string): RequestHead {
  const text = `GET / HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n`;
  const read = parseRequestHead({ bytes: Buffer.from(text), from: 0, text });
  if (read instanceof Refusal) throw new Error(read.message);
  return read;
}

function peer(address: string): Peer {
  const at = { address, port: 1, localAddress: "10.0.0.2", localPort: 80 };
  return new Peer(at, undefined, new TrustedProxies(["10.0.0.0/8"]));
}

test.each([
  { name: "https", said: "https", secure: true },
  { name: "in capitals", said: "HTTPS", secure: true },
  { name: "a WebSocket over TLS, as Traefik says it", said: "wss", secure: true },
  { name: "a chain of proxies, by the client's end of it", said: "https, http", secure: true },
  { name: "plain http", said: "http", secure: false },
  { name: "a plain WebSocket", said: "ws", secure: false },
  { name: "a chain that began in clear", said: "http,https", secure: false },
])("a trusted proxy that says $name is not redirected to https for ever", ({ said, secure }) => {
  const asked = head(`X-Forwarded-Proto: ${said}\r\n`);
  expect(peer("10.0.0.9").isSecure(asked)).toBe(secure);
  expect(peer("192.0.2.9").isSecure(asked)).toBe(false);
});

const counted = (address: string, fields: string) =>
  clientPrefix(peer(address).clientOf(head(fields)).address);

test("limits count whom a trusted proxy speaks for, and nobody a client makes up", () => {
  const made = "X-Forwarded-For: 6.6.6.6, 192.0.2.7\r\n";
  expect(counted("10.0.0.9", made)).toBe("192.0.2.7");
  expect(counted("192.0.2.9", made)).toBe("192.0.2.9");
  const one = counted("10.0.0.9", "X-Forwarded-For: 2a00:1:2:3::1\r\n");
  expect(counted("10.0.0.9", "X-Forwarded-For: 2a00:1:2:3:ffff::9\r\n")).toBe(one);
  expect(counted("10.0.0.9", "X-Forwarded-For: 2a00:1:2:4::1\r\n")).not.toBe(one);
});
