import { once } from "node:events";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer } from "node:tls";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../clock.ts";
import { testAuthority, virtualClock } from "../testing/index.ts";
import { certificateFolder } from "./certificate-pairs.ts";
import { Certificates, type CertificatesOptions } from "./certificates.ts";

const authority = testAuthority();
const pairFor = (...hosts: string[]): { cert: string; key: string } => authority.issue({ hosts });

let folder: string;
let told: string[];
let opened: Certificates[];
let loaded: () => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "warren-certificates-"));
  told = [];
  opened = [];
  loaded = () => {};
});
afterEach(async () => {
  for (const one of opened) await one[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function write(name: string, pair: { cert: string; key: string }): Promise<void> {
  await writeFile(join(folder, `${name}.crt`), pair.cert);
  await writeFile(join(folder, `${name}.key`), pair.key);
}

async function open(some: Partial<CertificatesOptions> = {}): Promise<Certificates> {
  const certificates = await Certificates.open({
    source: certificateFolder(folder),
    needsHosts: true,
    clock: virtualClock(),
    lookMs: 30_000,
    onLoaded: ({ name }) => {
      told.push(`loaded ${name}`);
      loaded();
    },
    onProblem: (name, problem) => told.push(`${name}: ${problem}`),
    onRemoved: (name) => told.push(`removed ${name}`),
    ...some,
  });
  opened.push(certificates);
  return certificates;
}

describe("which certificate answers", () => {
  test.each([
    { host: "example.com", want: "apex" },
    { host: "EXAMPLE.com", want: "apex" },
    { host: "a.example.com", want: "wild" },
    { host: "exact.example.com", want: "exact" },
    { host: "a.b.example.com", want: undefined },
    { host: "example.org", want: undefined },
    { host: "com", want: undefined },
    { host: ".example.com", want: undefined },
    { host: "*.example.com", want: "wild" },
    { host: undefined, want: undefined },
  ])("$host gets $want", async ({ host, want }) => {
    await write("apex", pairFor("example.com", "www.example.org"));
    await write("wild", pairFor("*.example.com"));
    await write("exact", pairFor("exact.example.com"));
    expect((await open()).choose(host)?.name).toBe(want);
  });

  test("the only one answers a client that names no host", async () => {
    await write("only", pairFor("example.com"));
    expect((await open()).choose(undefined)?.name).toBe("only");
  });

  test("of two for one name the one that lasts longer answers", async () => {
    const hosts = ["example.com"];
    const notBefore = new Date("2020-01-01");
    await write("a-new", authority.issue({ hosts, notBefore, notAfter: new Date("2031-01-01") }));
    await write("b-old", authority.issue({ hosts, notBefore, notAfter: new Date("2030-01-01") }));
    const certificates = await open();
    expect(certificates.choose("example.com")?.name).toBe("a-new");
    expect(certificates.list().map(({ name, expiresAt }) => [name, expiresAt])).toEqual([
      ["a-new", Date.parse("2031-01-01")],
      ["b-old", Date.parse("2030-01-01")],
    ]);
  });

  test.each([
    {
      name: "the host of the connection",
      host: "a.example.com",
      server: "a.example.com",
      want: false,
    },
    {
      name: "another host of the same certificate",
      host: "b.example.com",
      server: "a.example.com",
      want: false,
    },
    {
      name: "a host with a certificate of its own",
      host: "exact.example.com",
      server: "a.example.com",
      want: true,
    },
    {
      name: "a host without any certificate",
      host: "nowhere.org",
      server: "a.example.com",
      want: false,
    },
    { name: "a client that named no host", host: "a.example.com", server: undefined, want: true },
  ])("$name is misdirected: $want", async ({ host, server, want }) => {
    await write("wild", pairFor("*.example.com"));
    await write("exact", pairFor("exact.example.com"));
    expect((await open()).misdirected(host, server)).toBe(want);
  });
});

describe("a folder that changes", () => {
  test("a pair of files and a mounted Secret of the same name are two, and each is read once", async () => {
    await write("shop", pairFor("files.example.com"));
    await mkdir(join(folder, "shop"));
    const { cert, key } = pairFor("mounted.example.com");
    await writeFile(join(folder, "shop", "tls.crt"), cert);
    await writeFile(join(folder, "shop", "tls.key"), key);
    const certificates = await open();
    await certificates.refresh();
    expect(told.toSorted()).toEqual(["loaded shop", "loaded shop/"]);
    expect(certificates.choose("files.example.com")?.name).toBe("shop");
    expect(certificates.choose("mounted.example.com")?.name).toBe("shop/");
  });

  test("a Secret that is mounted anew answers at once, by the link that was swapped", async () => {
    const mount = join(folder, "shop");
    const version = async (name: string, hosts: string[]): Promise<void> => {
      await mkdir(join(mount, name), { recursive: true });
      const pair = pairFor(...hosts);
      await writeFile(join(mount, name, "tls.crt"), pair.cert);
      await writeFile(join(mount, name, "tls.key"), pair.key);
      await symlink(name, join(mount, "..data_tmp"));
      await rename(join(mount, "..data_tmp"), join(mount, "..data"));
    };
    await version("..2030_1", ["old.example.com"]);
    await symlink("..data/tls.crt", join(mount, "tls.crt"));
    await symlink("..data/tls.key", join(mount, "tls.key"));
    const certificates = await open({ clock: systemClock });
    expect(certificates.choose("old.example.com")?.name).toBe("shop");
    const reloaded = new Promise<void>((resolve) => (loaded = resolve));
    await version("..2030_2", ["new.example.com"]);
    await reloaded;
    await certificates.refresh();
    expect(certificates.choose("new.example.com")?.name).toBe("shop");
    expect(certificates.choose("old.example.com")).toBeUndefined();
  });

  test("what the system does not tell is found by the regular look", async () => {
    const clock = virtualClock();
    await open({ source: certificateFolder(join(folder, "later")), clock });
    await mkdir(join(folder, "later"));
    folder = join(folder, "later");
    const appeared = new Promise<void>((resolve) => (loaded = resolve));
    await write("site", pairFor("example.com"));
    clock.advance(30_000);
    await appeared;
    expect(told).toEqual(["loaded site"]);
    folder = join(folder, "..");
  });

  test("while a pair is half written the old one answers, and it is said once", async () => {
    await write("site", pairFor("old.example.com"));
    const certificates = await open();
    const fresh = pairFor("new.example.com");
    await writeFile(join(folder, "site.crt"), fresh.cert);
    await certificates.refresh();
    await certificates.refresh();
    expect(certificates.choose("old.example.com")?.name).toBe("site");
    await rm(join(folder, "site.key"));
    await certificates.refresh();
    expect(certificates.choose("old.example.com")?.name).toBe("site");
    await writeFile(join(folder, "site.key"), fresh.key);
    await certificates.refresh();
    expect(certificates.choose("new.example.com")?.name).toBe("site");
    expect(certificates.choose("old.example.com")).toBeUndefined();
    expect(told).toEqual([
      "loaded site",
      "site: the key does not belong to the certificate",
      expect.stringMatching(/^site: ENOENT/),
      "loaded site",
    ]);
  });

  test("a pair that is taken away answers no more; a touched one is the same as before", async () => {
    const pair = pairFor("example.com");
    await write("site", pair);
    const certificates = await open();
    const before = certificates.choose("example.com")?.context;
    await write("site", pair);
    await certificates.refresh();
    expect(certificates.choose("example.com")?.context).toBe(before);
    await rm(join(folder, "site.crt"));
    await certificates.refresh();
    expect(certificates.choose("example.com")).toBeUndefined();
    expect(told).toEqual(["loaded site", "removed site"]);
  });

  test("what is no certificate harms no other", async () => {
    await write("good", pairFor("example.com"));
    await write("bad", { cert: "hello", key: "world" });
    await write(
      "nameless",
      authority.issue({ hosts: [], notBefore: new Date(0), notAfter: new Date(1e13) }),
    );
    await writeFile(join(folder, "README"), "not looked at");
    const certificates = await open();
    expect(certificates.list().map(({ name }) => name)).toEqual(["good"]);
    expect(told.toSorted()).toEqual([
      expect.stringMatching(/^bad: /),
      "loaded good",
      "nameless: the certificate names no host",
    ]);
  });
});

test("a client of the real thing sees the certificate and the protocol that it asked for", async () => {
  const pair = pairFor("a.example.com");
  await write("a", pair);
  await write("b", pairFor("b.example.com"));
  const certificates = await open();
  const chosen = certificates.choose("a.example.com");
  await using server = createServer(
    {
      ALPNProtocols: ["h2", "http/1.1"],
      SNICallback: (name, done) => done(null, certificates.choose(name)?.context),
    },
    (socket) => socket.end(),
  ).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = connect({
    port,
    host: "127.0.0.1",
    servername: "a.example.com",
    ca: authority.ca,
    ALPNProtocols: ["h2"],
  });
  await once(client, "secureConnect");
  expect(client.alpnProtocol).toBe("h2");
  expect(client.getPeerCertificate().subjectaltname).toBe("DNS:a.example.com");
  expect(chosen?.hosts).toEqual(["a.example.com"]);
  client.destroy();
});
