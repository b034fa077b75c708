// Releases of the chart: whatever they and their parts are called, several beside each other, and one after another.
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubePrograms, privateKubeApiserver } from "@warren/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandsAt, type Commands } from "./_kit/cluster.ts";
import { commandsOf } from "./_kit/commands.ts";
import { kubectl } from "./_kit/folders.ts";
import { CHART, exampleFlags, EXAMPLES, helm, RELEASE, render, setFlags } from "./_kit/helm.ts";
import { schemasFolder } from "./_kit/schemas.ts";
import { validateManifest, type Manifest } from "./_kit/validate.ts";

/** With helm's own limit: 53 characters. */
const LONGEST = `warren-${"abcdefghij-".repeat(4)}ab`;
const NAMES = [LONGEST, LONGEST.replace("warren", "bridge"), "my.warren", "1", "on", "1e3"];
const EVERYTHING = exampleFlags("everything-values.yaml");

describe.skipIf(helm === undefined || schemasFolder === undefined)("a release", () => {
  test.each(NAMES)("may be called %s", async (name) => {
    const objects = await render(EVERYTHING, "newest", { ...RELEASE, name });
    expect(objects.flatMap((one) => validateManifest(one, "newest"))).toEqual([]);
    expect(objects.filter((one) => !isNamedWell(one)).map(idOf)).toEqual([]);
  });

  test.each(["2", "on", "1e3", "0x1f"])("may have values that are %s", async (word) => {
    const values = {
      "chat.version": word,
      "chat.existingSecret": word,
      "chat.configMapName": word,
      "chat.serviceAccount.name": word,
      "chat.networkPolicy.name": word,
      "chat.ingress.tlsSecret": word,
      "image.tag": word,
      "image.digest": "",
      "image.pullSecrets": [word],
      "commonLabels.team": word,
      fullnameOverride: word,
    };
    const objects = await render([...EVERYTHING, ...setFlags(values)], "newest");
    expect(objects.flatMap((one) => validateManifest(one, "newest"))).toEqual([]);
    expect(objects.filter((one) => !isNamedWell(one)).map(idOf)).toEqual([]);
  });

  test("of an agent stands beside another", async () => {
    const agent = exampleFlags("agent-values.yaml");
    const own = setFlags({ "agent.kube.className": "other" });
    const none = setFlags({ "agent.kube.createIngressClass": false });
    const all = await Promise.all([
      render(agent, "newest"),
      render([...agent, ...none], "newest", { ...RELEASE, name: "second" }),
      render([...agent, ...own], "newest", { ...RELEASE, name: "third" }),
      render([...agent, ...none], "newest", { ...RELEASE, namespace: "elsewhere" }),
    ]);
    expect(twice(all.flat())).toEqual([]);
  });

  test("of a chat stands beside another whose names are its own", async () => {
    const chat = exampleFlags("chat-values.yaml");
    const names = setFlags({
      "chat.name": "second",
      "chat.configMapName": "second-config",
      "chat.serviceAccount.name": "second-sa",
      "chat.networkPolicy.name": "second-netpol",
    });
    const second = await render([...chat, ...names], "newest", { ...RELEASE, name: "second" });
    expect(twice([...(await render(chat, "newest")), ...second])).toEqual([]);
  });

  test.each(EXAMPLES)("keeps what cannot change when its values do: %s", async (name) => {
    const changes = setFlags({
      commonLabels: { team: "other" },
      "image.tag": "2.0.0",
      "chat.version": "v2",
      "chat.podLabels": { tier: "front" },
      "chat.drain.spreadSeconds": 30,
      "gateway.domain": "example.net",
      "agent.kube.mode": "tunnel",
    });
    const before = await render(exampleFlags(name), "newest");
    const after = await render([...exampleFlags(name), ...changes], "newest");
    expect(after.map(fixedOf)).toEqual(before.map(fixedOf));
  });
});

const programs = kubePrograms();

describe.skipIf(programs === undefined || kubectl === undefined || helm === undefined)(
  "helm on a kube-apiserver",
  () => {
    const opened = new AsyncDisposableStack();
    let cluster: Commands;
    beforeAll(async () => {
      const home = opened.use(mkdtempDisposableSync(join(tmpdir(), "warren-")));
      const { url, adminToken } = opened.use(await privateKubeApiserver(programs!));
      const there = { server: url, "insecure-skip-tls-verify": true };
      cluster = commandsAt(home.path, there, adminToken);
    }, 120_000);
    afterAll(() => opened.disposeAsync());

    const run = (verb: string, name: string, flags: readonly string[]) =>
      cluster.run("helm", [verb, name, CHART, "-n", "default", ...flags]);

    test("forgets the address of an Ingress by the guide's command", async () => {
      const commands = commandsOf("docs/kubernetes.md").filter((one) =>
        one.includes("--subresource=status"),
      );
      const [words] = commands.filter((one) => one.includes("ingress"));
      await cluster.kubectl(
        ..."create ingress my-app --class=warren --rule=a.example/*=app:80".split(" "),
      );
      const said = JSON.stringify({ status: { loadBalancer: { ingress: [{ ip: "192.0.2.7" }] } } });
      const patch = ["patch", "ingress", "my-app", "--subresource=status", "--type", "merge", "-p"];
      await cluster.kubectl(...patch, said);
      const shown = () =>
        cluster.kubectl("get", "ingress", "my-app", "-o", "jsonpath={.status.loadBalancer}");
      expect(await shown()).toContain("192.0.2.7");
      await cluster.kubectl(...words!.slice(1));
      expect(await shown()).toBe("{}");
      await cluster.kubectl("delete", "ingress", "my-app");
    });

    test("installs, upgrades, says which values a claim has for good, and leaves the claims", async () => {
      const flags = [
        ...exampleFlags("chat-small-values.yaml"),
        ...setFlags({ "gateway.enabled": true }),
      ];
      const change = (values: Readonly<Record<string, unknown>>) => [...flags, ...setFlags(values)];
      const installed = await run("install", LONGEST, flags);
      expect([installed.code, installed.err]).toEqual([0, ""]);
      const changed = { "image.tag": "0.2.0", "chat.version": "2", "commonLabels.team": "1" };
      const upgraded = await run("upgrade", LONGEST, change(changed));
      expect([upgraded.code, upgraded.err]).toEqual([0, ""]);
      const other = await run(
        "upgrade",
        LONGEST,
        change({ "chat.persistence.accessMode": "ReadWriteMany" }),
      );
      expect([other.code, other.err]).toEqual([
        1,
        expect.stringMatching(/chatbox-websocket-data.*(immutable|Forbidden)/s),
      ]);
      const removed = await cluster.run("helm", ["uninstall", LONGEST, "-n", "default"]);
      expect(removed.code).toBe(0);
      const left = await cluster.kubectl("get", "deploy,svc,pvc", "-o", "name");
      expect(left.trim().split("\n").sort()).toEqual([
        "persistentvolumeclaim/chatbox-websocket-data",
        expect.stringMatching(/^persistentvolumeclaim\/warren-.*-gateway-data$/),
        "service/kubernetes",
      ]);
    });
  },
);

function idOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
}

/** As its kind takes it: a Service's is a label of DNS, which before 1.34 begins with a letter. */
function isNamedWell({ kind, metadata }: Manifest): boolean {
  const { name, labels = {} } = metadata;
  const label = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
  const subdomain = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
  const value = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
  return (
    (kind === "Service" ? label : subdomain).test(name) &&
    Object.values(labels).every((one) => typeof one === "string" && value.test(one))
  );
}

function twice(objects: readonly Manifest[]): string[] {
  const ids = objects.map(idOf);
  return ids.filter((id, i) => ids.indexOf(id) !== i);
}

/** What a server refuses to change. */
function fixedOf(object: Manifest): unknown {
  const { selector } = (object["spec"] ?? {}) as { selector?: unknown };
  const spec = object.kind === "PersistentVolumeClaim" ? object["spec"] : undefined;
  return [idOf(object), selector, spec, object["roleRef"], object["type"]];
}
