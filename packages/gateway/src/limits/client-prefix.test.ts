import { expect, test } from "vitest";
import { clientPrefix } from "./client-prefix.ts";

test.each([
  { address: "192.0.2.7", want: "192.0.2.7" },
  { address: "::ffff:192.0.2.7", want: "192.0.2.7" },
  { address: "0:0:0:0:0:ffff:192.0.2.7", want: "192.0.2.7" },
  { address: "2001:db8:1:2:3:4:5:6", want: "2001:db8:1:2::/64" },
  { address: "2001:DB8:1:2::6", want: "2001:db8:1:2::/64" },
  { address: "2001:0db8:0001:0002:ffff:ffff:ffff:ffff", want: "2001:db8:1:2::/64" },
  { address: "2001:db8::1", want: "2001:db8:0:0::/64" },
  { address: "2001:db8:0:0:9::", want: "2001:db8:0:0::/64" },
  { address: "::1", want: "0:0:0:0::/64" },
  { address: "::", want: "0:0:0:0::/64" },
  { address: "64:ff9b::192.0.2.7", want: "64:ff9b:0:0::/64" },
  { address: "fe80::1%eth0", want: "fe80:0:0:0::/64" },
])("$address counts as $want", ({ address, want }) => {
  expect(clientPrefix(address)).toBe(want);
});
