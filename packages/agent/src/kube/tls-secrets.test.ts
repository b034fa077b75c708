import { testAuthority } from "@warren/host/testing";
import { Route, type ControlInput } from "@warren/wire";
import * as v from "valibot";
import { virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { CertificateAnnouncer } from "../control/certificate-announcer.ts";
import { Published } from "../published.ts";
import { createTarget } from "../target.ts";
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

function ingress(name: string, tls: { hosts?: string[]; secretName?: string }[], hosts: string[]) {
  const metadata = { namespace: "shop", name, uid: name, resourceVersion: "1" };
  return { metadata, spec: { tls, rules: hosts.map((host) => ({ host })) } } as Ingress;
}

function secret(hosts: string[], more: Record<string, string> = {}): Secret {
  const { cert, key } = authority.issue({ hosts });
  const data = { "tls.crt": base64(cert), "tls.key": base64(key), ...more };
  return { metadata: { namespace: "shop", name: "tls" }, data } as unknown as Secret;
}

async function kit() {
  const ingresses = new Filled<Ingress>();
  const secrets = new Filled<Secret>();
  const published = new Published(clockVoice(() => 1));
  const problems: string[] = [];
  const onProblem = (name: string, problem: string) => void problems.push(`${name}: ${problem}`);
  const tls = new TlsSecrets({ ingresses, secrets, published, onProblem });
  await tls.ready;
  const publish = (...hosts: string[]) =>
    published.replace(
      "test",
      hosts.map((host) => {
        const route = v.parse(Route, { host, service: "web", port: 80 });
        return { route, targets: [createTarget({ host: "127.0.0.1", port: 80 })] };
      }),
    );
  const hosts = () => published.certificates.get("shop/tls")?.hosts;
  return { ingresses, secrets, published, problems, publish, hosts };
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
    publish(...all.slice(0, 50));
    publish(...all.slice(0, 60));
    expect(hosts()?.length).toBe(60);
    expect(reads).toBe(1);
    secrets.put("shop/tls", secret(all));
    expect(hosts()?.length).toBe(60);
  });

  test("are brought when Ingress, Secret and route are there, in whatever order", async () => {
    const { ingresses, secrets, published, publish, hosts, problems } = await kit();
    const tls = [{ hosts: ["a.test", "b.test"], secretName: "tls" }];
    ingresses.put("shop/web", ingress("web", tls, ["a.test"]));
    secrets.put("shop/other", secret(["a.test"]));
    expect(published.certificates.size).toBe(0);
    publish("a.test");
    expect(problems).toEqual(["shop/tls: there is no such TLS Secret yet"]);
    secrets.put("shop/tls", secret(["a.test", "b.test"]));
    expect(hosts()).toEqual(["a.test"]);
    publish("a.test", "b.test", "c.test");
    expect(hosts()).toEqual(["a.test", "b.test"]);
    publish();
    expect(hosts()).toBeUndefined();
  });

  test("follow their Secret, and go with the Ingress that names them last", async () => {
    const { ingresses, secrets, published, publish, hosts } = await kit();
    publish("a.test", "x.wild.test");
    secrets.put("shop/tls", secret(["a.test"]));
    ingresses.put("shop/one", ingress("one", [{ secretName: "tls" }], ["a.test"]));
    const wild = [{ hosts: ["*.wild.test"], secretName: "tls" }];
    ingresses.put("shop/two", ingress("two", wild, ["x.wild.test"]));
    expect(hosts()).toEqual(["a.test", "x.wild.test"]);
    const [before] = published.certificates.listed();
    secrets.put("shop/tls", secret(["a.test"]));
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
    publish("a.test");
    ingresses.put("shop/one", ingress("one", [{ secretName: "tls" }], ["a.test"]));
    const { key } = authority.issue({ hosts: ["a.test"] });
    secrets.put("shop/tls", secret(["a.test"], { "tls.key": base64(key) }));
    expect(hosts()).toBeUndefined();
    expect(problems.at(-1)).toBe("shop/tls: its key and certificate do not fit");
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
