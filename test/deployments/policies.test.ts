// Whom the NetworkPolicies let in where a Service is open to the outside, as the API has their rules.
import { BlockList, isIPv6 } from "node:net";
import { describe, expect, test } from "vitest";
import { objectsOf, only } from "./_kit/folders.ts";
import { exampleFlags, helm, render, setFlags } from "./_kit/helm.ts";
import type { Manifest } from "./_kit/validate.ts";

interface Rule {
  ports?: { protocol: string; port: number; endPort?: number }[];
  from?: { ipBlock?: { cidr: string } }[];
}

/** Whether something that is no pod comes in: a rule without `from` is for everybody, pods' labels are not for it. */
function letsIn(policy: Manifest, address: string, port: number): boolean {
  const { ingress = [] } = policy["spec"] as { ingress?: Rule[] };
  const isOn = ({ ports }: Rule) =>
    ports === undefined ||
    ports.some((one) => port >= one.port && port <= (one.endPort ?? one.port));
  const isOf = ({ from }: Rule) =>
    from === undefined || from.some(({ ipBlock }) => ipBlock && isIn(ipBlock.cidr, address));
  return ingress.some((rule) => isOn(rule) && isOf(rule));
}

function isIn(cidr: string, address: string): boolean {
  const [net = "", bits] = cidr.split("/");
  const list = new BlockList();
  list.addSubnet(net, Number(bits), isIPv6(net) ? "ipv6" : "ipv4");
  return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

const OFFICE = ["203.0.113.0/24", "2001:db8::/32"];

const policyOf = async (service: object) => {
  const flags = [...exampleFlags("chat-values.yaml"), ...setFlags({ "chat.service": service })];
  const objects = await render(flags, "newest");
  return {
    policy: only(objects, "NetworkPolicy", "chatbox-netpol"),
    service: only(objects, "Service", "chatbox-websocket")["spec"],
  };
};

describe.skipIf(helm === undefined)("the chat's policy", () => {
  test.each([
    { name: "shuts the outside out where no Service leads in", service: {}, office: false },
    { name: "lets everybody in by a balancer", service: { type: "LoadBalancer" }, others: true },
    { name: "lets everybody in by a port of nodes", service: { type: "NodePort" }, others: true },
    {
      name: "lets in whom the balancer does",
      service: { type: "LoadBalancer", loadBalancerSourceRanges: OFFICE },
      others: false,
    },
    {
      name: "lets nodes in that put their own address for the client's, whose networks the Service has checked",
      service: {
        type: "LoadBalancer",
        externalTrafficPolicy: "Cluster",
        loadBalancerSourceRanges: OFFICE,
      },
      others: true,
    },
    {
      name: "knows that networks are a balancer's",
      service: { type: "NodePort", loadBalancerSourceRanges: OFFICE },
      others: true,
    },
  ])("$name", async ({ service, office = true, others = false }) => {
    const { policy } = await policyOf(service);
    for (const address of ["203.0.113.9", "2001:db8::9"])
      expect(letsIn(policy, address, 8080)).toBe(office);
    for (const address of ["192.168.1.10", "2a00::1"])
      expect(letsIn(policy, address, 8080)).toBe(others);
  });

  test("opens one port, and the Service says the same networks", async () => {
    const { policy, service } = await policyOf({
      type: "LoadBalancer",
      loadBalancerSourceRanges: OFFICE,
      loadBalancerClass: "metallb.example/l2",
    });
    expect(letsIn(policy, "203.0.113.9", 8081)).toBe(false);
    expect(service).toMatchObject({
      type: "LoadBalancer",
      externalTrafficPolicy: "Local",
      loadBalancerClass: "metallb.example/l2",
      loadBalancerSourceRanges: OFFICE,
    });
  });

  test("what is no network is refused", async () => {
    const service = { type: "LoadBalancer", loadBalancerSourceRanges: ["203.0.113.9"] };
    await expect(policyOf(service)).rejects.toThrow(/loadBalancerSourceRanges/);
  });
});

test.skipIf(helm === undefined)(
  "a gateway lets everybody in, but only Prometheus to what operates it",
  async () => {
    const objects = await render(exampleFlags("gateways-values.yaml"), "newest");
    const policy = only(objects, "NetworkPolicy", "edge-warren-gateway");
    for (const port of [8080, 8443, 20_009]) expect(letsIn(policy, "8.8.8.8", port)).toBe(true);
    for (const port of [9090, 7000, 20_010]) expect(letsIn(policy, "8.8.8.8", port)).toBe(false);
  },
);

const portsOf = async (
  example: string,
  name: string,
  values: Readonly<Record<string, unknown>>,
) => {
  const objects = await render([...exampleFlags(example), ...setFlags(values)], "newest");
  const { egress } = only(objects, "NetworkPolicy", name)["spec"] as { egress: Rule[] };
  const ports = egress.flatMap((rule) => rule.ports ?? []);
  return ports.map(({ protocol, port }) => `${protocol} ${port}`).join();
};

describe.skipIf(helm === undefined)("what goes out", () => {
  const CHAT = "UDP 53,TCP 53,TCP 27017,TCP 6379,TCP 587,TCP 465,TCP 25,TCP 443";

  test.each([
    { name: "what a chat needs", values: {}, want: CHAT },
    {
      name: "the port of a bucket of one's own",
      values: { "chat.files.s3.endpoint": "http://minio.storage:9000" },
      want: `${CHAT},TCP 9000`,
    },
    {
      name: "plain HTTP, to a bucket without a port",
      values: { "chat.files.s3.endpoint": "http://minio.storage" },
      want: `${CHAT},TCP 80`,
    },
    {
      name: "other ports of a database's hosts and of Redis",
      values: {
        "chat.store.mongoUri": "mongodb://a:27018,b:27019/chat?replicaSet=rs0",
        "chat.redis.url": "rediss://[fd00::7]:6380",
      },
      want: `${CHAT},TCP 27018,TCP 27019,TCP 6380`,
    },
    {
      name: "ports of mail servers",
      values: { "chat.config": { SMTP_HOST: "a.example:2526,b.example", SMTP_PORT: 2525 } },
      want: `${CHAT},TCP 2526,TCP 2525`,
    },
    {
      name: "what else is said",
      values: { "chat.networkPolicy.egressPorts": [8443] },
      want: `${CHAT},TCP 8443`,
    },
  ])("of a chat: $name", async ({ values, want }) => {
    expect(await portsOf("chat-values.yaml", "chatbox-netpol", values)).toBe(want);
  });

  test("of an agent: to API servers, to gateways by their ports, and to every pod", async () => {
    const values = {
      "agent.config": { HTTPS_PROXY: "http://proxy.example:3128" },
      "agent.gateways": ["wss://a.example", "ws://[2001:db8::7]:8080", "ws://b.example:9080/"],
    };
    expect(await portsOf("agent-values.yaml", "edge-warren-agent", values)).toBe(
      "UDP 53,TCP 53,TCP 80,TCP 443,TCP 6443,TCP 8443,TCP 16443,TCP 8080,TCP 9080,TCP 3128",
    );
    const objects = await render(exampleFlags("agent-values.yaml"), "newest");
    const { egress } = only(objects, "NetworkPolicy", "edge-warren-agent")["spec"] as {
      egress: object[];
    };
    expect(egress).toContainEqual({ to: [{ namespaceSelector: {} }] });
  });

  test.each([
    { gateway: "ws://gateway.example", port: 80 },
    { gateway: "ws://[2001:db8::7]", port: 80 },
    { gateway: "ws://[2001:db8::7]/", port: 80 },
    { gateway: "wss://[2001:db8::7]", port: 443 },
    { gateway: "wss://gateway.example/", port: 443 },
  ])("of an agent: to $gateway by its usual port", async ({ gateway, port }) => {
    const values = { "agent.networkPolicy.egressPorts": [6443], "agent.gateways": [gateway] };
    expect(await portsOf("agent-values.yaml", "edge-warren-agent", values)).toBe(
      `UDP 53,TCP 53,TCP 6443,TCP ${port}`,
    );
  });

  test("of a gateway: to the Redis and the CA that it was told of", async () => {
    const values = { "gateway.redis": { url: "redis://redis:6390" } };
    expect(await portsOf("gateways-values.yaml", "edge-warren-gateway", values)).toMatch(
      /^UDP 53,TCP 53,TCP 6379,TCP 443,TCP 80,TCP 6390,TCP 7000$/,
    );
    const ca = { "gateway.config": { WARREN_ACME_DIRECTORY: "https://ca.example:9000/acme/a" } };
    expect(await portsOf("gateways-values.yaml", "edge-warren-gateway", ca)).toMatch(/,TCP 9000,/);
    // What tokens list for direct mode, and a Redis whose address is in a Secret.
    const more = { "gateway.networkPolicy.egressPorts": [8443, 443] };
    expect(await portsOf("gateways-values.yaml", "edge-warren-gateway", more)).toMatch(
      /^UDP 53,TCP 53,TCP 6379,TCP 443,TCP 80,TCP 8443,TCP 7000$/,
    );
  });
});

describe("plain manifests", () => {
  const [messaging] = objectsOf("k8s/base/messaging-service-networkpolicy.yaml");
  const [chatbox] = objectsOf("deployments/kubernetes/networkpolicy.yaml");
  const [balancer] = objectsOf("k8s/base/messaging-service-loadbalancer.yaml");

  test("clients of the messaging service's balancer come in, to TLS alone", () => {
    expect(messaging!["spec"]).toMatchObject({
      podSelector: { matchLabels: (balancer!["spec"] as { selector: object }).selector },
    });
    for (const address of ["203.0.113.9", "192.168.1.10", "2a00::1"]) {
      expect(letsIn(messaging!, address, 8080)).toBe(true);
      expect(letsIn(messaging!, address, 8086)).toBe(false);
    }
  });

  test("the chat, which is behind an Ingress, has no outside", () => {
    expect(letsIn(chatbox!, "203.0.113.9", 8080)).toBe(false);
  });

  test("both may dial the same", () => {
    const [one, other] = [messaging, chatbox].map(
      (policy) => policy!["spec"] as { egress: object },
    );
    expect(one!.egress).toEqual(other!.egress);
  });
});
