// What `helm test` runs, and whom it asks.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { exampleFlags, helm, render, setFlags } from "./_kit/helm.ts";
import { podsOf } from "./_kit/pods.ts";

const isAddress = (word: string) => word.startsWith("http://");

const told = async (example: string, values: Readonly<Record<string, unknown>> = {}) => {
  const objects = await render([...exampleFlags(example), ...setFlags(values)], "newest");
  const [pod] = podsOf(objects).filter(({ of }) => of.startsWith("Pod "));
  const words = pod?.spec.containers[0]?.command ?? [];
  const services = objects.filter(({ kind }) => kind === "Service");
  const reached = services.flatMap(({ metadata, spec }) =>
    (spec as { ports: { port: number }[] }).ports.map(({ port }) => `${metadata.name}:${port}`),
  );
  return {
    words: words.slice(1).filter((word) => !isAddress(word)),
    addresses: words.filter(isAddress),
    reached,
  };
};

describe.skipIf(helm === undefined)("helm test", () => {
  test.each([
    {
      example: "everything-values.yaml",
      values: {},
      want: [
        "http://edge-warren-gateway:80/health",
        "http://edge-warren-gateway-admin:9090/readyz",
        "http://chatbox-websocket:80/chat/readyz",
      ],
    },
    {
      example: "gateway-values.yaml",
      values: { "gateway.service.httpPort": 0 },
      want: ["http://edge-warren-gateway-admin:9090/readyz"],
    },
  ])("asks what $example makes, by its Services", async ({ example, values, want }) => {
    const { addresses, reached } = await told(example, values);
    expect(addresses).toEqual(want);
    const named = addresses.map((one) => /^http:\/\/([^/]+)/.exec(one)![1]);
    expect(reached).toEqual(expect.arrayContaining(named));
  });

  test.each([
    { name: "all answer", status: 200, ends: 0 },
    { name: "one is not ready", status: 503, ends: 1 },
  ])("ends with $ends where $name", async ({ status, ends }) => {
    const { words } = await told("gateway-values.yaml");
    const server = createServer(({ url }, answer) => {
      answer.writeHead(url === "/last" ? status : 200).end();
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const addresses = ["first", "last"].map((path) => `http://127.0.0.1:${port}/${path}`);
    const ran = await promisify(execFile)(process.execPath, [...words, ...addresses]).then(
      ({ stdout }) => ({ code: 0, stdout }),
      ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
    );
    expect(ran).toEqual({ code: ends, stdout: `200 ${addresses[0]}\n${status} ${addresses[1]}\n` });
    await new Promise((closed) => server.close(closed));
  });
});
