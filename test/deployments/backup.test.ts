// backup.sh and restore.sh by the real kubectl: against our API server and, where one has been built, Kubernetes' own.
import {
  existsSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openCluster, openKubeApiserver, programs, type Commands } from "./_kit/cluster.ts";
import { kubectl } from "./_kit/folders.ts";

const FOLDER = "deployments/kubernetes/";
const BACKUP = `${FOLDER}backup.sh`;
const RESTORE = `${FOLDER}restore.sh`;
const MESSAGING = "config deployment pods networkpolicy".split(" ");
const KINDS = "sa,cm,secret,deploy,svc,ing,hpa,netpol,pdb";
const POLL = { timeout: 10_000, interval: 50 };
/** `withoutSecrets`: what to run a command with for somebody who may read all of namespace `unread` but Secrets. */
const SERVERS = [
  {
    name: "our API server",
    open: async (opened: AsyncDisposableStack) => {
      const cluster = opened.use(await openCluster());
      const withoutSecrets = async () => {
        const asked = { verb: "get", resource: "secrets", namespace: "unread" } as const;
        cluster.api.refuse(asked, { code: 403, reason: "Forbidden" });
        return {};
      };
      return { cluster, withoutSecrets };
    },
    skip: false,
  },
  {
    name: "a kube-apiserver",
    open: async (opened: AsyncDisposableStack) => {
      const cluster: Commands = await openKubeApiserver(opened);
      const withoutSecrets = (home: string) => sees(cluster, home);
      return { cluster, withoutSecrets };
    },
    skip: programs === undefined,
  },
];

for (const { name, open, skip } of SERVERS) {
  describe.skipIf(skip || kubectl === undefined)(`a backup of ${name}`, () => {
    const opened = new AsyncDisposableStack();
    let cluster: Commands;
    let withoutSecrets: (home: string) => Promise<Record<string, string>>;
    let home: string;
    beforeAll(async () => {
      ({ cluster, withoutSecrets } = await open(opened));
      home = opened.use(mkdtempDisposableSync(join(tmpdir(), "warren-"))).path;
      for (const namespace of "saved elsewhere other-key keyless nothing homelab-services kept unread".split(
        " ",
      ))
        await namespaced(namespace);
      for (const namespace of ["saved", "keyless", "unread"])
        await cluster.kubectl("apply", "-n", namespace, "-f", FOLDER);
      for (const file of MESSAGING)
        await cluster.kubectl("apply", "-f", `k8s/base/messaging-service-${file}.yaml`);
      for (const namespace of ["saved", "homelab-services", "unread"]) await made(namespace);
    }, 120_000);
    afterAll(() => opened.disposeAsync());

    const folder = () => join(home, "backup");
    const run = (script: string, ...words: string[]) => cluster.run(script, words);
    const names = async (namespace: string) =>
      (await cluster.kubectl("get", "-n", namespace, "-o", "name", KINDS))
        .split("\n")
        .filter((line) => line !== "")
        .sort();
    const data = (namespace: string) =>
      cluster.kubectl("get", "-n", namespace, "secret/chat-secrets", "-o", "jsonpath={.data}");

    async function namespaced(namespace: string): Promise<void> {
      const object = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
      await cluster.run("kubectl", ["create", "-f", "-"], { input: JSON.stringify(object) });
    }

    async function made(namespace: string): Promise<void> {
      expect(await run(`${FOLDER}create-secrets.sh`, namespace)).toMatchObject({ code: 0 });
    }

    test("what was saved is right elsewhere, Secrets and all", async () => {
      const saved = await run(BACKUP, "saved", folder());
      expect([saved.code, saved.err]).toEqual([0, ""]);
      expect(saved.out).toMatch(/^9 objects in .*, Secrets in clear/);
      expect(statSync(folder()).mode & 0o077).toBe(0);
      for (const file of readdirSync(folder())) looksForeign(join(folder(), file));
      const restored = await run(RESTORE, folder(), "elsewhere");
      expect([restored.code, restored.err]).toEqual([0, ""]);
      expect(await names("elsewhere")).toEqual(await names("saved"));
      expect(await data("elsewhere")).toBe(await data("saved"));
      expect(
        await cluster.kubectl("get", "-n", "elsewhere", "secret/chat-secrets", "-o", "json"),
      ).not.toContain("last-applied");
    });

    test("the messaging service is saved with what it is told, and comes back", async () => {
      const before = await names("homelab-services");
      const saved = await run(BACKUP, "homelab-services", join(home, "messaging"));
      expect([saved.code, saved.err]).toEqual([0, ""]);
      expect(readdirSync(join(home, "messaging")).sort()).toEqual([
        "configmap-messaging-service-config.json",
        "deployment-apps-messaging-service.json",
        "networkpolicy-networking-k8s-io-messaging-service-netpol.json",
        "poddisruptionbudget-policy-messaging-service.json",
        "secret-chat-secrets.json",
        "service-messaging-service-pods.json",
      ]);
      const keys = await data("homelab-services");
      const all = "deploy,svc,netpol,pdb,cm".split(",");
      for (const kind of all)
        await cluster.kubectl(
          "delete",
          "-n",
          "homelab-services",
          kind,
          "-l",
          "app=messaging-service",
        );
      await cluster.kubectl("delete", "-n", "homelab-services", "secret", "chat-secrets");
      const restored = await run(RESTORE, join(home, "messaging"), "homelab-services");
      expect([restored.code, restored.err]).toEqual([0, ""]);
      expect(await names("homelab-services")).toEqual(before);
      expect(await data("homelab-services")).toBe(keys);
    });

    test("a cluster with another key keeps it", async () => {
      await made("other-key");
      const before = await data("other-key");
      const { code, err } = await run(RESTORE, folder(), "other-key");
      expect([code, err]).toEqual([1, expect.stringContaining("another ENCRYPTION_KEY")]);
      expect(await data("other-key")).toBe(before);
      expect(await names("other-key")).not.toContain("service/chatbox-websocket");
      const meant = await run(RESTORE, folder(), "other-key", "--replace-keys");
      expect(meant.code).toBe(0);
      expect(await data("other-key")).not.toBe(before);
    });

    test.each([
      {
        name: "a folder that has something",
        words: () => ["saved", folder()],
        want: "is not empty",
      },
      {
        name: "a namespace without the chat",
        words: () => ["nothing", join(home, "b")],
        want: "there is nothing of the chat",
      },
      {
        name: "a Secret without the key that all is sealed with",
        words: () => ["keyless", join(home, "b")],
        want: "has no ENCRYPTION_KEY",
      },
      { name: "a word that is no namespace", words: () => ["--help"], want: "usage: " },
    ])("backup.sh refuses $name, and writes nothing", async ({ words, want }) => {
      const { code, out, err } = await run(BACKUP, ...words());
      expect([code, out, err]).toEqual([1, "", expect.stringContaining(want)]);
      expect(existsSync(join(home, "b"))).toBe(false);
    });

    test("who may read everything but Secrets gets no backup, rather than one without keys", async () => {
      const env = await withoutSecrets(home);
      const { code, out, err } = await cluster.run(BACKUP, ["unread", join(home, "c")], { env });
      expect([code, out]).toEqual([1, ""]);
      expect(err).toMatch(/Forbidden.*nothing was written/s);
      expect(existsSync(join(home, "c"))).toBe(false);
    });

    test.each([
      {
        name: "without the Secret",
        change: (file: string) => rmSync(file),
        want: "no chat-secrets",
      },
      {
        name: "whose Secret has no key",
        change: (file: string) =>
          writeFileSync(file, readFileSync(file, "utf8").replace("ENCRYPTION_KEY", "OTHER")),
        want: "no ENCRYPTION_KEY",
      },
    ])("restore.sh refuses a backup $name", async ({ name: part, change, want }) => {
      const copy = join(home, part);
      await cluster.run("cp", ["-r", folder(), copy]);
      change(join(copy, "secret-chat-secrets.json"));
      for (const more of [[], ["--replace-keys"]]) {
        const { code, err } = await run(RESTORE, copy, "kept", ...more);
        expect([code, err]).toEqual([1, expect.stringContaining(want)]);
      }
      expect(await names("kept")).toEqual([]);
    });

    test("restore.sh takes one namespace", async () => {
      const { code, err } = await run(RESTORE, folder(), "kept", "elsewhere");
      expect([code, err]).toEqual([1, expect.stringContaining("usage: restore.sh <folder>")]);
      expect(await names("kept")).toEqual([]);
    });
  });
}

async function sees(cluster: Commands, home: string): Promise<Record<string, string>> {
  const resources =
    "cm,sa,svc,deployments.apps,ingresses.networking.k8s.io,networkpolicies.networking.k8s.io," +
    "hpa.autoscaling,pdb.policy";
  for (const words of [
    `create role sees --verb=get,list --resource=${resources} -n unread`,
    "create rolebinding sees --role=sees --user=sees -n unread",
  ])
    await cluster.kubectl(...words.split(" "));
  // The server hears of a binding some time after it took it.
  const may = "auth can-i list poddisruptionbudgets --as=sees -n unread".split(" ");
  await expect.poll(async () => (await cluster.run("kubectl", may)).out, POLL).toBe("yes\n");
  const shown = await cluster.kubectl(..."config view --raw -o json".split(" "));
  const kubeconfig = join(home, "sees");
  writeFileSync(kubeconfig, shown.replace('"token":', '"as": "sees", "token":'));
  return { KUBECONFIG: kubeconfig };
}

/** Nothing of what only the cluster that it came from knows, for its owner alone. */
function looksForeign(file: string): void {
  expect(statSync(file).mode & 0o077).toBe(0);
  const { metadata, ...object } = JSON.parse(readFileSync(file, "utf8")) as { metadata: object };
  expect(object).not.toHaveProperty("status");
  for (const field of "uid resourceVersion creationTimestamp generation managedFields".split(" "))
    expect(metadata).not.toHaveProperty(field);
  expect(JSON.stringify(metadata)).not.toContain("last-applied");
}
