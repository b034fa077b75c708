import { testAuthority } from "@warren/host/testing";
import { Route, type ControlInput } from "@warren/wire";
import * as v from "valibot";
import { virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { CertificateAnnouncer } from "../control/certificate-announcer.ts";
import { Published } from "../published.ts";
import { createTarget } from "../target.ts";
import { HostOwners } from "./host-owners.ts";
import { INGRESS_SOURCE } from "./ingress/ingress-controller.ts";
import { clockVoice } from "../voice.ts";
import type { ObjectChange, Objects } from "./objects-port.ts";
import type { Ingress, Secret } from "./objects.ts";
import { TlsSecrets } from "./tls-secrets.ts";

const authority = testAuthority();
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** A cache that a test fills. */
class Filled<T> implements Objects<T> {
  readonly synced = Promise.resolve();
  readonly #all = new Map<string, T>();
  readonly #heard = new Set<(change: ObjectChange<T>) => void>();
  get(key: string): T | undefined {
    return this.#all.get(key);
  }
  values() {
    return this.#all.values();
  }
  onChange(heard: (change: ObjectChange<T>) => void): () => void {
    this.#heard.add(heard);
    return () => void this.#heard.delete(heard);
  }
  put(key: string, after: T | undefined): void {
    const before = this.#all.get(key);
    if (after === undefined) this.#all.delete(key);
    else this.#all.set(key, after);
    for (const heard of this.#heard) heard({ key, before, after });
  }
}

type Tls = { hosts?: string[]; secretName?: string }[];

/** `name` may say a namespace that is not shop. */
function ingress(name: string, tls: Tls, hosts: string[], age = "2024-01-01T00:00:00Z") {
  const [namespace, own] = name.includes("/") ? name.split("/") : ["shop", name];
  const metadata = { namespace, name: own, uid: name, creationTimestamp: age };
  return { metadata, spec: { tls, rules: hosts.map((host) => ({ host })) } } as Ingress;
}

function secret(hosts: string[], more: Record<string, string> = {}): Secret {
  const { cert, key } = authority.issue({ hosts });
  const data = { "tls.crt": base64(cert), "tls.key": base64(key), ...more };
  return { metadata: { namespace: "shop", name: "tls" }, data } as unknown as Secret;
}

const publication = (host: string, from: { namespace?: string; ingress_name?: string }) => ({
  route: v.parse(Route, { host, service: "web", port: 80, ...from }),
  targets: [createTarget({ host: "127.0.0.1", port: 80 })],
});
const YOUNGER = "2024-02-01T00:00:00Z";

async function kit() {
  const ingresses = new Filled<Ingress>();
  const secrets = new Filled<Secret>();
  const published = new Published(clockVoice(() => 1));
  const owners = new HostOwners();
  const problems = new Map<string, string[]>();
  const tls = new TlsSecrets({
    ingresses,
    secrets,
    published,
    hosts: owners,
    onProblems: (object, all) =>
      problems.set(
        object,
        all.map(({ reason, message }) => `${reason}: ${message}`),
      ),
  });
  await tls.ready;
  /** The table is exactly `host@namespace/ingress`, of shop/web unless said. */
  const publish = (...table: string[]) => {
    const routes = table.map((one) => {
      const [host = "", name = "web"] = one.split("@");
      return { host, key: name.includes("/") ? name : `shop/${name}` };
    });
    for (const [key, all] of Map.groupBy(routes, (one) => one.key)) {
      const claim = { namespaces: new Set([key.split("/")[0]!]), shared: new Set<string>() };
      const age = Date.parse(ingresses.get(key)?.metadata.creationTimestamp ?? "") || 0;
      owners.set(`${key} Ingress`, age, new Map(all.map(({ host }) => [host, claim])));
    }
    const served = routes.filter(({ host, key }) =>
      owners.mayServe(new Set([key.split("/")[0]!]), host),
    );
    const publications = served.map(({ host, key }) => {
      const [namespace, ingress_name] = key.split("/") as [string, string];
      return publication(host, { namespace, ingress_name });
    });
    published.replace(INGRESS_SOURCE, publications);
  };
  const hosts = (name = "shop/tls") => published.certificates.get(name)?.hosts;
  return { ingresses, secrets, published, problems, publish, hosts, owners };
}

describe("TLS Secrets of Ingresses", () => {
  test("are read once, however many routes and Ingresses change", async () => {
    const { ingresses, secrets, publish, hosts } = await kit();
    const all = Array.from({ length: 200 }, (_, n) => `h${n}.test`);
    let reads = 0;
    const { data, ...rest } = secret(all);
    const counted = Object.defineProperty(rest, "data", {
      get: () => {
        reads++;
        return data;
      },
    }) as Secret;
    secrets.put("shop/tls", counted);
    for (const host of all)
      ingresses.put(`shop/${host}`, ingress(host, [{ hosts: [host], secretName: "tls" }], [host]));
    const table = all.map((host) => `${host}@${host}`);
    publish(...table.slice(0, 50));
    publish(...table.slice(0, 60));
    expect(hosts()?.length).toBe(60);
    expect(reads).toBe(1);
    secrets.put("shop/tls", secret(all));
    expect(hosts()?.length).toBe(60);
  });

  test("are brought when Ingress, Secret and route are there, in whatever order", async () => {
    const { ingresses, secrets, published, publish, hosts, problems } = await kit();
    const tls = [{ hosts: ["a.test", "b.test"], secretName: "tls" }];
    ingresses.put("shop/web", ingress("web", tls, ["a.test", "b.test"]));
    secrets.put("shop/other", secret(["a.test"]));
    expect(published.certificates.size).toBe(0);
    publish("a.test");
    expect(problems.get("shop/web Ingress")).toEqual([
      "CertificateMissing: Secret shop/tls is not used: there is no such Secret of type kubernetes.io/tls",
    ]);
    secrets.put("shop/tls", secret(["a.test", "b.test"]));
    expect(hosts()).toEqual(["a.test"]);
    publish("a.test", "b.test", "c.test");
    expect(hosts()).toEqual(["a.test", "b.test"]);
    publish();
    expect(hosts()).toBeUndefined();
  });

  test("follow their Secret, and go with the Ingress that names them last", async () => {
    const { ingresses, secrets, published, publish, hosts } = await kit();
    publish("a.test@one", "x.wild.test@two");
    secrets.put("shop/tls", secret(["a.test", "*.wild.test"]));
    ingresses.put("shop/one", ingress("one", [{ secretName: "tls" }], ["a.test"]));
    const wild = [{ hosts: ["*.wild.test"], secretName: "tls" }];
    ingresses.put("shop/two", ingress("two", wild, ["x.wild.test"]));
    expect(hosts()).toEqual(["a.test", "x.wild.test"]);
    const [before] = published.certificates.listed();
    secrets.put("shop/tls", secret(["a.test", "*.wild.test"]));
    expect(published.certificates.listed()[0]!.digest).not.toBe(before!.digest);
    ingresses.put("shop/one", undefined);
    expect(hosts()).toEqual(["x.wild.test"]);
    secrets.put("shop/tls", undefined);
    expect(hosts()).toBeUndefined();
  });

  test("of more than 100 published hosts are brought several times, and taken back as often", async () => {
    const { ingresses, secrets, published, publish } = await kit();
    const many = Array.from({ length: 250 }, (_, n) => `app-${1_000 + n}.wild.test`);
    publish(...many);
    secrets.put("shop/tls", secret(["*.wild.test"]));
    const tls = [{ hosts: ["*.wild.test"], secretName: "tls" }];
    ingresses.put("shop/web", ingress("web", tls, ["*.wild.test"]));
    const brought = () => published.certificates.listed().map(({ name }) => name);
    expect(brought()).toEqual(["shop/tls", "shop/tls#2", "shop/tls#3"]);
    const hosts = brought().flatMap((name) => published.certificates.get(name)!.hosts);
    expect(hosts).toEqual(many);
    publish(...many.slice(0, 101));
    expect(brought()).toEqual(["shop/tls", "shop/tls#2"]);
    secrets.put("shop/tls", undefined);
    expect(brought()).toEqual([]);
  });

  test("with a key of another certificate stay where they are", async () => {
    const { ingresses, secrets, publish, hosts, problems } = await kit();
    publish("a.test@one");
    ingresses.put("shop/one", ingress("one", [{ secretName: "tls" }], ["a.test"]));
    const { key } = authority.issue({ hosts: ["a.test"] });
    secrets.put("shop/tls", secret(["a.test"], { "tls.key": base64(key) }));
    expect(hosts()).toBeUndefined();
    expect(problems.get("shop/one Ingress")).toEqual([
      "CertificateInvalid: Secret shop/tls is not used: its key and certificate do not fit",
    ]);
  });
});

describe("the certificate of a host", () => {
  const theirs = { "a.test": [{ hosts: ["a.test"], secretName: "tls" }] };

  test.each([
    {
      name: "is not a tenant's who publishes something else",
      hosts: ["a.test"],
      rules: ["e.test"],
    },
    { name: "is not a tenant's who wants the host as well", hosts: ["a.test"], rules: ["a.test"] },
    { name: "is not a tenant's wildcard", hosts: ["*.test"], rules: ["e.test"] },
  ])("$name", async ({ hosts: named, rules }) => {
    const { ingresses, secrets, publish, hosts } = await kit();
    ingresses.put(
      "evil/web",
      ingress("evil/web", [{ hosts: named, secretName: "aa" }], rules, YOUNGER),
    );
    ingresses.put("shop/web", ingress("web", [], ["a.test"]));
    secrets.put("evil/aa", secret([...named, "e.test"]));
    publish("a.test", ...rules.map((host) => `${host}@evil/web`), "e.test@evil/web");
    expect(hosts("evil/aa") ?? []).not.toContain("a.test");
    ingresses.put("shop/web", ingress("web", theirs["a.test"], ["a.test"]));
    secrets.put("shop/tls", secret(["a.test"]));
    expect(hosts()).toEqual(["a.test"]);
  });

  test("is not an Ingress's where the agent's configuration publishes the host", async () => {
    const { ingresses, secrets, published, publish, hosts } = await kit();
    ingresses.put("shop/web", ingress("web", theirs["a.test"], ["a.test"]));
    secrets.put("shop/tls", secret(["a.test"]));
    publish("a.test");
    expect(hosts()).toEqual(["a.test"]);
    published.replace("config", [publication("a.test", {})]);
    expect(hosts()).toBeUndefined();
    published.replace("config", []);
    expect(hosts()).toEqual(["a.test"]);
  });

  test("follows the host when it is another namespace's, and back", async () => {
    const { ingresses, secrets, publish, hosts, owners } = await kit();
    ingresses.put("shop/web", ingress("web", theirs["a.test"], ["a.test"], YOUNGER));
    secrets.put("shop/tls", secret(["a.test"]));
    publish("a.test");
    const claim = { namespaces: new Set(["old"]), shared: new Set<string>() };
    owners.set("old/web Ingress", 1, new Map([["a.test", claim]]));
    expect(hosts()).toBeUndefined();
    owners.set("old/web Ingress", 1, new Map());
    expect(hosts()).toEqual(["a.test"]);
  });

  test("is its owner's before that of a namespace that was let in, and then the oldest's", async () => {
    const { ingresses, secrets, publish, hosts, owners } = await kit();
    const claim = { namespaces: new Set(["shop"]), shared: new Set(["blog"]) };
    owners.set("shop/first Ingress", -1, new Map([["a.test", claim]]));
    const old = "2023-01-01T00:00:00Z";
    ingresses.put("blog/web", ingress("blog/web", theirs["a.test"], ["a.test"], old));
    secrets.put("blog/tls", secret(["a.test"]));
    publish("a.test", "a.test@newer", "a.test@blog/web");
    expect(hosts("blog/tls")).toEqual(["a.test"]);
    const other = [{ hosts: ["a.test"], secretName: "other" }];
    ingresses.put("shop/newer", ingress("newer", other, ["a.test"], YOUNGER));
    secrets.put("shop/other", secret(["a.test"]));
    expect(hosts("blog/tls")).toBeUndefined();
    expect(hosts("shop/other")).toEqual(["a.test"]);
    ingresses.put("shop/web", ingress("web", theirs["a.test"], ["a.test"]));
    expect(hosts("shop/other")).toEqual(["a.test"]);
    secrets.put("shop/tls", secret(["else.test"]));
    expect(hosts("shop/other")).toEqual(["a.test"]);
    secrets.put("shop/tls", secret(["*.test", "a.test"]));
    expect(hosts("shop/other")).toBeUndefined();
    expect(hosts()).toEqual(["a.test"]);
  });

  test("stays in the cluster while none of its Ingress is published", async () => {
    const { ingresses, secrets, publish, hosts, problems } = await kit();
    ingresses.put("shop/left", ingress("left", theirs["a.test"], ["a.test"]));
    secrets.put("shop/tls", secret(["a.test"]));
    publish("a.test");
    expect(hosts()).toBeUndefined();
    publish("a.test", "b.test@left");
    expect(hosts()).toEqual(["a.test"]);
    publish("a.test");
    expect(hosts()).toBeUndefined();
    expect(problems.get("shop/left Ingress") ?? []).toEqual([]);
  });
});

describe("who wrote an Ingress is told", () => {
  test.each([
    {
      name: "of a host in spec.tls that is published nowhere",
      tls: [{ hosts: ["a.tset"], secretName: "tls" }],
      want: "TlsHostUnused: a.tset of spec.tls is no host that its namespace publishes: Secret shop/tls is not used there",
    },
    {
      name: "of a certificate that is for another host",
      tls: [{ hosts: ["a.test", "b.test"], secretName: "tls" }],
      want: "CertificateInvalid: the certificate of Secret shop/tls is not for b.test",
    },
    {
      name: "of a Secret that is too large",
      tls: [{ secretName: "large" }],
      want: "CertificateInvalid: Secret shop/large is not used: it is too large",
    },
    {
      name: "of a Secret without a key",
      tls: [{ secretName: "half" }],
      want: "CertificateInvalid: Secret shop/half is not used: it has no tls.crt with tls.key",
    },
  ])("$name, until it is mended", async ({ tls, want }) => {
    const { ingresses, secrets, publish, problems } = await kit();
    secrets.put("shop/tls", secret(["a.test"]));
    secrets.put("shop/large", secret(["a.test"], { "tls.crt": base64("x".repeat(1_000_000)) }));
    secrets.put("shop/half", { metadata: {}, data: { "tls.crt": "" } } as unknown as Secret);
    ingresses.put("shop/web", ingress("web", tls, ["a.test", "b.test"]));
    expect(problems.size).toBe(0);
    publish("a.test", "b.test");
    expect(problems.get("shop/web Ingress")).toEqual([want]);
    ingresses.put(
      "shop/web",
      ingress("web", [{ hosts: ["a.test"], secretName: "tls" }], ["a.test", "b.test"]),
    );
    expect(problems.get("shop/web Ingress")).toEqual([]);
  });

  test("nothing of a host whose rule is not published, which other Events tell", async () => {
    const { ingresses, secrets, publish, problems } = await kit();
    secrets.put("shop/tls", secret(["a.test"]));
    ingresses.put("shop/web", ingress("web", [{ secretName: "tls" }], ["a.test", "b.test"]));
    publish("a.test");
    expect(problems.get("shop/web Ingress") ?? []).toEqual([]);
  });

  test("in a later turn, where Ingresses of very many hosts hear of the same", async () => {
    const { ingresses, publish, problems } = await kit();
    const tls = [{ hosts: Array.from({ length: 500 }, (_, n) => `h${n}.test`), secretName: "tls" }];
    const names = ["one", "two", "three", "four"];
    for (const name of names) ingresses.put(`shop/${name}`, ingress(name, tls, [`${name}.test`]));
    publish(...names.map((name) => `${name}.test@${name}`));
    expect(problems.size).toBe(2);
    await expect.poll(() => problems.size, { interval: 1 }).toBe(4);
  });
});

async function announced(features = ["certificates"]) {
  const { published, ...rest } = await kit();
  const clock = virtualClock();
  const said: ControlInput[] = [];
  const announcer = new CertificateAnnouncer({
    certificates: published.certificates,
    voice: published.voice,
    clock,
    random: () => 0.5,
    send: (message) => said.push(message) > 0,
    rejected: () => {},
  });
  const actions = () => said.map(({ payload }) => Reflect.get(payload ?? {}, "action") as string);
  const answer = (missing: string[]) =>
    announcer.acknowledged(said.at(-1)!.request_id, { accepted: 0, rejected: [], missing });
  announcer.up(features, false);
  return { ...rest, published, announcer, clock, actions, answer, said };
}
const pair = (name: string) => ({ name, hosts: ["a.test"], cert: "c", key: "k" });

describe("a gateway", () => {
  test("hears of certificates once all are known, and gets those that it misses", async () => {
    const { published, actions, answer, said } = await announced();
    published.certificates.put(pair("shop/tls"));
    expect(said).toEqual([]);
    published.certificates.becomeWhole();
    expect(actions()).toEqual(["sync"]);
    expect(JSON.stringify(said)).not.toContain('"k"');
    answer(["shop/tls", "unknown"]);
    expect(said.at(-1)!.payload).toEqual({ action: "put", certificates: [pair("shop/tls")] });
    answer([]);
    published.certificates.put({ ...pair("shop/tls"), cert: "newer" });
    published.certificates.remove("shop/tls");
    expect(actions()).toEqual(["sync", "put", "put", "remove"]);
  });

  test("that does not answer is told again, and one that cannot is told nothing", async () => {
    const { published, announcer, clock, actions } = await announced();
    published.certificates.becomeWhole();
    clock.advance(15_000);
    expect(actions()).toEqual(["sync", "sync"]);
    announcer.close();
    const old = await announced(["resume"]);
    old.published.certificates.becomeWhole();
    old.clock.advance(300_000);
    expect(old.said).toEqual([]);
  });
});
