import { expect, test } from "vitest";
import { testAuthority } from "../testing/certificates.ts";
import { CertificateLayers } from "./certificate-layers.ts";
import { CertificateShelf } from "./certificate-shelf.ts";
import { readCertificate } from "./certificate.ts";

const authority = testAuthority();
const IN_DAYS = (days: number) => new Date(Date.now() + days * 86_400_000);

function certificate(name: string, hosts: readonly string[], days = 30) {
  const { cert, key } = authority.issue({ hosts, notAfter: IN_DAYS(days) });
  return readCertificate(name, { cert: Buffer.from(cert), key: Buffer.from(key) });
}

test("a certificate answers only for the hosts that it was put there for", () => {
  const shelf = new CertificateShelf(10);
  shelf.put("one", certificate("one", ["a.test", "b.test", "*.c.test"]), ["a.test", "*.c.test"]);
  expect(shelf.choose("a.test")?.name).toBe("one");
  expect(shelf.choose("b.test")).toBeUndefined();
  expect(shelf.choose("x.c.test")?.name).toBe("one");
  expect(shelf.choose("x.y.c.test")).toBeUndefined();
  expect(shelf.choose("c.test")).toBeUndefined();
  expect(shelf.choose(undefined)).toBeUndefined();
});

test("of two for one host the one that lasts longer answers, until it is gone", () => {
  const shelf = new CertificateShelf(10);
  shelf.put("short", certificate("short", ["a.test"], 5), ["a.test"]);
  shelf.put("long", certificate("long", ["a.test"], 50), ["a.test"]);
  expect(shelf.choose("a.test")?.name).toBe("long");
  expect(shelf.delete("long")).toBe(true);
  expect(shelf.delete("long")).toBe(false);
  expect(shelf.choose("a.test")?.name).toBe("short");
  shelf.put("short", certificate("renewed", ["a.test"]), ["a.test"]);
  expect(shelf.choose("a.test")?.name).toBe("renewed");
  expect(shelf.size).toBe(1);
});

test("a context is made once, and again only when too many others were used", () => {
  const shelf = new CertificateShelf(2);
  for (const host of ["a.test", "b.test", "c.test"])
    shelf.put(host, certificate(host, [host]), [host]);
  const context = (host: string) => shelf.choose(host)!.context;
  const first = context("a.test");
  context("b.test");
  expect(context("a.test")).toBe(first);
  context("c.test");
  expect(context("a.test")).toBe(first);
  context("b.test");
  context("c.test");
  expect(context("a.test")).not.toBe(first);
});

test("the first layer that knows a name answers for it", () => {
  const upper = new CertificateShelf(10);
  const lower = new CertificateShelf(10);
  const layers = new CertificateLayers([upper, lower]);
  lower.put("low", certificate("low", ["a.test", "b.test"]), ["a.test", "b.test"]);
  upper.put("high", certificate("high", ["*.test"]), ["*.test"]);
  expect(layers.choose("a.test")?.name).toBe("high");
  upper.delete("high");
  expect(layers.choose("a.test")?.name).toBe("low");
  expect(layers.misdirected("b.test", "a.test")).toBe(false);
  upper.put("b", certificate("b", ["b.test"]), ["b.test"]);
  expect(layers.misdirected("b.test", "a.test")).toBe(true);
  expect(layers.misdirected("c.test", "a.test")).toBe(false);
});

test("a key of another certificate is refused", () => {
  const one = authority.issue({ hosts: ["a.test"] });
  const other = authority.issue({ hosts: ["a.test"] });
  const pem = { cert: Buffer.from(one.cert), key: Buffer.from(other.key) };
  expect(() => readCertificate("x", pem)).toThrow("the key does not belong");
});
