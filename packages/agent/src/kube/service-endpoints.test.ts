import { expect, test } from "vitest";
import type { EndpointSlice, Service } from "./objects.ts";
import { endpointsOf } from "./service-endpoints.ts";

type Conditions = { ready?: boolean; serving?: boolean; terminating?: boolean };

function slice(
  addressType: EndpointSlice["addressType"],
  all: [string, Conditions?][],
  port = 8080,
): EndpointSlice {
  return {
    metadata: { namespace: "default", name: "web-1", uid: "u", resourceVersion: "1" },
    addressType,
    endpoints: all.map(([address, conditions]) => ({
      addresses: [address],
      ...(conditions && { conditions }),
    })),
    ports: [{ name: "http", port, protocol: "TCP" }],
  };
}

function web(clusterIP: string): Service {
  return {
    metadata: { namespace: "default", name: "web", uid: "u", resourceVersion: "1" },
    spec: { clusterIP, ports: [{ name: "http", port: 80 }] },
  };
}

const ready: Conditions = { ready: true, serving: true, terminating: false };
const ending: Conditions = { ready: false, serving: true, terminating: true };
const ended: Conditions = { ready: false, serving: false, terminating: true };
const starting: Conditions = { ready: false, serving: false, terminating: false };

test.each([
  {
    name: "those that are ready",
    slices: [
      slice("IPv4", [
        ["10.0.0.2", ready],
        ["10.0.0.3", starting],
      ]),
    ],
    want: ["10.0.0.2"],
  },
  {
    name: "those that say nothing of themselves",
    slices: [slice("IPv4", [["10.0.0.2"]])],
    want: ["10.0.0.2"],
  },
  {
    name: "none that ends, while another is ready",
    slices: [
      slice("IPv4", [
        ["10.0.0.2", ending],
        ["10.0.0.3", ready],
      ]),
    ],
    want: ["10.0.0.3"],
  },
  {
    name: "those that end and still serve, when nothing else is left",
    slices: [
      slice("IPv4", [
        ["10.0.0.2", ending],
        ["10.0.0.3", ended],
        ["10.0.0.4", starting],
      ]),
    ],
    want: ["10.0.0.2"],
  },
  {
    name: "of all slices, each once, in order",
    slices: [
      slice("IPv4", [
        ["10.0.0.9", ready],
        ["10.0.0.2", ready],
      ]),
      slice("IPv4", [
        ["10.0.0.2", ready],
        ["10.0.0.1", ready],
      ]),
    ],
    want: ["10.0.0.1", "10.0.0.2", "10.0.0.9"],
  },
  {
    name: "of the Service's family",
    slices: [slice("IPv6", [["fd00::2", ready]]), slice("IPv4", [["10.0.0.2", ready]])],
    want: ["10.0.0.2"],
  },
  { name: "no names", slices: [slice("FQDN", [["db.example.com", ready]])], want: [] },
])("dialled are $name", ({ slices, want }) => {
  const places = endpointsOf(slices, web("10.43.0.1"), { name: "http", port: 80 });
  expect(places.map(({ host }) => host)).toEqual(want);
});

test("the port is the pod's, found by the Service port's name", () => {
  const slices = [slice("IPv4", [["10.0.0.2", ready]], 3000)];
  expect(endpointsOf(slices, web("None"), { name: "http", port: 80 })).toEqual([
    { host: "10.0.0.2", port: 3000 },
  ]);
  expect(endpointsOf(slices, web("None"), { name: "admin", port: 81 })).toEqual([]);
});

test("a headless Service of IPv6 alone has IPv6 endpoints", () => {
  const slices = [slice("IPv6", [["fd00::2", ready]])];
  expect(endpointsOf(slices, web("None"), { name: "http", port: 80 })).toHaveLength(1);
});
