// A Secret that came in by `kubectl apply`, as by the seed's command: create-secrets.sh takes it out of apply's hands,
// so that applying the folder, whose secret.yaml has no data, does not empty it. By our API server and, where one has
// been built, by Kubernetes' own.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openCluster, openKubeApiserver, programs, type Commands } from "./_kit/cluster.ts";
import { kubectl } from "./_kit/folders.ts";

const SCRIPT = "deployments/kubernetes/create-secrets.sh";
const SERVER = "--server-side";

const SERVERS = [
  {
    name: "our API server",
    open: async (opened: AsyncDisposableStack) => opened.use(await openCluster()),
    ways: [{ way: "client-side", first: [], next: [] }],
    skip: false,
  },
  {
    name: "a kube-apiserver",
    open: openKubeApiserver,
    ways: [
      { way: "client-side", first: [], next: [] },
      { way: "server-side", first: [SERVER], next: [SERVER] },
      { way: "client-side, then server-side", first: [], next: [SERVER] },
      { way: "server-side, then client-side", first: [SERVER], next: [] },
    ],
    skip: programs === undefined,
  },
];

for (const { name, open, ways, skip } of SERVERS) {
  describe.skipIf(skip || kubectl === undefined)(`a Secret that ${name} got by apply`, () => {
    const opened = new AsyncDisposableStack();
    let cluster: Commands;
    beforeAll(async () => void (cluster = await open(opened)), 120_000);
    afterAll(() => opened.disposeAsync());

    test.each(ways)("keeps its values: $way", async ({ way, first, next }) => {
      const namespace = `by-${ways.findIndex((one) => one.way === way)}`;
      const at = ["-n", namespace];
      const input = JSON.stringify({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: namespace },
      });
      await cluster.run("kubectl", ["create", "-f", "-"], { input });
      const seed =
        "create secret generic chat-secrets --dry-run=client -o yaml --from-literal=JWT_SECRET=signs --from-literal=ENCRYPTION_KEY=seals";
      const manifest = await cluster.kubectl(...seed.split(" "), ...at);
      const made = await cluster.run("kubectl", ["apply", ...first, ...at, "-f", "-"], {
        input: manifest,
      });
      expect([made.code, made.err]).toEqual([0, ""]);

      const ran = await cluster.run(SCRIPT, [namespace]);
      expect([ran.code, ran.err]).toEqual([0, ""]);
      expect(ran.out).toMatch(
        /came in by `kubectl apply`.*: it no longer can\n.*has what it needs/,
      );
      const again = await cluster.run(SCRIPT, [namespace]);
      expect(again.out).toBe(
        `chat-secrets in ${namespace} has what it needs; nothing was changed\n`,
      );

      const file = "deployments/kubernetes/secret.yaml";
      for (let round = 0; round < 2; round += 1)
        await cluster.kubectl("apply", ...next, ...at, "-f", file);
      const data = await cluster.kubectl(
        "get",
        ...at,
        "secret/chat-secrets",
        "-o",
        "jsonpath={.data}",
      );
      expect(JSON.parse(data)).toEqual({ ENCRYPTION_KEY: "c2VhbHM=", JWT_SECRET: "c2lnbnM=" });
      const all = await cluster.kubectl(
        "get",
        ...at,
        "secret/chat-secrets",
        "-o",
        "jsonpath={.metadata}",
      );
      expect(all).not.toContain("c2VhbHM=");
    });
  });
}
