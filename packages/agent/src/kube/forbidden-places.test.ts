import { describe, expect, test } from "vitest";
import { ForbiddenPlaces, type ApiKnown } from "./forbidden-places.ts";
import type { EndpointSlice, Service } from "./objects.ts";

const meta = (name: string, labels = {}) => ({
  name,
  namespace: "default",
  uid: "u",
  resourceVersion: "1",
  labels,
});
const service = (spec: NonNullable<Service["spec"]>): Service => ({ metadata: meta("web"), spec });

const BY_CONTROLLER = {
  "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
};

interface Written {
  port?: number;
  type?: EndpointSlice["addressType"];
  labels?: Record<string, string>;
}

function slice(addresses: readonly string[], { port = 80, type, labels }: Written = {}) {
  const made: EndpointSlice = {
    metadata: meta("web-1", labels),
    addressType: type ?? (addresses[0]?.includes(":") ? "IPv6" : "IPv4"),
    endpoints: [{ addresses: [...addresses] }],
    ports: [{ port }],
  };
  return made;
}

const KNOWN: ApiKnown = {
  server: new URL("https://10.96.0.1"),
  service: service({
    clusterIP: "10.96.0.1",
    clusterIPs: ["10.96.0.1", "fd00:96::1"],
    ports: [{ port: 443 }],
  }),
  slices: [slice(["192.168.1.10", "192.168.1.11"], { port: 6_443 })],
  isHidden: false,
  before: undefined,
};
const BARE = service({ clusterIP: "10.96.0.7" });
const OF_PODS = service({ clusterIP: "10.96.0.7", selector: { app: "web" } });
const why = (made: EndpointSlice, known: Partial<ApiKnown> = {}, of: Service = BARE) =>
  new ForbiddenPlaces({ ...KNOWN, ...known }).why(of, [slice(["10.1.0.1"]), made]);

describe("a Service may not lead", () => {
  test.each([
    { name: "to the API", made: slice(["192.168.1.11"], { port: 6_443 }), says: "Kubernetes API" },
    { name: "to AWS's metadata", made: slice(["fd00:ec2::254"]), says: "a cloud" },
    { name: "to Alibaba's", made: slice(["100.100.100.200"]), says: "a cloud" },
    { name: "to metadata by NAT64", made: slice(["64:ff9b::a9fe:a9fe"]), says: "link-local" },
    { name: "to loopback by 6to4", made: slice(["2002:7f00:1::1"]), says: "loopback" },
    { name: "to Azure's by NAT64", made: slice(["64:ff9b::a83f:8110"]), says: "a cloud" },
    { name: "to its cluster address", made: slice(["10.96.0.1"], { port: 443 }), says: "API" },
    { name: "to its other one", made: slice(["fd00:96:0::1"], { port: 443 }), says: "API" },
    {
      name: "to it as one of several addresses",
      made: slice(["192.168.1.99", "192.168.1.10"], { port: 6_443 }),
      says: "192.168.1.10 port 6443",
    },
    {
      name: "to it in other letters",
      made: slice(["192.168.001.010"], { port: 6_443 }),
      says: "Kubernetes API",
    },
    {
      name: "to it as IPv6 has IPv4",
      made: slice(["::FFFF:192.168.1.10"], { port: 6_443, type: "IPv4" }),
      says: "Kubernetes API",
    },
    {
      name: "to its port at any other address of a node",
      made: slice(["10.42.0.1"], { port: 6_443 }),
      says: "port 6443",
    },
    { name: "to the agent itself", made: slice(["127.0.0.1"]), says: "loopback" },
    { name: "to its node's metadata", made: slice(["169.254.169.254"]), says: "link-local" },
    { name: "nowhere", made: slice(["0.0.0.0"]), says: "loopback" },
    { name: "to ::1", made: slice(["0:0:0::1"]), says: "loopback" },
    { name: "to ::", made: slice(["::"]), says: "loopback" },
    { name: "to its link", made: slice(["FE80::1"]), says: "link-local" },
    { name: "to itself, as IPv6 has it", made: slice(["::ffff:127.0.0.1"]), says: "loopback" },
  ])("$name", ({ made, says }) => {
    expect(why(made)).toContain(says);
  });

  test("where somebody says, while nobody here may read where the API is", () => {
    const hidden = { slices: [], isHidden: true };
    expect(why(slice(["192.168.1.20"]), hidden)).toContain("EndpointSlice default/kubernetes");
    const places = new ForbiddenPlaces({ ...KNOWN, ...hidden });
    expect(places.why(OF_PODS, [slice(["10.1.0.1"], { labels: BY_CONTROLLER })])).toBeUndefined();
  });
});

describe("a Service may lead", () => {
  const pods = { port: 6_443, labels: BY_CONTROLLER };
  test.each([
    { name: "to a machine of the LAN", made: slice(["192.168.1.20"], { port: 8_006 }) },
    { name: "to another port of the API's machine", made: slice(["192.168.1.10"], { port: 443 }) },
    { name: "to pods, whatever their port is", made: slice(["10.1.0.9"], pods), of: OF_PODS },
    { name: "to names, which nobody dials", made: slice(["127.0.0.1"], { type: "FQDN" }) },
    { name: "nowhere yet", made: slice([], { port: 6_443 }) },
  ])("$name", ({ made, of }) => {
    expect(new ForbiddenPlaces(KNOWN).why(of ?? BARE, [made])).toBeUndefined();
  });

  test("to port 443 of a machine where the API has that port elsewhere", () => {
    const slices = [slice(["192.168.1.10"], { port: 443 })];
    expect(why(slice(["192.168.1.20"], { port: 443 }), { slices })).toBeUndefined();
    expect(why(slice(["192.168.1.10"], { port: 443 }), { slices })).toContain("Kubernetes API");
  });
});

describe("of what a node answers for the cluster itself", () => {
  test.each([10_250, 10_255, 2_379, 2_380, 10_257, 10_259])(
    "nobody is led to port %d by a slice that somebody wrote, and pods may have it",
    (port) => {
      expect(why(slice(["192.168.1.30"], { port }))).toContain(`port ${port}`);
      const made = slice(["10.1.0.9"], { port, labels: BY_CONTROLLER });
      expect(why(made, {}, OF_PODS)).toBeUndefined();
    },
  );
});

const named = (externalName: string) =>
  new ForbiddenPlaces(KNOWN).why(service({ type: "ExternalName", externalName }), []);
describe("a name outside of the cluster", () => {
  test.each([
    { name: "kubernetes.default.svc", says: "the Kubernetes API" },
    { name: "kubernetes.default.svc.cluster.local.", says: "the Kubernetes API" },
    { name: "Kubernetes.Default", says: "the Kubernetes API" },
    { name: "kubernetes", says: "the Kubernetes API" },
    { name: "192.168.1.11", says: "the Kubernetes API" },
    { name: "10.96.0.1.", says: "the Kubernetes API" },
    { name: "169.254.169.254", says: "link-local" },
    { name: "100.100.100.200", says: "a cloud" },
    { name: "metadata.google.internal.", says: "a cloud" },
    { name: "metadata.goog", says: "a cloud" },
    { name: "instance-data", says: "a cloud" },
    { name: "instance-data.ec2.internal", says: "a cloud" },
    { name: "instance-data.eu-west-1.compute.internal", says: "a cloud" },
    { name: "localhost", says: "loopback" },
    { name: "a.localhost.", says: "loopback" },
    { name: "ip6-localhost", says: "loopback" },
    { name: "ip6-loopback", says: "loopback" },
    { name: "127.0.0.1", says: "loopback" },
    { name: "127.1", says: "neither" },
    { name: "0177.0.0.1", says: "neither" },
    { name: "2130706433", says: "neither" },
    { name: "0x7f.1", says: "neither" },
  ])("is not $name", ({ name, says }) => {
    expect(named(name)).toContain(says);
  });

  test.each([
    "nas.example.com",
    "192.168.1.20",
    "0.pool.ntp.org",
    "feather.example.com",
    "kubernetes.io",
    "kubernetes.default.example.com",
    "metadata.example.com",
    "instance-data.example.com",
    "localhost.example.com",
  ])("may be %s", (name) => {
    expect(named(name)).toBeUndefined();
  });
});

test("what says that the cluster's controller made it counts for Services of pods alone", () => {
  const forged = slice(["10.42.0.1"], { port: 6_443, labels: BY_CONTROLLER });
  expect(why(forged)).toContain("port 6443");
  expect(why(slice(["10.42.0.1"], { port: 6_443 }), {}, OF_PODS)).toContain("port 6443");
});

test("a slice of very many addresses and ports is judged in no time", () => {
  const addresses = Array.from({ length: 20_000 }, (_, at) => `10.9.${at >> 8}.${at & 255}`);
  const large = slice([...addresses, ...Array.from({ length: 1_000 }, () => "192.168.1.10")]);
  const ports = Array.from({ length: 20_000 }, (_, at) => ({ port: 20_000 + at }));
  const since = process.cpuUsage();
  expect(why({ ...large, ports }, {}, OF_PODS)).toBeUndefined();
  // By each address with each port it took minutes.
  expect(process.cpuUsage(since).user).toBeLessThan(5_000_000);
});
