// create-secrets.sh against an API server, by the real kubectl.
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { SECRETS } from "@warren/host/kube";
import { programPath } from "@warren/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readChat, readOptions } from "./_kit/chat.ts";
import { openCluster, type Cluster } from "./_kit/cluster.ts";
import { kubectl } from "./_kit/folders.ts";

const SCRIPT = "deployments/kubernetes/create-secrets.sh";
/** 64 characters for the first key, 48 bytes, and nothing for the second. */
const FAILS_LATER = `[ "$3" = 48 ] && printf 'a%.0s' {1..64}`;

describe.skipIf(kubectl === undefined)("create-secrets.sh", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await openCluster();
    for (const name of [
      "new",
      "kept",
      "plain",
      "asked",
      "raced",
      "typed",
      "wiped",
      "wiped-server",
      "poor",
      "starved",
    ])
      cluster.api.put({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  });
  afterAll(async () => cluster[Symbol.asyncDispose]());

  const dataIn = (namespace: string): Record<string, string> =>
    (
      (cluster.api.get(SECRETS, { namespace, name: "chat-secrets" }) ?? {}) as {
        data?: Record<string, string>;
      }
    ).data ?? {};

  test("makes secrets that the chat takes, and shows none of them", async () => {
    const { code, out, err } = await cluster.run(SCRIPT, ["new"]);
    expect([code, err]).toEqual([0, ""]);
    const { JWT_SECRET, ENCRYPTION_KEY, ...others } = dataIn("new");
    expect(others).toEqual({});
    expect(Buffer.from(clear(ENCRYPTION_KEY), "base64")).toHaveLength(32);
    expect(Buffer.from(clear(JWT_SECRET), "base64")).toHaveLength(48);
    for (const secret of [JWT_SECRET!, ENCRYPTION_KEY!, clear(JWT_SECRET), clear(ENCRYPTION_KEY)])
      expect(out + err).not.toContain(secret);
    const options = readOptions(new Map([["WS_ALLOWED_ORIGINS", "https://a.example"]]));
    const read = readChat(options, cluster.folder, "", {
      jwtSecret: clear(JWT_SECRET),
      key: clear(ENCRYPTION_KEY),
    });
    expect(read).not.toHaveProperty("problems");
  });

  test("run again it changes nothing, and says so", async () => {
    const before = dataIn("new");
    const { code, out } = await cluster.run(SCRIPT, ["new"]);
    expect([code, out]).toEqual([
      0,
      "chat-secrets in new has what it needs; nothing was changed\n",
    ]);
    expect(dataIn("new")).toEqual(before);
  });

  test("what is there stays: it only adds", async () => {
    const mine = Buffer.from("my own key, that everything is sealed with").toString("base64");
    cluster.api.put({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "chat-secrets", namespace: "kept" },
      data: { ENCRYPTION_KEY: mine, SMTP_PASS: "eA==" },
    } as never);
    const { code, out } = await cluster.run(SCRIPT, ["kept"]);
    expect([code, out]).toEqual([0, "chat-secrets in kept: made or added JWT_SECRET\n"]);
    expect(dataIn("kept")).toMatchObject({
      ENCRYPTION_KEY: mine,
      SMTP_PASS: "eA==",
      JWT_SECRET: expect.any(String) as string,
    });
  });

  test("a Secret that came in between is not replaced", async () => {
    const theirs = { ENCRYPTION_KEY: Buffer.from("theirs").toString("base64") };
    let isFirst = true;
    const done = cluster.api.intercept(({ verb, info }) => {
      if (verb !== "create" || info?.namespace !== "raced" || !isFirst) return false;
      isFirst = false;
      cluster.api.put({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "chat-secrets", namespace: "raced" },
        data: theirs,
      } as never);
      return false;
    });
    const { code, err } = await cluster.run(SCRIPT, ["raced"]);
    done();
    expect(code).toBe(1);
    expect(err).toContain("run this again, which keeps what is there");
    expect(dataIn("raced")).toEqual(theirs);
    expect((await cluster.run(SCRIPT, ["raced"])).code).toBe(0);
    expect(dataIn("raced")).toMatchObject(theirs);
  });

  test("where the cluster does not answer, nothing is taken for missing", async () => {
    cluster.api.refuse(
      { verb: "get", resource: "secrets", namespace: "plain" },
      { code: 403, reason: "Forbidden" },
    );
    const { code, err } = await cluster.run(SCRIPT, ["plain"]);
    expect(code).toBe(1);
    expect(err).toContain("nothing was changed");
    expect(dataIn("plain")).toEqual({});
  });

  test("works without openssl", async () => {
    const bin = join(cluster.folder, "bin");
    mkdirSync(bin);
    for (const name of ["bash", "env", "base64", "tr", "head", "kubectl"])
      symlinkSync(pathOf(name), join(bin, name));
    const { code, err } = await cluster.run(SCRIPT, ["poor"], { env: { PATH: bin } });
    expect([code, err]).toEqual([0, ""]);
    expect(Buffer.from(clear(dataIn("poor")["ENCRYPTION_KEY"]), "base64")).toHaveLength(32);
  });

  test.each([
    { name: "openssl fails", program: "openssl", says: "exit 1" },
    { name: "openssl stops halfway and says so", program: "openssl", says: "echo AAAA; exit 1" },
    { name: "openssl stops halfway and does not", program: "openssl", says: "echo AAAA" },
    { name: "openssl talks instead", program: "openssl", says: `printf '%64s\n' no entropy` },
    { name: "only the second time", program: "openssl", says: FAILS_LATER },
    { name: "the kernel's source stops halfway", program: "head", says: "printf 12345" },
    { name: "what encodes fails", program: "base64", says: "exit 1" },
  ])("without good randomness nothing is written: $name", async ({ name, program, says }) => {
    const bin = join(cluster.folder, name);
    mkdirSync(bin);
    writeFileSync(join(bin, program), `#!/usr/bin/env bash\n${says}\n`);
    chmodSync(join(bin, program), 0o755);
    for (const other of ["bash", "env", "base64", "tr", "head", "kubectl"])
      if (other !== program) symlinkSync(pathOf(other), join(bin, other));
    const before = cluster.api.requests.length;
    const { code, out, err } = await cluster.run(SCRIPT, ["starved"], { env: { PATH: bin } });
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/^create-secrets: (JWT_SECRET|ENCRYPTION_KEY): .*nothing was changed\n$/);
    const asked = cluster.api.requests.slice(before).map(({ verb }) => verb);
    expect(asked.filter((verb) => verb !== "get")).toEqual([]);
    expect(dataIn("starved")).toEqual({});
  });

  test("on a terminal it asks for the optional ones, and Enter skips one", async () => {
    // What is piped into `script` is what a terminal sends.
    const command = `${SCRIPT} asked`;
    const typed = ["", "", "the id", 'a "quoted" $secret\\', ...Array(7).fill("")].join("\n");
    const { code, out } = await cluster.run("script", ["-qec", command, "/dev/null"], {
      input: `${typed}\n`,
    });
    expect([code, out]).toEqual([0, expect.stringContaining("SMTP_PASS (Enter skips it): ")]);
    const { S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, ...others } = dataIn("asked");
    expect(Object.keys(others).sort()).toEqual(["ENCRYPTION_KEY", "JWT_SECRET"]);
    expect([clear(S3_ACCESS_KEY_ID), clear(S3_SECRET_ACCESS_KEY)]).toEqual([
      "the id",
      'a "quoted" $secret\\',
    ]);
  });

  test("no value is ever on a command line or in a file", async () => {
    const bin = join(cluster.folder, "told");
    const log = join(cluster.folder, "words");
    mkdirSync(bin);
    writeFileSync(
      join(bin, "kubectl"),
      `#!/usr/bin/env bash\nprintf '%s\\n' "$@" >>${log}\nexec ${pathOf("kubectl")} "$@"\n`,
    );
    chmodSync(join(bin, "kubectl"), 0o755);
    const { code } = await cluster.run(SCRIPT, ["typed"], {
      env: { PATH: `${bin}${delimiter}${process.env["PATH"]}` },
    });
    expect(code).toBe(0);
    const words = readFileSync(log, "utf8");
    for (const value of Object.values(dataIn("typed"))) {
      expect(words).not.toContain(value);
      expect(words).not.toContain(clear(value));
    }
  });

  test.each([
    { name: "client-side, as kubectl apply does", namespace: "wiped", how: [] },
    { name: "server-side", namespace: "wiped-server", how: ["--server-side"] },
  ])("the folder's empty Secret takes nothing away: $name", async ({ namespace, how }) => {
    const apply = () =>
      cluster.kubectl(
        "apply",
        "--validate=false",
        ...how,
        "-n",
        namespace,
        "-f",
        "deployments/kubernetes/secret.yaml",
      );
    await apply();
    expect((await cluster.run(SCRIPT, [namespace])).code).toBe(0);
    const before = dataIn(namespace);
    expect(Object.keys(before).sort()).toEqual(["ENCRYPTION_KEY", "JWT_SECRET"]);
    await apply();
    await apply();
    expect(dataIn(namespace)).toEqual(before);
    expect(
      JSON.stringify(cluster.api.get(SECRETS, { namespace, name: "chat-secrets" })?.metadata),
    ).not.toContain(before["ENCRYPTION_KEY"]);
  });

  test.each([
    { name: "two words", words: ["a", "b"] },
    { name: "a name that no namespace has", words: ["-n"] },
  ])("$name: how it is used", async ({ words }) => {
    const { code, err } = await cluster.run(SCRIPT, words);
    expect([code, err]).toEqual([2, "usage: create-secrets.sh [namespace]\n"]);
  });
});

function pathOf(name: string): string {
  return programPath(name)!;
}

function clear(value: string | undefined): string {
  return Buffer.from(value ?? "", "base64").toString();
}
