import { expect, test } from "vitest";
import { isPublicAddress } from "./public-address.ts";

test.each([
  { address: "8.8.8.8", isPublic: true },
  { address: "203.0.113.10", isPublic: true },
  { address: "172.32.0.1", isPublic: true },
  { address: "100.63.255.255", isPublic: true },
  { address: "100.128.0.1", isPublic: true },
  { address: "10.0.0.1", isPublic: false },
  { address: "172.31.255.255", isPublic: false },
  { address: "192.168.1.200", isPublic: false },
  { address: "100.64.0.1", isPublic: false },
  { address: "169.254.169.254", isPublic: false },
  { address: "127.1.2.3", isPublic: false },
  { address: "0.0.0.0", isPublic: false },
  { address: "239.1.1.1", isPublic: false },
  { address: "255.255.255.255", isPublic: false },
  { address: "2a00:1450:4001::1", isPublic: true },
  { address: "2001:db8::1", isPublic: true },
  { address: "::1", isPublic: false },
  { address: "::", isPublic: false },
  { address: "fd12:3456::1", isPublic: false },
  { address: "fe80::1", isPublic: false },
  { address: "ff02::1", isPublic: false },
  { address: "64:ff9b::a00:1", isPublic: false },
  { address: "2002:a00:1::1", isPublic: false },
  { address: "::ffff:10.0.0.1", isPublic: false },
  { address: "::ffff:c0a8:1c8", isPublic: false },
  { address: "::ffff:8.8.8.8", isPublic: true },
  { address: "::ffff:808:808", isPublic: true },
  { address: "example.com", isPublic: false },
  { address: "8.8.8.8.nip.io", isPublic: false },
  { address: "", isPublic: false },
])("$address is public: $isPublic", ({ address, isPublic }) => {
  expect(isPublicAddress(address)).toBe(isPublic);
});
